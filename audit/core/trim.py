"""What of a logged request a tier is not sent: tools that it is not offered, and earlier turns of the conversation.

A tier of today's model with less of the prompt is a candidate like any other: the trimmed request is replayed, and what
its answers are worth is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from audit.core.display import count, listing

UNUSED = "unused"
"""In place of names: the tools that no answer called, fixed by the log when the plan is made."""
OFFERED = 100
"""Requests that offer a tool before it may be said that nobody calls it."""
NAMED = 6
"""Tools that are named in a sentence; a plan, a policy and the findings hold all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim:
    """What a tier is not sent.

    Attributes:
        tools: Names of tools that are not offered, sorted.
        history: Turns of the conversation that are sent, the last ones; a turn begins with what the user says. None
            for all.
        unused: `tools` are yet to be read from the log: those that no answer called.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("tools", "history", "unused")

    tools: tuple[str, ...] = ()
    history: int | None = None
    unused: bool = False

    @property
    def words(self) -> str:
        """For people, behind "sent": `without the tools a and b, only the last 4 turns`; without a full stop."""
        parts = []
        if self.unused:
            parts.append("without the tools that no answer called")
        if self.tools:
            named = [*self.tools[:NAMED], *([f"{count(len(self.tools) - NAMED)} more"] if self.tools[NAMED:] else [])]
            parts.append(f"without the {'tool' if len(self.tools) == 1 else 'tools'} {listing(named)}")
        if self.history is not None:
            turns = "turn" if self.history == 1 else f"{count(self.history)} turns"
            parts.append(f"only the last {turns} of a conversation")
        return ", ".join(parts) or "whole"
