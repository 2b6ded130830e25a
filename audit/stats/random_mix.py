"""Whether what a signal moves loses less than the same share drawn at random.

A useless signal is a random choice: moving a tenth of the traffic by it loses a tenth of what moving all of it
loses, which may be within any margin. So a signal has to show on the certification pairs that it tells good requests
from bad ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from audit.stats.quantiles import FloatArray, IntArray
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
    """Exact p-value of the hypothesis that the moved requests are drawn at random.

    Given how many pairs there are of each sort, and how many are moved, a random choice moves them by the multivariate
    hypergeometric distribution; the p-value is its probability of regressions less gains no larger than seen.

    Returns:
        A p-value in [0, 1]; small means: what is moved loses less than a random choice of the same share.

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
    weight = _hypergeometric(np.arange(b + 1), n, b, m)
    seen = round(moved.b) - round(moved.c)
    p = 0.0
    for regressions in np.flatnonzero(weight > 0).tolist():
        # Regressions less gains stay at or below what was seen: gains are at least regressions less that.
        gains = _hypergeometric(np.arange(max(0, regressions - seen), c + 1), n - b, c, m - regressions)
        p += float(weight[regressions] * gains.sum())
    return min(1.0, p)


def _hypergeometric(k: IntArray, n: int, marked: int, drawn: int) -> FloatArray:
    """Probability that k of `drawn` are marked, of n of which `marked` are, shape of k; 0 where that cannot be."""
    possible = (k <= marked) & (k <= drawn) & (drawn - k <= n - marked)
    within = np.where(possible, k, max(0, drawn - (n - marked)))
    log = _log_choose(marked, within) + _log_choose(n - marked, drawn - within) - _log_choose(n, np.array(drawn))
    return np.where(possible, np.exp(log), 0.0)


def _log_choose(n: int, k: IntArray) -> FloatArray:
    found: FloatArray = special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0)
    return found


def random_mix_z(parted: Parted) -> float:
    """The same as a score: by how many standard deviations the moved requests lose less; 0 without pairs."""
    moved, kept = parted.moved, parted.kept
    n, m = moved.n + kept.n, moved.n
    b, c = moved.b + kept.b, moved.c + kept.c
    if n < 2 or m in (0, n) or b + c == 0:
        return 0.0
    variance = m * (n - m) / (n - 1) * ((b + c) / n - ((b - c) / n) ** 2)
    below = m / n * (b - c) - (moved.b - moved.c)
    return float(below / math.sqrt(variance)) if variance > 0 else 0.0
