"""The incumbent against itself: how much of a difference is noise of the model, the harness and the scorer.

A model replayed through another host can lose as much as a switch to a smaller model does (0.020 on the same task), so
a margin below this floor decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.core.interval import Interval
from audit.stats.noninferiority import Decision, decide
from audit.stats.paired import PairCounts, PairedDelta, paired_delta, wilson
from audit.stats.quantiles import BoolArray


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseFloor:
    """The incumbent's replay against its logged answers, or two replays against each other.

    Attributes:
        discordance: Share of records whose verdict changed (psi), in [0, 1]; None without pairs.
        discordance_interval: Its interval; None without pairs.
        delta: Second run minus first, with its interval and counts.
        identical: Share of identical answers, in [0, 1]; None where it was not compared.
        gate: The decision of the A/A pair at the route's margin. Unless it is PASS, the margin is below the floor.
        shifted: The interval of the delta excludes 0: the harness differs from production, stop with a warning.
    """

    discordance: float | None
    discordance_interval: Interval | None
    delta: PairedDelta
    identical: float | None
    gate: Decision
    shifted: bool


def noise_floor(
    first_passed: npt.ArrayLike,
    second_passed: npt.ArrayLike,
    *,
    margin: float,
    alpha: float = 0.05,
    level: float = 0.95,
    identical: npt.ArrayLike | None = None,
) -> NoiseFloor:
    """Compare two runs of the same system on the same records.

    Args:
        first_passed: Verdicts of the logged answers or the first run, shape (n,), bool or 0/1.
        second_passed: Verdicts of the replay or the second run.
        margin: The route's accepted loss, in (0, 1).
        alpha: Level of the gate, in (0, 1).
        level: Nominal coverage of the intervals, in (0, 1).
        identical: Which normalised answers are equal, shape (n,), bool.

    Returns:
        The floor; a positive delta means the second run passes more often.

    Special cases:
        The same answers twice: discordance 0, delta 0 with a width, PASS from `smallest_n` pairs on.

    Raises:
        ValueError: Shapes differ, a verdict is neither 0 nor 1, or a level is out of range.
    """
    counts = PairCounts.of(first_passed, second_passed)
    delta = paired_delta(first_passed, second_passed, level=level)
    same = None if identical is None else _bools(identical, delta.n_pairs)
    interval = delta.interval
    return NoiseFloor(
        discordance=counts.discordance,
        discordance_interval=wilson(counts.b + counts.c, counts.n, level=level) if counts.n else None,
        delta=delta,
        identical=float(same.mean()) if same is not None and same.size else None,
        gate=decide(counts, margin=margin, alpha=alpha),
        shifted=interval is not None and (interval.low > 0.0 or interval.high < 0.0),
    )


def excess_regressions(
    incumbent_passed: npt.ArrayLike,
    candidate_passed: npt.ArrayLike,
    replay_passed: npt.ArrayLike,
    *,
    level: float = 0.95,
) -> PairedDelta:
    """Regressions of the candidate beyond those that the incumbent's own replay shows on the same records.

    Args:
        incumbent_passed: Verdicts of the logged answers, shape (n,), bool or 0/1.
        candidate_passed: Verdicts of the candidate.
        replay_passed: Verdicts of the incumbent's replay.
        level: Nominal coverage in (0, 1).

    Returns:
        The rate of candidate regressions minus the rate of replay regressions, in [-1, 1], with Tango's interval;
        positive means the candidate breaks more than noise does. Here c counts records that only the candidate
        breaks, b those that only the replay breaks.

    Special cases:
        No records: delta and interval are None.

    Raises:
        ValueError: Shapes differ, or a verdict is neither 0 nor 1.
    """
    before = np.asarray(incumbent_passed, dtype=np.bool_)
    by_candidate = before & ~_bools(candidate_passed, before.size)
    by_replay = before & ~_bools(replay_passed, before.size)
    return paired_delta(by_replay, by_candidate, level=level)


def _bools(values: npt.ArrayLike, n: int) -> BoolArray:
    array = np.asarray(values)
    if array.shape != (n,) or (array.size and not np.isin(array, (0, 1)).all()):
        raise ValueError(f"expected {n} values, each 0 or 1, got shape {array.shape}")
    return array.astype(np.bool_)
