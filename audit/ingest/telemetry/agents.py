"""Telemetry of coding agents, in the words of OpenTelemetry's GenAI conventions: a log record or a span for each call.

Claude Code, Codex and Gemini CLI count under names of their own, and their logs are mostly all that a company has of
what its engineers' agents cost: no proxy stands in between.

Sources, read 2026-11-30: code.claude.com/docs/en/monitoring-usage (`claude_code.api_request`, `claude_code.api_error`,
the span `claude_code.llm_request`; counts beside each other, as in Anthropic's API); github.com/openai/codex,
`docs/config.md` (`codex.sse_event`, `codex.api_request`); github.com/google-gemini/gemini-cli, `packages/core/src/
telemetry/types.ts` (`gemini_cli.api_response`, `gemini_cli.api_error`; counts as in Gemini's API).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from audit.ingest.values import boolean, integer, small, text

Attributes = Mapping[str, Any]

GEMINI_CLI = "gemini-cli"
"""The scope of Gemini CLI. It tells each call three times: by its own record, which counts all, and by two of the GenAI
conventions, one of the request and one of the answer, which count neither thoughts nor the cache."""


def told_by_agent(names: tuple[str | None, ...], found: Attributes) -> dict[str, Any] | None:
    """A call that a log record or a span of a coding agent tells, under the conventions' names; None of another one.

    Args:
        names: What the record is called: the agents put that into its name, an attribute or its body.
        found: Its attributes.
    """
    read = next((reader for name in names if name and (reader := _READERS.get(name))), None)
    told = None if read is None else read(found)
    if told is None:
        return None
    common = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": found.get("model"),
        "gen_ai.usage.cost": found.get("cost_usd"),
        "session.id": found.get("session.id") or found.get("conversation.id"),
        "audit.duration_ms": found.get("duration_ms"),
    }
    return {**found, **{name: value for name, value in {**common, **told}.items() if value is not None}}


def _claude_code(found: Attributes) -> dict[str, Any] | None:
    fresh, read, written = (
        integer(found.get(name)) for name in ("input_tokens", "cache_read_tokens", "cache_creation_tokens")
    )
    failed = boolean(found.get("success")) is False
    return {
        "gen_ai.provider.name": "anthropic",
        "gen_ai.response.id": text(found.get("request_id")),
        "gen_ai.usage.input_tokens": None if fresh is None else fresh + (read or 0) + (written or 0),
        "gen_ai.usage.output_tokens": found.get("output_tokens"),
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": written,
        **(_failure(found) if failed else {}),
    }


def _claude_code_error(found: Attributes) -> dict[str, Any] | None:
    return {"gen_ai.provider.name": "anthropic", "gen_ai.response.id": text(found.get("request_id")), **_failure(found)}


def _codex(found: Attributes) -> dict[str, Any] | None:
    kind = found.get("event.kind")
    if kind == "response.failed":
        return {"gen_ai.provider.name": "openai", **_failure(found)}
    if kind != "response.completed":
        return None
    return {
        "gen_ai.provider.name": "openai",
        "gen_ai.response.id": _made_id(found, "conversation.id"),
        "gen_ai.usage.input_tokens": found.get("input_token_count"),
        "gen_ai.usage.output_tokens": found.get("output_token_count"),
        "gen_ai.usage.cache_read.input_tokens": found.get("cached_token_count"),
        "gen_ai.usage.cache_write.input_tokens": found.get("cache_write_token_count"),
        "gen_ai.usage.reasoning.output_tokens": found.get("reasoning_token_count"),
    }


def _codex_request(found: Attributes) -> dict[str, Any] | None:
    """A request that was refused; one that was let through is told again when it is answered."""
    refused = (small(found.get("http.response.status_code")) or 200) >= 400 or found.get("error.message")
    return {"gen_ai.provider.name": "openai", **_failure(found)} if refused else None


def _gemini_cli(found: Attributes) -> dict[str, Any] | None:
    said, thought = integer(found.get("output_token_count")), integer(found.get("thoughts_token_count"))
    asked, tools = integer(found.get("input_token_count")), integer(found.get("tool_token_count"))
    return {
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.response.id": _made_id(found, "prompt_id"),
        "gen_ai.usage.input_tokens": None if asked is None else asked + (tools or 0),
        "gen_ai.usage.output_tokens": None if said is None else said + (thought or 0),
        "gen_ai.usage.cache_read.input_tokens": found.get("cached_content_token_count"),
        "gen_ai.usage.reasoning.output_tokens": thought,
        "gen_ai.response.finish_reasons": found.get("finish_reasons"),
    }


def _gemini_cli_error(found: Attributes) -> dict[str, Any] | None:
    return {"gen_ai.provider.name": "gcp.gemini", "gen_ai.response.id": _made_id(found, "prompt_id"), **_failure(found)}


def _made_id(found: Attributes, of: str) -> str | None:
    """What tells a call from others where the vendor's id is not told: a turn's or a session's, and the moment."""
    name, at = text(found.get(of)), text(found.get("event.timestamp"))
    return None if name is None or at is None else f"{name}@{at}"


def _failure(found: Attributes) -> dict[str, Any]:
    status = small(found.get("status_code")) or small(found.get("http.response.status_code"))
    message = text(found.get("error.message")) or text(found.get("error"))
    kind = text(found.get("error.type")) or text(found.get("error_type")) or "error"
    return {"error.type": kind, "error.message": message, "http.response.status_code": status}


_READERS: Mapping[str, Callable[[Attributes], dict[str, Any] | None]] = {
    "claude_code.api_request": _claude_code,
    "claude_code.llm_request": _claude_code,
    "claude_code.api_error": _claude_code_error,
    "codex.sse_event": _codex,
    "codex.api_request": _codex_request,
    "gemini_cli.api_response": _gemini_cli,
    "gemini_cli.api_error": _gemini_cli_error,
}
