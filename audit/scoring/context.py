"""What a criterion sees: one completion, and everything that it may be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.core.exchange import Completion, Request
from audit.scoring.texts.json_values import nfc


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One completion and everything a criterion may compare it with.

    Attributes:
        completion: What is scored. With `extract`, its text is what was extracted.
        reference: The right answer, or None when there is none for this exchange.
        incumbent: What the log says was answered; the completion itself when that is what is scored.
        metadata: Of the logged call.
    """

    request: Request
    completion: Completion
    reference: Any = None
    incumbent: Completion | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The completion's text in Unicode's composed form; one without any, a tool call alone, reads as empty."""
        return nfc(self.completion.text or "")

    def with_text(self, text: str) -> Context:
        """The same context with another text of the completion. Written out: `replace` takes several times as long."""
        said = self.completion
        completion = Completion(
            text=text,
            tool_calls=said.tool_calls,
            finish_reason=said.finish_reason,
            refusal=said.refusal,
            usage=said.usage,
            model_reported=said.model_reported,
            latency_ms=said.latency_ms,
            ttft_ms=said.ttft_ms,
            cost_usd=said.cost_usd,
        )
        return self.with_completion(completion)

    def with_completion(self, completion: Completion) -> Context:
        """The same context with another completion; the incumbent's own stays what it is compared with."""
        return Context(
            request=self.request,
            completion=completion,
            reference=self.reference,
            incumbent=self.incumbent,
            metadata=self.metadata,
        )
