"""OpenAI itself: the same protocol at its own address, with the one name of the token limit that all its models take.

`max_tokens` is deprecated there and refused by reasoning models.
https://platform.openai.com/docs/api-reference/chat/create#chat-create-max_tokens
"""

from __future__ import annotations

from dataclasses import replace

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.provider import HttpCall
from audit.llm.providers import openai_compatible


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """As `openai-compatible`, the limit always sent as `max_completion_tokens`."""
    options = {"limit_parameter": "max_completion_tokens", **tier.options}
    return openai_compatible.encode(request, replace(tier, options=options), key)


PROVIDER = replace(
    openai_compatible.PROVIDER,
    name="openai",
    summary="OpenAI's chat completions",
    default_base_url="https://api.openai.com/v1",
    default_key_env="OPENAI_API_KEY",
    price_catalogue="openai",
    encode=encode,
)
