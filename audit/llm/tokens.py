"""Tokens where nobody counted them: an estimate, and a bound for the worst case. No tokenizer is at hand offline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from audit.core.exchange import Completion, Request
from audit.protocols.settling import TextSize, size_of

TEMPLATE_TOKENS = 64
"""What a chat template adds to a request at most, beside its roles."""
MEDIA_TOKENS, MEDIA_AT_MOST = 1_000, 6_000
"""Tokens of one image or other medium: typical, and at most under the vendors' published rules for large images."""
DEPTH = 32
_MEDIA = ("data:", "http://", "https://")


def prompt_tokens_estimate(request: Request) -> int:
    """About how many prompt tokens a request has."""
    return prompt_size(request).estimate


def prompt_tokens_bound(request: Request) -> int:
    """At most how many."""
    return prompt_size(request).bytes


def prompt_size(request: Request) -> TextSize:
    """Size of everything that is sent: messages, tools, response format.

    Text counts as it is. Tool definitions and schemas count as JSON. A medium counts so many tokens whatever its bytes.
    """
    texts, media = [], 0
    for message in request.messages:
        for name, text in _strings(message, DEPTH):
            if (name in ("url", "data", "file_data", "image_url") and text.startswith(_MEDIA)) or name == "data":
                media += 1
            else:
                texts.append(text)
    texts += [_json(part) for part in (request.tools, request.response_format) if part]
    return size_of(*texts).plus(
        estimate=media * MEDIA_TOKENS,
        at_most=media * MEDIA_AT_MOST + TEMPLATE_TOKENS + 8 * len(request.messages),
    )


def answer_size(completion: Completion) -> TextSize:
    """Size of everything that the model wrote."""
    calls = _json(completion.tool_calls) if completion.tool_calls else ""
    beside = completion.beside_bytes
    return size_of(completion.text or "", completion.refusal or "", calls).plus(
        estimate=-(-beside // 4), at_most=beside + 1
    )


def _strings(value: Any, depth: int, name: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a value, with the name of the field that holds it."""
    if isinstance(value, str):
        yield name, value
    elif depth and isinstance(value, Mapping):
        for key, child in value.items():
            yield from _strings(child, depth - 1, str(key))
    elif depth and isinstance(value, list | tuple):
        for child in value:
            yield from _strings(child, depth - 1, name)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
