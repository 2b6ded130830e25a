"""Paired counts of which some could not be measured: the worst and the best that they may hide.

Nothing is assumed of a draw that was not measured. A candidate's own error or refusal is a failure, not a missing draw.

Source:
    Manski (2003), Partial Identification of Probability Distributions, chapter 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from audit.core.interval import Estimate
from audit.stats.tango import PairCounts, tango


class Counted(Protocol):
    """A record of `core` that carries how many draws were not measured."""

    @property
    def missing_passed(self) -> int:
        """The incumbent passes on them."""

    @property
    def missing_failed(self) -> int:
        """The incumbent fails on them."""

    @property
    def missing_unknown(self) -> int:
        """The incumbent could not be scored on them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Draws that could not be measured, by what is known of the incumbent.

    Attributes:
        passed: It passes: at worst the candidate loses there, at best nothing changes.
        failed: It fails: at worst nothing changes, at best the candidate gains.
        unknown: It could not be scored itself: the candidate may lose or gain.

    Raises:
        ValueError: A number is negative.
    """

    passed: int = 0
    failed: int = 0
    unknown: int = 0

    def __post_init__(self) -> None:
        if min(self.passed, self.failed, self.unknown) < 0:
            raise ValueError("numbers of missing draws must not be negative")

    @classmethod
    def of(cls, record: Counted) -> Missing:
        """Those of a record."""
        return cls(passed=record.missing_passed, failed=record.missing_failed, unknown=record.missing_unknown)

    @property
    def total(self) -> int:
        """All of them."""
        return self.passed + self.failed + self.unknown


def pessimistic(counts: PairCounts, missing: Missing) -> PairCounts:
    """Counts with every unmeasured draw at its worst for the candidate."""
    return counts + PairCounts(b=missing.passed + missing.unknown, c=0, n=missing.total)


def optimistic(counts: PairCounts, missing: Missing) -> PairCounts:
    """Counts with every unmeasured draw at its best for the candidate."""
    return counts + PairCounts(b=0, c=missing.failed + missing.unknown, n=missing.total)


def delta_estimate(counts: PairCounts, missing: Missing, *, level: float) -> Estimate | None:
    """Candidate minus incumbent with its Tango interval, which unmeasured draws widen at both ends.

    Special cases:
        No measured pair: None.
    """
    if counts.n == 0:
        return None
    return Estimate(
        est=(counts.c - counts.b) / counts.n,
        lo=tango(pessimistic(counts, missing), level=level).low,
        hi=tango(optimistic(counts, missing), level=level).high,
        level=level,
    )
