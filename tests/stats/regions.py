"""The region that the exact test rejects, to work its size and power out by enumeration."""

from audit.stats.exact import _TIE, _tail, least_gains
from audit.stats.quantiles import IntArray, upper_normal


def rejection_region(n: int, *, margin: float, alpha: float) -> IntArray:
    """The tables of n pairs that `p_pass` rejects at alpha, as the least gains for each number of regressions.

    Args:
        n: Pairs, >= 1.
        margin: The accepted loss, in (-1, 1).
        alpha: Level of the test, in (0, 1).

    Returns:
        Shape (n + 1,): for b = 0..n the least c with p <= alpha; n - b + 1 where no c is enough.

    Raises:
        ValueError: n, the margin or alpha is out of range.
    """
    if n < 1 or not -1.0 < margin < 1.0:
        raise ValueError(f"n must be at least 1 and margin in (-1, 1), got n={n}, margin={margin}")
    # p is a falling step function of the statistic alone, so the region is all tables above one critical value,
    # which lies near the normal quantile: bisection between two values that enclose it.
    normal = upper_normal(alpha)
    low, high = normal - 2.0, normal + 2.0
    while _tail(high, n, margin) > alpha and high < 100.0:
        high += 2.0
    while _tail(low, n, margin) <= alpha and low > -100.0:
        low -= 2.0
    while high - low > _TIE:
        middle = (low + high) / 2.0
        if _tail(middle, n, margin) <= alpha:
            high = middle
        else:
            low = middle
    return least_gains(high + _TIE, n, margin)
