"""What a running replay tells whoever watches it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from audit.core.finding import Findings
from audit.core.note import AnswerNote
from audit.core.schemas import FAILED_TO_MEASURE
from audit.replay.plan import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Where a run stands.

    Attributes:
        planned: Calls of the plan.
        done: Those with a result, earlier sessions included.
        spent_usd: Billed for answers, earlier sessions included.
        lost_usd: Possibly billed for attempts that gave no answer.
        reserved_usd: Worst case of the calls in flight.
        cap_usd: Hard stop.
        recorded: Calls of this session whose answer an earlier run had asked for.
        retried: Attempts of this session beyond the first of a call.
        failed: Calls of this session that failed to measure.
        estimated: Some endpoint reported no usage, so that `spent_usd` is an estimate.
    """

    planned: int
    done: int
    spent_usd: float
    lost_usd: float
    reserved_usd: float
    cap_usd: float
    recorded: int
    retried: int
    failed: int
    estimated: bool


@dataclass(slots=True, kw_only=True)
class SessionCounts:
    """What the results of one session come to; attributes as in `Totals`."""

    recorded: int = 0
    retried: int = 0
    failed: int = 0
    estimated: bool = False
    _odd: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, row: Mapping[str, Any], *, recorded: bool) -> None:
        """Count a result, as the journal keeps it.

        Args:
            recorded: An earlier run had asked for it.
        """
        self.failed += row["status"] in FAILED_TO_MEASURE
        self.recorded += recorded
        self.retried += max(row["attempts"] - 1, 0)
        self.estimated |= row["usage_estimated"]
        self._odd.update((row["tier"], note) for note in row.get("notes") or ())

    @property
    def oddities(self) -> list[str]:
        """What was noted of answers, in sentences."""
        return [f"`{tier}`, {n:,} answers: {AnswerNote(note).words}" for (tier, note), n in sorted(self._odd.items())]


class Meter(Protocol):
    """Events of a replay, in the event loop's thread. Must be quick and must not raise."""

    def started(self, call: Call) -> None:
        """A call goes out."""

    def finished(self, call: Call, status: str, cost_usd: float | None) -> None:
        """A call has its result; the cost is the answer's, whoever served it."""

    def totals(self, totals: Totals) -> None:
        """Where the run stands; after each `finished`, and once at the start."""

    def throttled(self, tier: str, rate_per_s: float | None) -> None:
        """A host refuses calls, and its tiers, by these names, are asked at this rate; None: as configured again."""

    def stopping(self, in_flight: int, reason: str) -> None:
        """No more calls are started; these are paid for and waited for."""

    def note(self, text: str) -> None:
        """Something worth a line: a damaged journal line that is left out, a tier that was given up."""

    def incomplete(self, findings: Findings) -> None:
        """What is concluded of a replay that was stopped; its error is raised next."""


class SilentMeter:
    """Says nothing."""

    def started(self, call: Call) -> None:
        """Nothing."""

    def finished(self, call: Call, status: str, cost_usd: float | None) -> None:
        """Nothing."""

    def totals(self, totals: Totals) -> None:
        """Nothing."""

    def throttled(self, tier: str, rate_per_s: float | None) -> None:
        """Nothing."""

    def stopping(self, in_flight: int, reason: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def incomplete(self, findings: Findings) -> None:
        """Nothing."""
