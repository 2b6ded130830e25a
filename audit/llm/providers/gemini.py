"""Google's Gemini API.

https://ai.google.dev/api/generate-content
"""

from __future__ import annotations

from urllib.parse import quote

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import OPTIONS, base_of, body_of, classify, decoder, headers_of, post, streams
from audit.llm.provider import HttpCall, WireProvider
from audit.protocols.gemini import PROTOCOL


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """One POST to `{base_url}/models/{model}:generateContent`, or to `:streamGenerateContent`."""
    body = body_of(request, tier, PROTOCOL)
    return post(address(tier, body.pop("model")), body, headers_of(tier, x_goog_api_key=key))


def address(tier: Tier, model: str) -> str:
    """Where a model is asked."""
    operation = "streamGenerateContent?alt=sse" if streams(tier) else "generateContent"
    return f"{base_of(tier)}/models/{quote(model, safe='')}:{operation}"


def probe(tier: Tier, key: str | None) -> HttpCall:
    """The list of models, which is not billed."""
    return HttpCall(method="GET", url=f"{base_of(tier)}/models", headers=headers_of(tier, x_goog_api_key=key))


PROVIDER = WireProvider(
    name="gemini",
    summary="Google's Gemini API",
    options=OPTIONS,
    default_base_url="https://generativelanguage.googleapis.com/v1beta",
    default_key_env="GEMINI_API_KEY",
    price_catalogue="google",
    encode=encode,
    decode=decoder(PROTOCOL),
    classify=classify,
    probe=probe,
)
