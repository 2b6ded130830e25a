"""Errors as endpoints with OpenAI's protocol report them: a status, and an object with `code`, `type` and `message`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from audit.core.errors import EndpointError, TerminalError, TransientError
from audit.llm.provider import HttpReply

TOO_LONG = frozenset({"context_length_exceeded", "string_above_max_length", "exceed_context_size_error"})
NOT_THERE = frozenset({"unsupported_parameter", "unsupported_value"})
FILTERED = frozenset({"content_filter", "content_policy_violation"})
NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})


def classify(reply: HttpReply) -> EndpointError | None:
    """The error that a status stands for; None for 2xx."""
    if 200 <= reply.status < 300:
        return None
    try:
        body = json.loads(reply.body)
    except ValueError:
        body = None
    error = body.get("error", body) if isinstance(body, dict) else None
    return error_of(reply.status, error if isinstance(error, dict) else {})


def error_of(status: int, error: Mapping[str, Any]) -> EndpointError:
    """An error object by its status and machine-readable words; its message may quote the prompt and is not kept."""
    words = {str(error.get("code")), str(error.get("type"))}
    named = next((w for w in (str(error.get("code")), str(error.get("type"))) if w.isidentifier() and w != "None"), "")
    what = f"HTTP {status}" + (f" ({named[:60]})" if named else "")
    message = str(error.get("message") or "")
    if status == 413 or words & TOO_LONG or (status == 400 and "maximum context length" in message):
        return TerminalError(f"{what}: the request is too long", kind="unsupported", status=status)
    if words & NOT_THERE:
        return TerminalError(
            f"{what}: the endpoint lacks a parameter of the request", kind="unsupported", status=status
        )
    flagged = status == 403 and isinstance(error.get("metadata"), dict) and "reasons" in error["metadata"]
    if words & FILTERED or flagged:
        return TerminalError(f"{what}: stopped by the endpoint's filter", kind="refused", status=status)
    if status == 402 or words & NO_MONEY:
        return TerminalError(what, kind="quota", status=status)
    if status in (401, 403):
        return TerminalError(what, kind="auth", status=status)
    if status == 404 and "model_not_found" in words:
        return TerminalError(what, kind="model", status=status)
    if status == 429:
        return TransientError(what, kind="rate_limited", status=status)
    if status in (408, 409, 425) or status >= 500:
        return TransientError(what, kind="timeout" if status in (408, 504) else "http_error", status=status)
    return TerminalError(what, kind="http_error", status=status)
