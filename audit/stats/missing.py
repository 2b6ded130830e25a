"""Paired counts of which some could not be measured: the worst and the best that they may hide."""

from __future__ import annotations

from audit.core.interval import Estimate
from audit.stats.tango import PairCounts, tango


def pessimistic(counts: PairCounts, *, missing_passed: int, missing_failed: int) -> PairCounts:
    """Counts with every unmeasured draw as a failure of the candidate.

    Args:
        counts: Of the measured pairs.
        missing_passed: Unmeasured draws on which the incumbent passes.
        missing_failed: Unmeasured draws on which it fails.
    """
    return PairCounts(b=counts.b + missing_passed, c=counts.c, n=counts.n + missing_passed + missing_failed)


def optimistic(counts: PairCounts, *, missing_passed: int, missing_failed: int) -> PairCounts:
    """Counts with every unmeasured draw as a pass of the candidate; arguments as for `pessimistic`."""
    return PairCounts(b=counts.b, c=counts.c + missing_failed, n=counts.n + missing_passed + missing_failed)


def delta_estimate(counts: PairCounts, *, missing_passed: int, missing_failed: int, level: float) -> Estimate | None:
    """Candidate minus incumbent with its Tango interval, which unmeasured draws widen at both ends.

    Special cases:
        No measured pair: None.
    """
    if counts.n == 0:
        return None
    worst = pessimistic(counts, missing_passed=missing_passed, missing_failed=missing_failed)
    best = optimistic(counts, missing_passed=missing_passed, missing_failed=missing_failed)
    return Estimate(
        est=(counts.c - counts.b) / counts.n,
        lo=tango(worst, level=level).low,
        hi=tango(best, level=level).high,
        level=level,
    )
