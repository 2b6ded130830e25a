"""The ratio of two totals over the same records: how much longer one arm's answers are than the other's."""

from __future__ import annotations

import math

import numpy.typing as npt

from audit.core.interval import Estimate
from audit.stats.quantiles import finite_vector, two_sided_t


def ratio_of_totals(above: npt.ArrayLike, below: npt.ArrayLike, *, level: float = 0.95) -> Estimate | None:
    """The total of one quantity over the total of another, both measured on the same independent records.

    A mean of ratios would answer another question: what is billed follows the totals.

    Args:
        above: Of each record, shape (n,), >= 0, for example a candidate's completion tokens.
        below: Of each record, shape (n,), >= 0, the incumbent's.
        level: Nominal coverage in (0, 1).

    Returns:
        sum(above) / sum(below) with Fieller's interval, cut at 0.

    Special cases:
        No records, or nothing below: None. One record, or a total below that is not shown to be above 0: the estimate
        without ends. All records at one ratio: the interval has no width.

    Raises:
        ValueError: Shapes differ, or a value is missing or negative.

    Source:
        Fieller (1954), J. R. Statist. Soc. B 16:175-185, with Student's t for n - 1 degrees of freedom.
    """
    x, y = finite_vector("above", above), finite_vector("below", below)
    if x.shape != y.shape:
        raise ValueError(f"above and below need equal shapes, got {x.shape} and {y.shape}")
    if (x < 0).any() or (y < 0).any():
        raise ValueError("totals need values that are not negative")
    n = x.size
    if n == 0 or y.sum() == 0:
        return None
    ratio = float(x.sum() / y.sum())
    if n == 1:
        return Estimate(est=ratio, lo=None, hi=None, level=level)
    mean_x, mean_y = float(x.mean()), float(y.mean())
    # The ratio r is inside when |mean_x - r mean_y| <= t * standard error of (x - r y): a quadratic in r.
    g = two_sided_t(level, n - 1) ** 2 / n
    xx, yy = g * float(x.var(ddof=1)), g * float(y.var(ddof=1))
    xy = g * float((x - mean_x) @ (y - mean_y)) / (n - 1)
    square, half, constant = mean_y**2 - yy, mean_x * mean_y - xy, mean_x**2 - xx
    if square <= 0:
        return Estimate(est=ratio, lo=None, hi=None, level=level)
    reach = math.sqrt(max(half**2 - square * constant, 0.0))
    return Estimate(est=ratio, lo=max((half - reach) / square, 0.0), hi=(half + reach) / square, level=level)
