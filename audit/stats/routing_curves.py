"""Bounds of the loss at all thresholds of a signal at once, and where a cascade breaks even; nothing is certified."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audit.stats.paired import wilson
from audit.stats.quantiles import FloatArray, check_open_unit
from audit.stats.tango import PairCounts, tango_many


def simultaneous_upper(counts: Sequence[PairCounts], *, alpha: float = 0.05) -> FloatArray:
    """Upper bounds of the loss at several thresholds that all hold at once.

    Each is the upper end of a Tango score interval at alpha divided by the number of thresholds (Bonferroni). So it is
    wider than the bound of a threshold that was fixed beforehand, and a share may be read off it after looking.

    Args:
        counts: Pairs at each threshold, over all of the route's traffic: an unmoved record is concordant. The
            thresholds may depend on the scores, not on the verdicts.
        alpha: Chance that any of the bounds is below its true loss, in (0, 1).

    Returns:
        Shape (k,), each in [-1, 1]; positive is worse than the incumbent.

    Special cases:
        No thresholds: empty. No pairs at a threshold: 1.

    Raises:
        ValueError: alpha is outside (0, 1).
    """
    check_open_unit("alpha", alpha)
    if not counts:
        return np.zeros(0)
    b, c, n = (np.array([getattr(count, name) for count in counts], dtype=np.float64) for name in ("b", "c", "n"))
    low, _ = tango_many(b, c, n, level=1.0 - 2.0 * alpha / len(counts))
    return -low


def break_even(*, cheap: float, verify: float, incumbent: float) -> float:
    """The escalation rate above which a cascade costs more than the incumbent alone.

    A cascade pays the cheap call and the verifier on every request and the incumbent on escalation.

    Args:
        cheap: Dollars per request of the cheap call, >= 0.
        verify: Dollars per request of the verifier, >= 0; 0 for a free check.
        incumbent: Dollars per request of the incumbent, > 0.

    Returns:
        1 - (cheap + verify) / incumbent; negative means it cannot save.

    Raises:
        ValueError: A price is out of range.
    """
    if incumbent <= 0 or cheap < 0 or verify < 0:
        raise ValueError("incumbent must be positive, cheap and verify must not be negative")
    return 1.0 - (cheap + verify) / incumbent


def cascade_saves(escalated: int, n: int, *, break_even_rate: float, level: float = 0.95) -> bool:
    """Whether the measured escalation rate is shown to lie below the break-even rate.

    Args:
        escalated: Requests that were escalated, in [0, n].
        n: Requests seen.
        break_even_rate: From `break_even` or `break_even_routed`.
        level: Nominal coverage of the two-sided Wilson interval, in (0, 1).

    Returns:
        True only if the upper end of the rate's interval lies below break-even; False without requests.
    """
    return n > 0 and wilson(escalated, n, level=level).high < break_even_rate
