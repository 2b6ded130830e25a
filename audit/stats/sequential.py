"""Decisions that may be looked at after every replay: two mixture e-processes on the counts of the pairs.

Under its hypothesis an e-process is not expected to grow, whatever the moment of stopping, so it may be watched at
will; looking at a fixed-n test after every 25 pairs gives a false PASS in a quarter of the runs instead of a twentieth.
For pass/fail pairs the process is a function of (b, c, n): the order of records, restarts and workers change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from audit.core.interval import Interval
from audit.stats.noninferiority import GateTest
from audit.stats.paired import MIN_VERDICT_PAIRS
from audit.stats.quantiles import check_open_unit
from audit.stats.tango import PairCounts

# Bets as fractions of the largest that cannot go bankrupt. Part of the record: other fractions give other e-values.
BETS = np.geomspace(0.02, 0.95, 12)

_BISECTION_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SequentialDecision:
    """Where a watched comparison stands.

    Attributes:
        decision: PASS or FAIL stops the run; INCONCLUSIVE means: go on.
        log_e_pass: Natural logarithm of the evidence against "worse by the margin or more".
        log_e_fail: Natural logarithm of the evidence against "worse by less than the margin, or better".
        interval: Confidence sequence of the delta at level 1 - 2 alpha, valid at any stopping time.
        n: Pairs so far.
    """

    decision: GateTest
    log_e_pass: float
    log_e_fail: float
    interval: Interval
    n: int


def log_e_pass(counts: PairCounts, *, margin: float) -> float:
    """Logarithm of the e-value against the hypothesis that the candidate is worse by the margin or more.

    Args:
        counts: Pairs so far, in any order of arrival.
        margin: The accepted loss, in (-1, 1).

    Returns:
        ln E; stop with PASS when it reaches ln(1 / alpha). 0 without pairs; negative values are evidence for nothing.

    Raises:
        ValueError: The margin is outside (-1, 1).

    Source:
        Waudby-Smith & Ramdas (2024), J. R. Statist. Soc. B 86:1-27; a mixture over fixed bets instead of adaptive ones.
    """
    return _log_mixture(counts, BETS / (1.0 - _checked(margin)), margin)


def log_e_fail(counts: PairCounts, *, margin: float) -> float:
    """Logarithm of the e-value against the hypothesis that the candidate is worse by less than the margin, or better.

    Args:
        counts: Pairs so far, in any order of arrival.
        margin: The accepted loss, in (-1, 1).

    Returns:
        ln E; stop with FAIL when it reaches ln(1 / alpha).

    Raises:
        ValueError: The margin is outside (-1, 1).
    """
    return _log_mixture(counts, -BETS / (1.0 + _checked(margin)), margin)


def watch_windows(
    *,
    worst: Sequence[PairCounts],
    best: Sequence[PairCounts],
    margin: float,
    alpha: float = 0.05,
    alpha_fail: float | None = None,
) -> SequentialDecision:
    """`watch` over windows of time, in order: it may be asked after every window, for as long as there are any.

    Within one bet the e-values of windows multiply, so the process of all windows is that of their summed counts, and
    the counts are all that has to be carried from month to month. For a PASS they are summed from the first window: it
    says that the loss was not the margin or more all along. The FAIL process is `log_e_fail_windows`.

    Args:
        worst: Per window, the counts with every unmeasured draw as a failure; for the PASS and the interval's low end.
        best: The same windows with every unmeasured draw as a pass; for the FAIL and the high end.
        margin: The accepted loss, in (0, 1), fixed before the first window.
        alpha: Probability of ever giving a wrong PASS, in (0, 1).
        alpha_fail: Probability of ever giving a wrong FAIL; default: alpha.

    Returns:
        The decision so far; its interval is a confidence sequence of the delta over all windows.

    Special cases:
        As for `watch`.

    Raises:
        ValueError: The margin or an alpha is out of range, or the windows differ in number.
    """
    low, high = _summed(worst), _summed(best)
    failing = log_e_fail_windows(best, margin=margin)
    passing = log_e_pass(low, margin=margin)
    decision = GateTest.INCONCLUSIVE
    if len(worst) != len(best):
        raise ValueError(f"there are {len(worst)} windows at their worst and {len(best)} at their best")
    if failing >= -math.log(check_open_unit("alpha_fail", alpha if alpha_fail is None else alpha_fail)):
        decision = GateTest.FAIL
    elif passing >= -math.log(check_open_unit("alpha", alpha)) and low.n >= MIN_VERDICT_PAIRS:
        decision = GateTest.PASS
    level = max(1.0 - 2.0 * alpha, 1e-9)
    return SequentialDecision(
        decision=decision,
        log_e_pass=passing,
        log_e_fail=failing,
        interval=Interval(
            low=confidence_sequence(low, level=level).low,
            high=confidence_sequence(high, level=level).high,
            level=level,
        ),
        n=int(low.n),
    )


def log_e_fail_windows(windows: Sequence[PairCounts], *, margin: float) -> float:
    """`log_e_fail` over windows of time, for a loss that may begin in any of them.

    In summed counts a late loss would be drowned by the good months before it. So this is a mixture over the window in
    which it begins: the j-th has weight 1 / (j (j + 1)), and what has not begun yet stands at 1. A mixture of
    e-processes with fixed weights is one.

    Args:
        windows: In order.
        margin: The accepted loss, in (-1, 1).

    Returns:
        ln E; 0 without windows.

    Source:
        Shin, Ramdas & Rinaldo (2023), E-detectors, arXiv 2203.03532.
    """
    lost, gained, pairs = ([getattr(one, name) for one in windows] for name in ("b", "c", "n"))
    return float(log_e_fail_paths([lost], [gained], [pairs], margin=margin)[0])


def log_e_fail_paths(
    lost: npt.ArrayLike, gained: npt.ArrayLike, pairs: npt.ArrayLike, *, margin: float
) -> npt.NDArray[np.float64]:
    """`log_e_fail_windows` of many records at once.

    Args:
        lost: Of each window of each record, pairs in which the incumbent passes alone, shape (records, windows).
        gained: In which the policy passes alone.
        pairs: All of them.
        margin: The accepted loss, in (-1, 1).

    Returns:
        ln E of each record, shape (records,).
    """
    stakes = -BETS / (1.0 + _checked(margin))
    gains, stays = np.log1p(stakes * (1.0 + margin)), np.log1p(stakes * margin)
    # From each window to the last: what a loss that began there has shown.
    b, c, n = (np.cumsum(np.asarray(one, dtype=float)[:, ::-1], axis=1)[:, ::-1, None] for one in (lost, gained, pairs))
    bets = b * np.log1p(-stakes * (1.0 - margin)) + c * gains + (n - b - c) * stays
    start = np.arange(1, b.shape[1] + 1)
    begun = special.logsumexp(bets, axis=2) - math.log(stakes.size) - np.log(start * (start + 1))
    waiting = np.full((b.shape[0], 1), -math.log(b.shape[1] + 1))
    found: npt.NDArray[np.float64] = special.logsumexp(np.concatenate([begun, waiting], axis=1), axis=1)
    return found


def _summed(windows: Sequence[PairCounts]) -> PairCounts:
    return PairCounts(b=sum(one.b for one in windows), c=sum(one.c for one in windows), n=sum(one.n for one in windows))


def confidence_sequence(counts: PairCounts, *, level: float = 0.95) -> Interval:
    """An interval of the delta that holds at every moment of a run at once.

    Args:
        counts: All pairs so far.
        level: Coverage over the whole run, in (0, 1).

    Returns:
        The deltas that neither process has rejected at (1 - level) / 2, within [-1, 1].

    Special cases:
        No pairs: [-1, 1].
    """
    threshold = math.log(2.0 / (1.0 - check_open_unit("level", level)))
    # Both processes are monotone in the margin, so the rejected margins form a half-line each.
    loss = _crossing(lambda margin: log_e_pass(counts, margin=margin) >= threshold)
    gain = _crossing(lambda margin: log_e_fail(counts, margin=-margin) >= threshold)
    return Interval(low=-loss, high=gain, level=level)


def _crossing(rejected: Callable[[float], bool]) -> float:
    """The least value in (-1, 1) that is rejected, where all values above a rejected one are too; 1 if none."""
    low, high = -1.0, 1.0
    for _ in range(_BISECTION_STEPS):
        middle = (low + high) / 2.0
        if abs(middle) >= 1.0:
            break
        low, high = (low, middle) if rejected(middle) else (middle, high)
    return high


def _log_mixture(counts: PairCounts, stakes: npt.NDArray[np.float64], margin: float) -> float:
    regression = np.log1p(-stakes * (1.0 - margin))
    gain = np.log1p(stakes * (1.0 + margin))
    same = np.log1p(stakes * margin)
    paths = counts.b * regression + counts.c * gain + (counts.n - counts.b - counts.c) * same
    return float(special.logsumexp(paths) - math.log(stakes.size))


def _checked(margin: float) -> float:
    if not -1.0 < margin < 1.0:
        raise ValueError(f"margin must lie in (-1, 1), got {margin}")
    return margin
