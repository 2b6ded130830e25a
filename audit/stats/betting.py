"""Betting p-values and bounds for the mean of differences: valid for every n and every distribution on [-1, 1].

A gambler who may not foresee the next record bets that the mean lies beyond the margin. Under the hypothesis the
capital is not expected to grow, so a large capital is evidence, and its inverse is a p-value.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from audit.stats.quantiles import check_open_unit, finite_vector

# The largest share of the capital at stake: even the worst record leaves a quarter of it.
_MOST_AT_STAKE = 0.75

# The bets start as if one record had been seen in the middle of the range, with the largest variance there can be.
_PRIOR_MEAN = 0.5
_PRIOR_VARIANCE = 0.25


def wsr_p(differences: npt.ArrayLike, *, margin: float, alpha: float) -> float:
    """Betting p-value of the hypothesis that the mean difference is -margin or less.

    Args:
        differences: Candidate minus incumbent per record, shape (n,), each in [-1, 1], in an order drawn with a stored
            seed before the scores were read. The p-value depends on the order.
        margin: The loss that is accepted, in (-1, 1).
        alpha: The level at which p will be read, in (0, 1); it tunes the bets, not the validity.

    Returns:
        A p-value in (0, 1]; small means: not worse by the margin.

    Special cases:
        No differences: 1.

    Raises:
        ValueError: A difference is missing or outside [-1, 1], or the margin or alpha is out of range.

    Source:
        Waudby-Smith & Ramdas (2024), J. R. Statist. Soc. B 86:1-27, section 3.
    """
    values = finite_vector("differences", differences)
    if not -1.0 < margin < 1.0:
        raise ValueError(f"margin must lie in (-1, 1), got {margin}")
    check_open_unit("alpha", alpha)
    if values.size == 0:
        return 1.0
    if np.abs(values).max() > 1.0:
        raise ValueError("differences must lie in [-1, 1]")
    gains = (1.0 + values) / 2.0
    claimed = (1.0 - margin) / 2.0
    seen = np.arange(1, values.size + 1, dtype=np.float64)
    mean = (_PRIOR_MEAN + np.cumsum(gains)) / (seen + 1.0)
    variance = (_PRIOR_VARIANCE + np.cumsum((gains - mean) ** 2)) / (seen + 1.0)
    # A bet may know only the records before it.
    known = np.concatenate([[_PRIOR_VARIANCE], variance[:-1]])
    stake = np.minimum(np.sqrt(2.0 * math.log(1.0 / alpha) / (values.size * known)), _MOST_AT_STAKE / claimed)
    log_capital = np.cumsum(np.log1p(stake * (gains - claimed)))
    return min(1.0, math.exp(-float(log_capital.max())))


def wsr_low(differences: npt.ArrayLike, *, alpha: float) -> float:
    """Lower confidence bound of the mean difference: what the betting p-value rejects at `alpha` lies below it.

    Args:
        differences: As of `wsr_p`, in the order of the draws.
        alpha: Chance that the mean lies below the bound, at most, in (0, 1).

    Returns:
        In [-1, 1], and no more than a millionth below the exact end.

    Special cases:
        No differences, or too few to reject any mean: -1.

    Source:
        As of `wsr_p`. The p-value rises with the claimed mean, so bisection finds where it passes `alpha`.
    """
    low, high = -1.0, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if wsr_p(differences, margin=-middle, alpha=alpha) <= alpha else (low, middle)
    return low
