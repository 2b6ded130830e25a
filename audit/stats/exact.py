"""The exact p-value of a margin claim on paired pass/fail verdicts, its critical region, and the smallest useful n.

A score interval is good enough to show; whatever is called a guarantee rests on these p-values, whose size is below
the nominal level for every n and every discordance, not only asymptotically.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from audit.stats.quantiles import BoolArray, FloatArray, IntArray, check_open_unit
from audit.stats.tango import PairCounts, tango_z_many

# Two tables with the same statistic may differ by rounding; both count as equally extreme.
_TIE = 1e-9

# Dense at both ends: near discordance 1 only a pair or two are concordant, and the probability oscillates there. A
# grid that is dense near 0 alone understates p by up to 9 % relative, zoom or not (200 random tables).
_GRID = np.sin(np.linspace(0.0, np.pi / 2.0, 41)) ** 2
_ZOOM_ROUNDS = 3
_ZOOM_POINTS = 9

# A fractional count is rounded against the claim, unless it is whole but for rounding: 0.07 * 100 is 7, not 8.
_WHOLE = 1e-6


def p_pass(counts: PairCounts, *, margin: float) -> float:
    """Exact unconditional p-value of the hypothesis that the candidate is worse by the margin or more.

    Tables are ordered by Tango's statistic at -margin. The p-value is the largest probability, over every discordance
    the hypothesis allows, of a table at least as favourable as the one seen. That maximum lies on the boundary
    delta = -margin, so one nuisance parameter is searched.

    Args:
        counts: Pairs drawn with equal probability.
        margin: The loss of pass rate that is accepted, in (-1, 1); 0.03 is three points.

    Returns:
        A p-value in [0, 1]; small means: not worse by the margin. Rises with b, falls with c and with the margin.

    Special cases:
        No pairs: 1. No discordant pairs: (1 - margin)^n. Fractional counts (scaled for clusters) are rounded against
        the claim: b up, c down, n towards the margin, down where it is a loss and up where it is a gain; the test is
        then approximate.

    Raises:
        ValueError: The margin is outside (-1, 1).

    Source:
        Hsueh, Liu & Chen (2001), Biometrics 57:478-483; Sidik (2003), Statistics in Medicine 22:265-278.
    """
    if not -1.0 < margin < 1.0:
        raise ValueError(f"margin must lie in (-1, 1), got {margin}")
    b, c = math.ceil(counts.b - _WHOLE), math.floor(counts.c + _WHOLE)
    # One more concordant pair moves the delta to 0: for the claim where the margin is a loss, against it otherwise.
    n = math.floor(counts.n + _WHOLE) if margin >= 0 else math.ceil(counts.n - _WHOLE)
    return _exact_p(b, c, max(n, b + c), float(margin))


def p_fail(counts: PairCounts, *, margin: float) -> float:
    """Exact unconditional p-value of the hypothesis that the candidate is worse by less than the margin, or better.

    Args:
        counts: Pairs drawn with equal probability.
        margin: The loss of pass rate that is accepted, in (-1, 1).

    Returns:
        A p-value in [0, 1]; small means: worse by more than the margin. It is `p_pass` with the arms exchanged and
        the margin negated.

    Special cases:
        As `p_pass`.

    Raises:
        ValueError: The margin is outside (-1, 1).
    """
    return p_pass(counts.swapped, margin=-margin)


def smallest_n(margin: float, alpha: float) -> int:
    """The pairs below which nothing but gains can pass: with no discordant pair p is (1 - margin)^n.

    Args:
        margin: The accepted loss, in (0, 1).
        alpha: Level of the test, in (0, 1).

    Returns:
        n0 = ceil(ln alpha / ln(1 - margin)); 59 for a margin of 0.05 at alpha 0.05.

    Raises:
        ValueError: An argument is outside (0, 1).
    """
    ratio = math.log(check_open_unit("alpha", alpha)) / math.log1p(-check_open_unit("margin", margin))
    return math.ceil(ratio - 1e-12)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """A region of tables, such as `rejection_region` returns, with what its probability needs whatever the parameters
    are: a search asks for it 70 times.

    Attributes:
        b: Regressions, 0 to n, shape (n + 1,).
        others: Pairs that are none, likewise.
        log_ways: Logarithm of the ways in which b of n pairs can be chosen.
        certain: Whether every table with so many regressions is in the region.
        inside: Whether some are, and some are not.
        k, m: Parameters of the incomplete beta function where `inside`; 1 elsewhere.
    """

    b: FloatArray
    others: FloatArray
    log_ways: FloatArray
    certain: BoolArray
    inside: BoolArray
    k: FloatArray
    m: FloatArray

    @classmethod
    def of(cls, least: IntArray) -> Region:
        """From the least c for each b, shape (n + 1,)."""
        n = least.size - 1
        b, gains = np.arange(n + 1, dtype=np.float64), least.astype(np.float64)
        others = n - b
        inside = (gains >= 1) & (gains <= others)
        return cls(
            b=b,
            others=others,
            log_ways=special.gammaln(n + 1.0) - special.gammaln(b + 1.0) - special.gammaln(others + 1.0),
            certain=gains < 1,
            inside=inside,
            k=np.where(inside, gains, 1.0),
            m=np.where(inside, others - gains + 1.0, 1.0),
        )

    def probability(self, p_b: float, p_c: float) -> float:
        """Probability that a multinomial table falls into the region.

        Args:
            p_b: Probability of a regression.
            p_c: Probability of a gain, p_b + p_c <= 1.
        """
        n = self.b.size - 1
        spread = 8.0 * math.sqrt(n * p_b * (1.0 - p_b)) + 30.0
        near = slice(max(int(n * p_b - spread), 0), min(int(n * p_b + spread) + 1, n) + 1)
        weight = np.exp(
            self.log_ways[near] + special.xlogy(self.b[near], p_b) + special.xlog1py(self.others[near], -p_b)
        )
        conditional = min(1.0, p_c / (1.0 - p_b)) if p_b < 1.0 else 0.0
        # P(Binomial(m, q) >= k) is the regularised incomplete beta function at q with parameters k, m - k + 1.
        tail = np.where(self.inside[near], special.betainc(self.k[near], self.m[near], conditional), self.certain[near])
        return float(weight @ tail)


def least_gains(z: float, n: int, margin: float) -> IntArray:
    """For b = 0..n the least c whose statistic at -margin reaches z; n - b + 1 where none does."""
    b = np.arange(n + 1)
    low, high = np.zeros(n + 1, dtype=np.int64), n - b + 1
    # The statistic rises with c, so each row is searched by bisection, all rows at once.
    for _ in range(int(math.log2(n + 2)) + 2):
        middle = (low + high) // 2
        candidate = np.minimum(middle, n - b)
        reached = (middle <= n - b) & (tango_z_many(b / n, candidate / n, n, -margin) >= z - _TIE)
        active = low < high
        high = np.where(active & reached, middle, high)
        low = np.where(active & ~reached, middle + 1, low)
    return low


@lru_cache(maxsize=8192)
def _exact_p(b: int, c: int, n: int, margin: float) -> float:
    if n == 0:
        return 1.0
    return _tail(float(tango_z_many(b / n, c / n, n, -margin)), n, margin)


def _tail(z: float, n: int, margin: float) -> float:
    """The largest probability on the boundary delta = -margin of a statistic of z or more."""
    region = Region.of(least_gains(z, n, margin))
    # On the boundary p_b = p_c + margin, so the nuisance parameter is p_c alone.
    start, length = max(0.0, -margin), (1.0 - abs(margin)) / 2.0

    def probability(position: float) -> float:
        p_c = start + length * position
        return region.probability(max(p_c + margin, 0.0), p_c)

    values = [probability(position) for position in _GRID]
    best = max(values)
    for index in sorted(range(_GRID.size), key=values.__getitem__)[-2:]:
        best = max(best, _zoom(probability, _GRID[max(index - 1, 0)], _GRID[min(index + 1, _GRID.size - 1)]))
    return min(1.0, best)


def _zoom(probability: Callable[[float], float], low: float, high: float) -> float:
    """The maximum of a function on [low, high], by narrowing a grid round its best point."""
    best = 0.0
    for _ in range(_ZOOM_ROUNDS):
        points = np.linspace(low, high, _ZOOM_POINTS)
        values = [probability(point) for point in points]
        top = int(np.argmax(values))
        best = max(best, values[top])
        low, high = float(points[max(top - 1, 0)]), float(points[min(top + 1, _ZOOM_POINTS - 1)])
    return best
