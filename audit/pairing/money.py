"""Dollars from dollar-weighted draws: an estimate with its interval, and what of it is at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.core.interval import Estimate
from audit.stats.dollars import pooled_share
from audit.stats.ratios import ratio_of_totals


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Saved:
    """What is saved on draws of spend.

    Attributes:
        z: Per draw, 1 less the cost over the incumbent's, every call counted, shape (n,).
        mass: Dollars that the draw stands for, up to a common factor, shape (n,).
        lowest: Share saved in the worst case, at most 0.
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


def saved_at_costs(costs: npt.ArrayLike, billed: npt.ArrayLike, spend: float, level: float) -> Estimate | None:
    """What moving a spend saves, by the costs of draws that are all equally likely.

    Args:
        costs: Of each draw, what it costs after the move, shape (n,).
        billed: Of each draw, what the log billed, shape (n,).
        spend: Of what moves, in USD; known exactly.
        level: Of the interval.

    Returns:
        In USD; None without draws, or where nothing was billed.
    """
    share = ratio_of_totals(costs, billed, level=level)
    return None if share is None else share.scaled(spend).taken_from(spend)


def at_risk(saved: Saved, spend: float, level: float) -> float | None:
    """Savings at risk: the estimate less its one-sided lower bound at `level`; None without draws.

    A headline of the lower bound withholds this much (`statistics.md` section 1).
    """
    # One side of a two-sided interval misses with half of the rest; at a level of 1/2 the bound is the estimate.
    found = dollars_of(saved, spend, max(2 * level - 1, 1e-9))
    return None if found is None or found.lo is None else max(found.est - found.lo, 0.0)
