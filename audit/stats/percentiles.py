"""Percentiles of a sample, with bounds that hold for any distribution."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from audit.core.interval import Estimate
from audit.stats.quantiles import check_open_unit, finite_vector


def percentile(values: npt.ArrayLike, q: float, *, level: float = 0.95) -> Estimate | None:
    """A percentile and its two-sided interval from order statistics.

    Args:
        values: Independent draws, shape (n,).
        q: Which, in (0, 1): 0.95 for the 95th percentile.
        level: Coverage, in (0, 1); each end misses with at most half of the rest.

    Returns:
        The linear estimate, and the ends. An end that the sample is too small for is None: the 95th percentile has an
        upper end from 72 draws on at a level of 95 %.

    Special cases:
        No values: None.

    Raises:
        ValueError: q or level is out of range, or a value is not finite.

    Source:
        David & Nagaraja (2003), Order Statistics, section 7.1: the number of draws below the percentile is binomial.
    """
    check_open_unit("q", q)
    check_open_unit("level", level)
    ordered = np.sort(finite_vector("values", values))
    n = int(ordered.size)
    if n == 0:
        return None
    tail = (1.0 - level) / 2.0
    # The k-th value is above the percentile when fewer than k draws are below it: P(Bin(n, q) < k) >= 1 - tail.
    below = special.bdtr(np.arange(n + 1), n, q)
    upper = int(np.searchsorted(below, 1.0 - tail)) + 1
    lower = int(np.searchsorted(below, tail))
    return Estimate(
        est=float(np.quantile(ordered, q)),
        lo=float(ordered[lower - 1]) if lower >= 1 else None,
        hi=float(ordered[upper - 1]) if upper <= n else None,
        level=level,
    )
