"""Vendors' words for the same things, made one: finish reasons, errors, providers, operations."""

from __future__ import annotations

import functools
import re

FINISH_REASONS = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "eos": "stop",
    "complete": "stop",
    "completed": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
    "safety": "content_filter",
    "recitation": "content_filter",
    "refusal": "refusal",
    "error": "error",
    "aborted": "aborted",
    "cancelled": "aborted",
}

PROVIDERS = {
    "azure_ai": "azure",
    "azure_openai": "azure",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "sagemaker": "aws.sagemaker",
    "vertex_ai": "gcp.vertex",
    "vertex_ai_beta": "gcp.vertex",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
}

_BY_STATUS = {
    400: "invalid_request",
    401: "auth",
    403: "auth",
    404: "invalid_request",
    408: "timeout",
    413: "context_length",
    422: "invalid_request",
    429: "rate_limit",
    499: "cancelled",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_BY_WORD = [
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        ("context.?(window|length)|maximum context|too many tokens|prompt is too long", "context_length"),
        ("content.?(policy|filter|management)|safety|moderation", "content_policy"),
        ("rate.?limit|too many requests|quota|throttl", "rate_limit"),
        ("overloaded|unavailable|capacity", "overloaded"),
        ("time.?d?.?out", "timeout"),
        ("authenticat|permission|unauthorized|forbidden|invalid.?api.?key", "auth"),
        ("disconnect|cancel|aborted|generatorexit", "cancelled"),
        ("not.?found|bad.?request|invalid.?request|unprocessable|unsupported", "invalid_request"),
        ("server.?error|internal|bad.?gateway|connection", "server_error"),
    )
]


def finish_reason(raw: object) -> str | None:
    """The normalised finish reason; `unknown` for a word that is not in the list, None for none."""
    if not isinstance(raw, str) or not raw:
        return None
    return FINISH_REASONS.get(raw) or FINISH_REASONS.get(raw.lower(), "unknown")


def provider(raw: object) -> str | None:
    """The normalised provider; a name that is not in the list stays as it is."""
    if not isinstance(raw, str) or not raw:
        return None
    return PROVIDERS.get(raw, raw)


@functools.lru_cache(1024)
def error_type(status: int | None, words: str) -> str:
    """The class of an error, from its words first (a 400 may be a long context or a policy), then from its status."""
    for pattern, kind in _BY_WORD:
        if pattern.search(words):
            return kind
    return _BY_STATUS.get(status or 0, "server_error" if (status or 500) >= 500 else "invalid_request")


@functools.lru_cache(4096)
def model_key(name: str | None, gateway_provider: str | None = None) -> str | None:
    """The model's name as price tables have it: without the `provider/` that a gateway puts before it."""
    if not name:
        return None
    return name.removeprefix(f"{gateway_provider}/") or name
