"""OpenAI's Responses. Nothing is stored at the vendor: `store` is false unless the tier's `body` says otherwise.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, base_of, body_of, classify, decoder, headers_of, post, streams
from audit.llm.provider import HttpCall, WireProvider
from audit.protocols.openai_responses import PROTOCOL


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/responses`."""
    body = {"store": False, **({"stream": True} if streams(tier) else {}), **body_of(request, tier, PROTOCOL)}
    return post(f"{base_of(tier)}/responses", body, headers_of(tier, Authorization=bearer(key)))


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which is not billed."""
    headers = headers_of(tier, Authorization=bearer(key))
    return HttpCall(method="GET", url=f"{base_of(tier)}/models", headers=headers)


def bearer(key: str | None) -> str | None:
    """The key as a bearer token."""
    return f"Bearer {key}" if key else None


PROVIDER = WireProvider(
    name="openai-responses",
    summary="OpenAI's Responses",
    options=OPTIONS,
    default_base_url="https://api.openai.com/v1",
    default_key_env="OPENAI_API_KEY",
    price_catalogue="openai",
    encode=encode,
    decode=decoder(PROTOCOL),
    classify=classify,
    probe=probe,
)
