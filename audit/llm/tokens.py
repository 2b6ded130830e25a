"""Tokens where nobody counted them: an estimate, and a bound for the worst case. No tokenizer is at hand offline."""

from __future__ import annotations

import json
import math
from typing import Any

from audit.core.exchange import Completion, Request, Usage, content_text

CHARS_PER_TOKEN = 4
"""Typical of English text under the tokenizers in use."""


def prompt_tokens_estimate(request: Request) -> int:
    """About how many prompt tokens a request has: characters of its messages and tools over four."""
    chars = sum(len(content_text(m.get("content"))) + _json_chars(m.get("tool_calls")) for m in request.messages)
    return math.ceil((chars + _json_chars(request.tools) + _json_chars(request.response_format)) / CHARS_PER_TOKEN)


def prompt_tokens_bound(request: Request) -> int:
    """At most how many: one per byte, as no byte-level tokenizer makes more, and 64 for the chat template."""
    parts = [request.messages, request.tools or [], request.response_format or {}]
    return len(json.dumps(parts, ensure_ascii=False).encode("utf-8", "surrogatepass")) + 64


def estimated_usage(request: Request, completion: Completion) -> Usage:
    """Usage of a call whose endpoint reported none, marked as estimated."""
    chars = len(completion.text or "") + len(completion.refusal or "") + _json_chars(completion.tool_calls)
    return Usage(
        prompt_tokens=prompt_tokens_estimate(request),
        completion_tokens=math.ceil(chars / CHARS_PER_TOKEN),
        estimated=True,
    )


def _json_chars(value: Any) -> int:
    return len(json.dumps(value)) if value else 0
