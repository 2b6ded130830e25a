"""Cohere's Chat, version 2, at its own address or at a server that speaks the same.

A call says whether it wants a stream, always. The list of models is an address of version 1.
https://docs.cohere.com/reference/chat
https://docs.cohere.com/reference/list-models
"""

from __future__ import annotations

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, base_of, body_of, classify, decoder, headers_of, post, streams
from audit.llm.provider import HttpCall, WireProvider
from audit.protocols.cohere_chat import PROTOCOL


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/chat`."""
    body = {"stream": streams(tier), **body_of(request, tier, PROTOCOL)}
    return post(f"{base_of(tier)}/chat", body, _headers(tier, key))


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which is not billed."""
    url = f"{base_of(tier).removesuffix('/v2')}/v1/models"
    return HttpCall(method="GET", url=url, headers=_headers(tier, key))


def _headers(tier: Tier, key: str | None) -> dict[str, str]:
    return headers_of(tier, Authorization=f"Bearer {key}" if key else None)


PROVIDER = WireProvider(
    name="cohere",
    summary="Cohere's Chat, version 2",
    options=OPTIONS,
    default_base_url="https://api.cohere.com/v2",
    default_key_env="CO_API_KEY",
    price_catalogue="cohere",
    encode=encode,
    decode=decoder(PROTOCOL),
    classify=classify,
    probe=probe,
)
