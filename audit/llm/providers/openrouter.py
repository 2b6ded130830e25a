"""OpenRouter: the chat protocol in front of many vendors, with one word for the amount of reasoning.

https://openrouter.ai/docs/api/reference/overview
"""

from __future__ import annotations

import json
from dataclasses import replace

from audit.core.exchange import Request
from audit.core.tier import Tier
from audit.llm.over_protocol import asked
from audit.llm.provider import HttpCall
from audit.llm.providers import openai_compatible
from audit.protocols.shared import present


def encode(request: Request, tier: Tier, key: str | None) -> HttpCall:
    """As `openai-compatible`; a reasoning budget or switch goes under `reasoning`, which only OpenRouter takes."""
    call = openai_compatible.encode(request, tier, key)
    wanted = asked(request, tier).reasoning
    reasoning = present(enabled=wanted.enabled, max_tokens=wanted.budget_tokens)
    if not reasoning:
        return call
    body = {"reasoning": reasoning, **json.loads(call.body)}
    return replace(call, body=json.dumps(body).encode())


PROVIDER = replace(
    openai_compatible.PROVIDER,
    name="openrouter",
    summary="OpenRouter, in front of many vendors",
    default_base_url="https://openrouter.ai/api/v1",
    default_key_env="OPENROUTER_API_KEY",
    price_catalogue="openrouter",
    encode=encode,
)
