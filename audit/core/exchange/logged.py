"""Requests, completions, and the exchanges that logs are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LoggedMessage = Mapping[str, Any]
"""One chat message in the OpenAI shape: `role`, `content` (text, parts or None), `tool_calls`, ..."""


LIMIT_PARAMS = ("max_completion_tokens", "max_tokens")
"""Parameters that limit an answer's tokens, the one that counts first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked, in the canonical (OpenAI chat) shape.

    Attributes:
        request_fp: Fingerprint of everything that can change the answer; see `core.fingerprint.request_fp`.
        messages: The conversation, system message included.
        tools: Tool definitions in the OpenAI shape, or None.
        tool_choice: As logged, or None.
        response_format: As logged, or None.
        params: Only the parameters that the client really sent: `temperature`, `max_tokens`, `stop`, `seed`, ...
    """

    request_fp: str
    messages: Sequence[LoggedMessage]
    tools: Sequence[Mapping[str, Any]] | None = None
    tool_choice: Any = None
    response_format: Mapping[str, Any] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def token_limit(self) -> int | None:
        """Tokens that the answer may have, as the client said; None where it said nothing."""
        said = [value for name in LIMIT_PARAMS if type(value := self.params.get(name)) is int]
        return said[0] if said else None

    @property
    def last_user(self) -> str:
        """The text of the last user message; empty when there is none."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return content_text(message.get("content"))
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one call, inclusive: cached tokens are part of the prompt, reasoning tokens of the completion."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a tier answered.

    Attributes:
        text: Text of choice 0; "" is a real empty answer, None means no text (a tool call alone, for example).
        tool_calls: Calls in the OpenAI shape, `arguments` kept as the original string; empty when none.
        finish_reason: stop, length, tool_calls, content_filter, refusal, error, aborted or unknown.
        refusal: The refusal text where the protocol reports one.
        usage: Tokens, or None when nobody said.
        model_reported: The model that the endpoint says answered.
        latency_ms: Request sent to last byte, or None.
        ttft_ms: Time to the first token, only where it was really measured.
        cost_usd: What it cost, or None when the price is unknown.
        notes: Values of `core.note.AnswerNote`: what is odd about it.
        beside_bytes: Bytes that the model wrote beside the answer, such as reasoning; they are billed too.
        billed_usd: What the endpoint itself says that it billed; None where it says nothing.
    """

    text: str | None
    tool_calls: Sequence[Mapping[str, Any]] = ()
    finish_reason: str = "unknown"
    refusal: str | None = None
    usage: Usage | None = None
    model_reported: str | None = None
    latency_ms: float | None = None
    ttft_ms: float | None = None
    cost_usd: float | None = None
    notes: tuple[str, ...] = ()
    beside_bytes: int = 0
    billed_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One logged request with the completion that the incumbent gave."""

    exchange_id: str
    route: str
    request: Request
    completion: Completion
    session_id: str | None = None
    tenant: str | None = None
    started_at: datetime | None = None
    model: str | None = None
    reference: Any = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def content_text(content: Any) -> str:
    """The text of a message's content: a string as it is, parts joined from their text, None as ""."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "".join(
            str(part.get("text", ""))
            for part in content
            if isinstance(part, Mapping) and part.get("type", "text") == "text"
        )
    return str(content)
