"""Whether what a signal moves loses less than the same share drawn by lot.

A useless signal is a lot: moving a tenth of the traffic by it loses a tenth of what moving all of it loses, which may
be within any margin. So a signal has to show on the certification pairs that it tells good requests from bad ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import stats as distributions

from audit.stats.tango import PairCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Parted:
    """Pairs of a candidate, parted by whether a policy moves the request.

    Attributes:
        moved: Of the requests that it moves.
        kept: Of the others, as if they had been moved too.
    """

    moved: PairCounts
    kept: PairCounts


def random_mix_p(parted: Parted) -> float:
    """Exact p-value of the hypothesis that the moved requests are drawn by lot.

    Given how many pairs there are of each sort, and how many are moved, a lot moves them by the multivariate
    hypergeometric distribution; the p-value is its probability of regressions less gains no larger than seen.

    Returns:
        A p-value in [0, 1]; small means: what is moved loses less than a lot of the same share.

    Special cases:
        Nothing is moved, all is, or no pair differs: 1. Fractional counts are not allowed.

    Source:
        Fisher's exact test (1935) for three kinds of pairs, one-sided in regressions less gains.
    """
    moved, kept = parted.moved, parted.kept
    n, m = round(moved.n + kept.n), round(moved.n)
    b, c = round(moved.b + kept.b), round(moved.c + kept.c)
    if m == 0 or m == n or b + c == 0:
        return 1.0
    regressions = np.arange(max(0, m - (n - b)), min(b, m) + 1)
    weight = distributions.hypergeom.pmf(regressions, n, b, m)
    # Regressions less gains stay at or below what was seen: gains are at least regressions less that.
    least_gains = regressions - (round(moved.b) - round(moved.c))
    tail = distributions.hypergeom.sf(least_gains - 1, n - b, c, m - regressions) if n > b else least_gains <= 0
    return float(min(1.0, max(0.0, weight @ np.asarray(tail, dtype=np.float64))))


def random_mix_z(parted: Parted) -> float:
    """The same as a score: how many standard deviations less than a lot the moved requests lose; 0 without pairs."""
    moved, kept = parted.moved, parted.kept
    n, m = moved.n + kept.n, moved.n
    b, c = moved.b + kept.b, moved.c + kept.c
    if n < 2 or m in (0, n) or b + c == 0:
        return 0.0
    variance = m * (n - m) / (n - 1) * ((b + c) / n - ((b - c) / n) ** 2)
    below = m / n * (b - c) - (moved.b - moved.c)
    return float(below / math.sqrt(variance)) if variance > 0 else 0.0
