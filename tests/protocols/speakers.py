"""What the tests of all protocols have to know of each: one entry a protocol, so that none is left out in silence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.protocols import PROTOCOLS
from audit.protocols.faults import Fault
from tests.protocols.streaming import bytes_of, frame


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """A protocol as it is met.

    Attributes:
        provider: One that speaks it.
        text: Where the text of an answer stands that is one text.
        error: An event that ends a stream with an error.
        fault: What that error is.
        closing: Events at the end of a stream after which it is whole, the first of them included.
        end: Where an answer says why it ended.
        ends_always: The vendor leaves the place out where it is empty.
    """

    provider: str
    text: tuple[str | int, ...]
    error: Any
    fault: Fault = Fault.RATE_LIMITED
    closing: int = 1
    end: tuple[str | int, ...]
    ends_always: bool = False


SPEAKERS = {
    "openai_chat": Speaker(
        provider="openai",
        text=("choices", 0, "message", "content"),
        error={"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}},
        closing=2,
        end=("choices", 0, "finish_reason"),
    ),
    "openai_responses": Speaker(
        provider="openai-responses",
        text=("output", 0, "content", 0, "text"),
        error={"type": "error", "code": "rate_limit_exceeded", "message": "slow", "sequence_number": 3},
        end=("status",),
    ),
    "anthropic_messages": Speaker(
        provider="anthropic",
        text=("content", 0, "text"),
        error={"type": "error", "error": {"type": "rate_limit_error", "message": "slow"}},
        closing=2,
        end=("stop_reason",),
    ),
    "bedrock_converse": Speaker(
        provider="bedrock",
        text=("output", "message", "content", 0, "text"),
        error=("throttlingException", {"message": "slow"}),
        closing=2,
        end=("stopReason",),
    ),
    "cohere_chat": Speaker(
        provider="cohere",
        text=("message", "content", 0, "text"),
        error={"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "internal failure"}},
        fault=Fault.SERVER,
        end=("finish_reason",),
    ),
    "gemini": Speaker(
        provider="gemini",
        text=("candidates", 0, "content", "parts", 0, "text"),
        error={"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow"}},
        end=("candidates", 0, "finishReason"),
        ends_always=True,
    ),
}
assert set(SPEAKERS) == set(PROTOCOLS.names), "the tests know every protocol"


def put(body: Any, place: tuple[str | int, ...], value: Any) -> None:
    """Put a value at a place in a body."""
    for step in place[:-1]:
        body = body[step]
    body[place[-1]] = value


def leave_out(body: Any, place: tuple[str | int, ...]) -> None:
    """Take a field at a place out of a body."""
    for step in place[:-1]:
        body = body[step]
    del body[place[-1]]


def broken_off(name: str, before: list[Any]) -> bytes:
    """The bytes of a stream that an error ends after some events."""
    error = SPEAKERS[name].error
    if isinstance(error, tuple):  # an exception is a frame of its own kind
        return bytes_of(name, before) + frame(*error, "exception")
    return bytes_of(name, [*before, error])
