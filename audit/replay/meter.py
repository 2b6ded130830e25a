"""What a running replay tells whoever watches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from audit.core.finding import Findings
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
