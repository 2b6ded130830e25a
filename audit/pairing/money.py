"""Dollars from draws: an estimate with its interval or its upper bound, and what of it is at risk."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.core.interval import Estimate
from audit.stats.betting import wsr_low
from audit.stats.dollars import pooled_share

LEAST_DRAWS = 10
"""Fewer dollar draws of moved requests say too little of what is saved on them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saved:
    """What is saved on draws of spend.

    Attributes:
        z: Per draw, 1 less the cost over the incumbent's, every call counted, shape (n,).
        mass: Dollars that the draw stands for, up to a common factor, shape (n,).
        lowest: Share saved in the worst case: at most 0, or 1 where nothing can be billed.
    """

    z: npt.NDArray[np.float64]
    mass: npt.NDArray[np.float64]
    lowest: float = 0.0


def dollars_of(saved: Saved, spend: float, level: float) -> Estimate | None:
    """Share of spend on the draws, times the spend, which is known exactly; None without draws."""
    share = pooled_share(saved.z, saved.mass, level=level, z_low=saved.lowest)
    if share.observed is None:
        return None
    # The two pseudo-draws make the interval honest; as an estimate they would pull a clear saving to the middle.
    return Estimate.of(share.observed, share.interval, level).scaled(spend)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """Every request of what may move, N of them, before any of them has been asked.

    Attributes:
        billed: What the log billed, USD, shape (N,).
        foreseen: What each would cost at the log's tokens, USD, shape (N,), at least 0. It is a guess: the nearer it
            comes, the tighter the bound.
    """

    billed: npt.NDArray[np.float64]
    foreseen: npt.NDArray[np.float64]


def saved_at_most(
    costs: npt.ArrayLike, foreseen: npt.ArrayLike, moved: Moved, *, alpha: float, level: float
) -> Estimate | None:
    """What moving all requests saves, by the costs of draws that are all equally likely: an estimate and upper bound.

    Bills and foreseen costs are known of every request, so only what costs differ from what was foreseen is estimated.
    Requests of more than a limit may be in no draw, and cost nothing in the bound. Of the others the difference is cut
    at the limit, which only lowers it, and its mean is bounded by bets: without any assumption of its distribution.

    Args:
        costs: Of each draw, what it costs after the move, USD, shape (n,), in draw order; NaN where nobody knows.
        foreseen: Of each draw, as in `moved`, shape (n,).
        moved: What the draws are of.
        alpha: Chance that more is saved than the upper end, at most.
        level: That the estimate bears.

    Returns:
        In USD, without a lower end; None where no cost is known.

    Source:
        docs/method/recheck.md.
    """
    cost, guess = np.asarray(costs, dtype=np.float64), np.asarray(foreseen, dtype=np.float64)
    known = ~np.isnan(cost)
    if not known.any() or not moved.billed.size:
        return None
    saved = float((moved.billed - moved.foreseen).sum())
    est = saved - moved.billed.size * float((cost - guess)[known].mean())
    # An answer whose cost nobody knows may have cost nothing.
    beyond = np.where(known, cost, 0.0) - guess
    limit = _limit(moved.foreseen, cost.size, alpha)
    inside = moved.foreseen <= limit
    most = saved + float(moved.foreseen[~inside].sum())
    if limit > 0:
        cut = np.clip(beyond[guess <= limit] / limit, -1.0, 1.0)
        most -= int(inside.sum()) * limit * wsr_low(cut, alpha=alpha)
    return Estimate(est=est, lo=None, hi=max(most, est), level=level)


def _limit(foreseen: npt.NDArray[np.float64], draws: int, alpha: float) -> float:
    """The limit that leaves the least unbounded if all comes as foreseen; chosen before any cost is known."""
    ordered = np.sort(foreseen)
    above = ordered.sum() - np.cumsum(ordered)
    # With no spread a bet loses at most this part of the range.
    range_lost = np.arange(1, ordered.size + 1) * ordered * 2 * math.log(1 / alpha) / max(draws, 1)
    return float(ordered[np.argmin(above + range_lost)])


def at_risk(saved: Saved, spend: float, level: float) -> float | None:
    """Savings at risk: the estimate less its one-sided lower bound at `level`; None without draws.

    A headline of the lower bound withholds this much (`statistics.md` section 1).
    """
    # One side of a two-sided interval misses with half of the rest; at a level of 1/2 the bound is the estimate.
    found = dollars_of(saved, spend, max(2 * level - 1, 1e-9))
    return None if found is None or found.lo is None else max(found.est - found.lo, 0.0)
