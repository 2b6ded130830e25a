"""Dollars from dollar-weighted draws: an estimate with its interval, and what of it is at risk."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from audit.core.interval import Estimate
from audit.stats.dollars import hajek_share


def dollars_of(z: npt.NDArray[np.float64], spend: float, level: float, z_low: float = 0.0) -> Estimate | None:
    """Share of spend on the dollar draws, times the spend, which is known exactly; None without draws."""
    # Draws are in proportion to cost, so every draw stands for the same amount of spend: weights are equal.
    share = hajek_share(z, np.ones_like(z), level=level, z_low=z_low)
    if share.observed is None:
        return None
    # The two pseudo-records make the interval honest; as an estimate they would pull a clear saving to the middle.
    return Estimate.of(share.observed, share.interval, level).scaled(spend)


def saving_of(saved: npt.NDArray[np.float64], spend: float, level: float) -> Estimate | None:
    """What moving all of some spend saves, by the share saved on each draw; None without draws."""
    # One more draw might cost as much as the worst one seen; savings have no natural floor (statistics.md 4).
    return dollars_of(saved, spend, level, z_low=float(min(0.0, saved.min()))) if len(saved) else None


def at_risk(z: npt.NDArray[np.float64], spend: float, level: float, z_low: float = 0.0) -> float | None:
    """Savings at risk: the estimate less its one-sided lower bound at `level`; None without draws.

    A headline of the lower bound withholds this much (`statistics.md` section 1).
    """
    # One side of a two-sided interval misses with half of the rest; at a level of 1/2 the bound is the estimate.
    found = dollars_of(z, spend, max(2 * level - 1, 1e-9), z_low)
    return None if found is None or found.lo is None else max(found.est - found.lo, 0.0)
