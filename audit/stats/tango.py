"""Tango's score test and interval for the delta of paired pass/fail verdicts, from three counts.

Pass/fail scores travel as counts, because everything about them is a function of these: `b` regressions (incumbent
passes, candidate fails), `c` gains, `n` pairs. The sign is the same everywhere: positive means the candidate is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from audit.core.interval import Interval
from audit.stats.quantiles import BoolArray, FloatArray, two_sided_normal

# 60 halvings of an interval of length 2 reach the spacing of floats near 1.
_BISECTION_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """What a paired pass/fail comparison comes down to.

    Attributes:
        b: Regressions: the incumbent passes and the candidate fails, >= 0.
        c: Gains: the incumbent fails and the candidate passes, >= 0.
        n: Pairs, >= b + c. Counts are whole, except after scaling for a finite log or for clusters.

    Raises:
        ValueError: A count is negative or not finite, or b + c exceeds n.
    """

    b: float
    c: float
    n: float

    def __post_init__(self) -> None:
        counts = (self.b, self.c, self.n)
        if not all(math.isfinite(count) and count >= 0 for count in counts):
            raise ValueError(f"counts must be finite and not negative, got b={self.b}, c={self.c}, n={self.n}")
        if self.b + self.c > self.n * (1 + 1e-12) + 1e-9:
            raise ValueError(f"b + c must not exceed n, got b={self.b}, c={self.c}, n={self.n}")

    @classmethod
    def of(cls, incumbent_passed: npt.ArrayLike, candidate_passed: npt.ArrayLike) -> PairCounts:
        """Count the pairs of two verdict arrays of shape (n,): bool, or 0/1 numbers.

        Raises:
            ValueError: The shapes differ, or a value is neither 0 nor 1 (a graded or a missing score).
        """
        incumbent, candidate = _verdicts(incumbent_passed), _verdicts(candidate_passed)
        if incumbent.shape != candidate.shape:
            raise ValueError(f"pairs need equal shapes, got {incumbent.shape} and {candidate.shape}")
        return cls(
            b=int(np.count_nonzero(incumbent & ~candidate)),
            c=int(np.count_nonzero(~incumbent & candidate)),
            n=int(incumbent.size),
        )

    @classmethod
    def of_shares(cls, incumbent_passed: npt.ArrayLike, candidate_shares: npt.ArrayLike) -> PairCounts:
        """Count the pairs of verdicts and of shares in [0, 1], shape (n,): a pair is split by its share.

        Raises:
            ValueError: The shapes differ, an incumbent's value is neither 0 nor 1, or a share is outside [0, 1].
        """
        incumbent, shares = _verdicts(incumbent_passed), np.asarray(candidate_shares, dtype=np.float64)
        if incumbent.shape != shares.shape:
            raise ValueError(f"pairs need equal shapes, got {incumbent.shape} and {shares.shape}")
        if shares.size and not (np.isfinite(shares).all() and shares.min() >= 0.0 and shares.max() <= 1.0):
            raise ValueError("shares must lie in [0, 1]")
        return cls(b=float((1.0 - shares[incumbent]).sum()), c=float(shares[~incumbent].sum()), n=int(incumbent.size))

    @property
    def delta(self) -> float | None:
        """Candidate pass rate minus incumbent pass rate, in [-1, 1]; None without pairs."""
        return (self.c - self.b) / self.n if self.n > 0 else None

    @property
    def discordance(self) -> float | None:
        """Share of pairs whose verdicts differ (psi), in [0, 1]; None without pairs."""
        return (self.b + self.c) / self.n if self.n > 0 else None

    @property
    def swapped(self) -> PairCounts:
        """The same pairs with the roles of the two arms exchanged."""
        return PairCounts(b=self.c, c=self.b, n=self.n)

    def scaled(self, factor: float) -> PairCounts:
        """All three counts times `factor` > 0: as many pairs as the sample is worth."""
        return PairCounts(b=self.b * factor, c=self.c * factor, n=self.n * factor)

    def __add__(self, other: PairCounts) -> PairCounts:
        return PairCounts(b=self.b + other.b, c=self.c + other.c, n=self.n + other.n)


def tango_z(counts: PairCounts, delta: float) -> float:
    """Tango's score statistic for the hypothesis that the true delta is `delta`.

    Args:
        counts: The pairs; counts may be fractional.
        delta: Hypothesised delta, in (-1, 1).

    Returns:
        A standard normal deviate under the hypothesis; positive when the sample's delta lies above `delta`.

    Special cases:
        No pairs, or no discordant pair at delta 0: 0. A sample that the hypothesis makes impossible: inf or -inf.

    Source:
        Tango (1998), Statistics in Medicine 17:891-908.
    """
    if counts.n == 0:
        return 0.0
    return float(tango_z_many(counts.b / counts.n, counts.c / counts.n, counts.n, delta))


def tango_z_many(p_b: npt.ArrayLike, p_c: npt.ArrayLike, n: npt.ArrayLike, delta: npt.ArrayLike) -> FloatArray:
    """`tango_z` for arrays that broadcast; p_b = b / n and p_c = c / n are shares in [0, 1], n > 0."""
    p_b, p_c, n, delta = (np.asarray(value, dtype=np.float64) for value in (p_b, p_c, n, delta))
    # q is the maximum-likelihood estimate of p_b under p_c - p_b = delta: the larger root of 2q² + Bq + C = 0.
    linear = -(p_b + p_c) + (2.0 - (p_c - p_b)) * delta
    constant = -p_b * delta * (1.0 - delta)
    root = np.sqrt(np.maximum(linear * linear - 8.0 * constant, 0.0))
    denominator = np.where(linear > 0, linear + root, 1.0)
    # For a positive linear term, root - linear cancels; the other form of the same root does not.
    q = np.where(linear > 0, -2.0 * constant / denominator, (root - linear) / 4.0)
    variance = 2.0 * q + delta * (1.0 - delta)
    excess = p_c - p_b - delta
    possible = variance > 1e-14
    z = np.sqrt(n) * excess / np.sqrt(np.where(possible, variance, 1.0))
    impossible = np.where(np.abs(excess) < 1e-12, 0.0, np.copysign(np.inf, excess))
    result: FloatArray = np.where(possible, z, impossible)
    return result


# The same counts come up at every margin and look that a policy is shown at, and the bisection is expensive.
@lru_cache(maxsize=16_384)
def tango(counts: PairCounts, *, level: float = 0.95) -> Interval:
    """Score interval of the delta of paired pass/fail verdicts.

    Of the intervals compared on 2,651 real pairs of models it is the only one that holds its level from n = 10
    on with both tails balanced, which a one-sided gate needs.

    Args:
        counts: The pairs. Fractional counts are meant: `finite_log` and `clusters` scale them.
        level: Nominal coverage in (0, 1).

    Returns:
        The interval of candidate minus incumbent, within [-1, 1].

    Special cases:
        No pairs: [-1, 1]. No discordant pairs: +-z²/(n + z²), never a point. All pairs regressions: the low end is -1.

    Source:
        Tango (1998), Statistics in Medicine 17:891-908.
    """
    low, high = tango_many([counts.b], [counts.c], [counts.n], level=level)
    return Interval(low=float(low[0]), high=float(high[0]), level=level)


def tango_many(
    b: npt.ArrayLike, c: npt.ArrayLike, n: npt.ArrayLike, *, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """`tango` for arrays of counts that broadcast: the low ends and the high ends."""
    b, c, n = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (b, c, n)))
    z = two_sided_normal(level)
    pairs = np.where(n > 0, n, 1.0)
    p_b, p_c = b / pairs, c / pairs
    estimate = p_c - p_b
    # z(delta) falls from one side of the estimate to the other, so each end is found by bisection: row 0 the low one.
    side = np.array([1.0, -1.0]).reshape((2,) + (1,) * estimate.ndim)
    outer = np.broadcast_to(-side, (2, *estimate.shape)).copy()
    inner = np.broadcast_to(estimate, outer.shape).copy()
    for _ in range(_BISECTION_STEPS):
        middle = (outer + inner) / 2.0
        outside = side * tango_z_many(p_b, p_c, pairs, middle) > z
        outer, inner = np.where(outside, middle, outer), np.where(outside, inner, middle)
    low, high = outer
    return np.where(n > 0, low, -1.0), np.where(n > 0, high, 1.0)


def _verdicts(values: npt.ArrayLike) -> BoolArray:
    """Verdicts as bool; anything that is neither 0 nor 1 is refused."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"verdicts must have one dimension, got shape {array.shape}")
    if array.dtype == np.bool_:
        return array
    if array.size and not np.isin(array, (0, 1)).all():
        raise ValueError("verdicts must be 0 or 1: use graded_delta for graded scores, count missing ones")
    return array.astype(np.bool_)
