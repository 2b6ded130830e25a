"""Anthropic's Messages at its own address, or at one that speaks the same.

The version of October 2026 refuses sampling parameters, even at their defaults, and the one before takes them where the
model does: a request that has one asks for the older version. The key goes in `x-api-key`, which every version and
every server of this protocol reads.
https://platform.claude.com/docs/en/api/versioning
"""

from __future__ import annotations

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, base_of, body_of, classify, decoder, headers_of, post, streams
from audit.llm.provider import HttpCall, WireProvider
from audit.protocols.anthropic_messages import PROTOCOL

VERSION = "2026-10-21"
WITH_SAMPLING = "2023-06-01"
SAMPLING = ("temperature", "top_p", "top_k")


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/messages`."""
    body = {**({"stream": True} if streams(tier) else {}), **body_of(request, tier, PROTOCOL)}
    version = WITH_SAMPLING if any(name in body for name in SAMPLING) else VERSION
    return post(f"{base_of(tier)}/messages", body, headers_of(tier, x_api_key=key, anthropic_version=version))


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which is not billed."""
    headers = headers_of(tier, x_api_key=key, anthropic_version=VERSION)
    return HttpCall(method="GET", url=f"{base_of(tier)}/models", headers=headers)


PROVIDER = WireProvider(
    name="anthropic",
    summary="Anthropic's Messages",
    options=OPTIONS,
    default_base_url="https://api.anthropic.com/v1",
    default_key_env="ANTHROPIC_API_KEY",
    price_catalogue="anthropic",
    encode=encode,
    decode=decoder(PROTOCOL),
    classify=classify,
    probe=probe,
)
