"""What a model answered, in one typed form."""

from __future__ import annotations

from msgspec import Struct

from audit.core.exchange.logged import Completion, Usage
from audit.core.exchange.parts import Part, Refusal, Text, ToolCall, Vendor


class ModelAnswer(Struct, frozen=True, kw_only=True):
    """One answer; of several choices the first.

    Attributes:
        parts: In the order in which the model wrote them.
        finish_reason: stop, length, tool_calls, content_filter, refusal, error, aborted or unknown.
        finish_raw: The vendor's own word for it.
        usage: Tokens, inclusive; None when nobody said.
        model: The model that says it answered.
        id: The vendor's name for the answer.
    """

    parts: tuple[Part, ...]
    finish_reason: str = "unknown"
    finish_raw: str | None = None
    usage: Usage | None = None
    model: str | None = None
    id: str | None = None
    vendor: Vendor | None = None


def completion_of(answer: ModelAnswer) -> Completion:
    """The answer as scorers read it: text, tool calls in the chat shape, refusal.

    No text at all is None; an empty one is "".
    """
    texts = [part.text for part in answer.parts if isinstance(part, Text)]
    refusals = [part.text for part in answer.parts if isinstance(part, Refusal)]
    calls = tuple(
        {"id": part.id, "type": "function", "function": {"name": part.name, "arguments": part.arguments}}
        for part in answer.parts
        if isinstance(part, ToolCall)
    )
    refusal = "".join(refusals) or None
    return Completion(
        text="".join(texts) if texts else None,
        tool_calls=calls,
        finish_reason="refusal" if refusal else answer.finish_reason,
        refusal=refusal,
        usage=answer.usage,
        model_reported=answer.model,
    )
