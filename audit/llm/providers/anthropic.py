"""Anthropic's Messages at its own address, or at one that speaks the same.

https://docs.claude.com/en/api/messages
"""

from __future__ import annotations

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, base_of, body_of, classify, decoder, headers_of, post
from audit.llm.provider import HttpCall, WireProvider
from audit.protocols.anthropic_messages import PROTOCOL

VERSION = "2023-06-01"


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/messages`."""
    headers = headers_of(tier, x_api_key=key, anthropic_version=VERSION)
    return post(f"{base_of(tier)}/messages", body_of(request, tier, PROTOCOL), headers)


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
