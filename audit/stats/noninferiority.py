"""PASS, FAIL or INCONCLUSIVE: the decision on one margin, with both p-values and the pairs that would decide.

A failure to reject is no evidence of equality, so there are three answers, never two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from audit.stats.betting import wsr_p, wsr_p_fail
from audit.stats.exact import gross_regression_p, p_fail, p_pass, smallest_n
from audit.stats.paired import MIN_VERDICT_PAIRS
from audit.stats.planning import graded_pairs_needed, pairs_needed, pairs_to_fail
from audit.stats.quantiles import finite_vector
from audit.stats.tango import PairCounts

__all__ = [
    "Decision",
    "GateDecision",
    "decide",
    "decide_graded",
    "gross_regression_p",
    "p_fail",
    "p_pass",
    "smallest_n",
    "wsr_p",
    "wsr_p_fail",
]


class GateDecision(StrEnum):
    """What the evidence says about a margin."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision and its evidence.

    Attributes:
        decision: PASS when p_pass <= alpha, FAIL when p_fail <= alpha, INCONCLUSIVE otherwise.
        p_pass: p-value of "worse by the margin or more", in [0, 1].
        p_fail: p-value of "worse by less than the margin, or better", in [0, 1].
        n: Pairs.
        floor_n: Pairs below which only gains can carry a PASS (`smallest_n`); warn below it.
        needed_n: Total pairs that would decide with 80 % power if the delta is what it looks like; None when decided,
            or when the delta looks exactly like -margin, which no number of pairs decides.
        margin: The accepted loss, in (0, 1).
        alpha: Level of each of the two tests, in (0, 1).
    """

    decision: GateDecision
    p_pass: float
    p_fail: float
    n: int
    floor_n: int
    needed_n: int | None
    margin: float
    alpha: float

    @property
    def below_floor(self) -> bool:
        """Fewer pairs than `floor_n`."""
        return self.n < self.floor_n


def decide(counts: PairCounts, *, margin: float, alpha: float = 0.05) -> Decision:
    """Decide on paired pass/fail verdicts with the two exact tests.

    Args:
        counts: Pairs drawn with equal probability.
        margin: The accepted loss of pass rate, in (0, 1), fixed before the scores were read.
        alpha: Level of each test, in (0, 1).

    Returns:
        The decision, both p-values, and the pairs that would decide.

    Special cases:
        No pairs: INCONCLUSIVE. Fewer than 30 pairs: never PASS. Fractional counts: see `p_pass`.

    Raises:
        ValueError: The margin or alpha is out of range.
    """
    floor_n = smallest_n(margin, alpha)
    passing, failing = p_pass(counts, margin=margin), p_fail(counts, margin=margin)
    n = int(counts.n)
    outcome = _outcome(passing, failing, n, alpha)
    needed = None
    if outcome is GateDecision.INCONCLUSIVE:
        needed = _pairs_to_decide(counts, margin, alpha)
    return Decision(
        decision=outcome,
        p_pass=passing,
        p_fail=failing,
        n=n,
        floor_n=floor_n,
        needed_n=needed,
        margin=margin,
        alpha=alpha,
    )


def decide_graded(differences: npt.ArrayLike, *, margin: float, alpha: float = 0.05) -> Decision:
    """Decide on graded differences with the two betting tests.

    Args:
        differences: Candidate minus incumbent per record, shape (n,), each in [-1, 1], in a stored random order.
        margin: The accepted loss, in (0, 1), fixed before the scores were read.
        alpha: Level of each test, in (0, 1).

    Returns:
        The decision, both p-values, and the pairs that would decide, if the mean is above -margin.

    Special cases:
        No differences: INCONCLUSIVE. Fewer than 30: never PASS.

    Raises:
        ValueError: A difference is missing or outside [-1, 1], or the margin or alpha is out of range.
    """
    values = finite_vector("differences", differences)
    floor_n = smallest_n(margin, alpha)
    passing = wsr_p(values, margin=margin, alpha=alpha)
    failing = wsr_p_fail(values, margin=margin, alpha=alpha)
    n = int(values.size)
    outcome = _outcome(passing, failing, n, alpha)
    needed = None
    if outcome is GateDecision.INCONCLUSIVE and n > 1:
        mean, deviation = float(values.mean()), float(np.std(values, ddof=1))
        needed = graded_pairs_needed(deviation=deviation, delta=mean, margin=margin, alpha=alpha)
        needed = None if needed is None else max(needed, n + 1, MIN_VERDICT_PAIRS)
    return Decision(
        decision=outcome,
        p_pass=passing,
        p_fail=failing,
        n=n,
        floor_n=floor_n,
        needed_n=needed,
        margin=margin,
        alpha=alpha,
    )


def _outcome(passing: float, failing: float, n: int, alpha: float) -> GateDecision:
    if failing <= alpha:
        return GateDecision.FAIL
    if passing <= alpha and n >= MIN_VERDICT_PAIRS:
        return GateDecision.PASS
    return GateDecision.INCONCLUSIVE


def _pairs_to_decide(counts: PairCounts, margin: float, alpha: float) -> int | None:
    """Pairs for the decision that the estimate points to, at least one more than there are."""
    delta, discordance = counts.delta, counts.discordance
    if delta is None or discordance is None:
        needed = pairs_needed(margin=margin, alpha=alpha)
    elif delta > -margin:
        needed = pairs_needed(discordance=discordance, delta=delta, margin=margin, alpha=alpha)
    else:
        needed = pairs_to_fail(discordance=discordance, delta=delta, margin=margin, alpha=alpha)
    return None if needed is None else max(needed, int(counts.n) + 1, MIN_VERDICT_PAIRS)
