"""Looking at a comparison a few declared times: critical values, levels of the exact tests, and whether to go on.

The looks are declared before the first one. Two promises hold together: the intervals of all looks cover the truth at
once (Wang & Tsiatis boundary, by the joint normal distribution of the looks), and a wrong PASS at any of them has at
most probability alpha (exact p-values whose levels add up to alpha, so the dependence of the looks does not matter).
One look is the fixed-n test and the fixed-n interval.

Of the designs compared on the pairs of a real log at a margin of 3 points this keeps the power of the fixed sample
(0.74 against 0.77 at a loss of 1.1 points); the mixture e-process of `sequential` has 0.36. The e-process stays
for what has no schedule: watching a policy from month to month.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import optimize, special

from audit.stats.quantiles import FloatArray, check_open_unit
from audit.stats.tango import PairCounts, tango_z

MAX_LOOKS = 10

SHAPE = 0.25
"""Between a boundary that is the same at every look (0.5, Pocock) and one that is strict early (0, O'Brien-Fleming)."""

_NODES = 301
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One of the declared looks.

    Attributes:
        number: From 1.
        of: Declared looks.
        critical: The interval of this look is the deltas whose |z| is at most this.
        level: Nominal level of that interval, 1 - 2 Phi(-critical); over all looks together it is the declared one.
        alpha: Level of the exact test at this look; over all looks they add up to the declared one.
    """

    number: int
    of: int
    critical: float
    level: float
    alpha: float

    @property
    def last(self) -> bool:
        """Whether no look follows."""
        return self.number == self.of

    @property
    def deciding_error(self) -> float:
        """One-sided error of the limit that decides here: the test and the whole interval both have to hold."""
        return min(self.alpha, (1.0 - self.level) / 2.0)


@lru_cache(maxsize=64)
def declare_looks(count: int, *, alpha: float = 0.05, confidence: float = 0.95) -> tuple[Look, ...]:
    """The looks of a comparison that is looked at after equal steps of its sample.

    Args:
        count: Looks, 1 to `MAX_LOOKS`.
        alpha: Probability of any wrong PASS over all looks, in (0, 1).
        confidence: Probability that the intervals of all looks hold the truth, in (0, 1).

    Raises:
        ValueError: A value is out of range.

    Source:
        Wang & Tsiatis (1987), Biometrics 43:193-199; critical values by numerical integration (Armitage, McPherson &
        Rowe 1969) and rounded up to four digits.
    """
    check_open_unit("alpha", alpha)
    check_open_unit("confidence", confidence)
    if not 1 <= count <= MAX_LOOKS:
        raise ValueError(f"looks must lie in 1..{MAX_LOOKS}, got {count}")
    steps = np.arange(1, count + 1) / count
    scale = steps ** (SHAPE - 0.5)
    found = optimize.brentq(lambda c: _crossing(c * scale) - (1.0 - confidence), 0.01, 12.0, xtol=1e-7)
    critical = [math.ceil(c * 10**_DIGITS) / 10**_DIGITS for c in found * scale]
    tails = [float(special.ndtr(-c)) for c in critical]
    return tuple(
        Look(number=k, of=count, critical=c, level=1.0 - 2.0 * tail, alpha=alpha * tail / math.fsum(tails))
        for k, (c, tail) in enumerate(zip(critical, tails, strict=True), start=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospects:
    """Chances of deciding at the last look, if the rest of the sample is like what has been seen; each in [0, 1].

    Attributes:
        passing: Of showing that the loss is below the margin.
        failing: Of showing that it is above.
    """

    passing: float
    failing: float


def prospects(counts: PairCounts, *, margin: float, fraction: float, last: Look) -> Prospects:
    """What going on to the last look would probably show.

    Stopping a comparison for lack of prospects costs no guarantee: a stopped comparison is not certified.

    Args:
        counts: Pairs so far.
        margin: The accepted loss, in (0, 1).
        fraction: Part of the whole sample that they are, in (0, 1].
        last: The last look.

    Special cases:
        No pairs: both 1, nothing speaks against going on.

    Source:
        Lan & Wittes (1988), Biometrics 44:579-585, the B-value under the current trend.
    """
    if counts.n == 0:
        return Prospects(passing=1.0, failing=1.0)
    z = tango_z(counts, -margin)
    passing, failing = (chance_to_cross(side * z, fraction=fraction, critical=last.critical) for side in (1.0, -1.0))
    return Prospects(passing=passing, failing=failing)


def chance_to_cross(z: float, *, fraction: float, critical: float) -> float:
    """Chance that a score is at least a critical value at the end, if the rest of the sample is like what was seen.

    Args:
        z: The score so far.
        fraction: Part of the whole sample that it rests on, in (0, 1].
        critical: What it must reach.

    Source:
        Lan & Wittes (1988), Biometrics 44:579-585, the B-value under the current trend.
    """
    if fraction >= 1.0 or math.isinf(z):
        return float(z >= critical)
    # B(t) = z sqrt(t) grows by its present slope z / sqrt(t) over the rest of the sample.
    expected = z * math.sqrt(fraction) + z / math.sqrt(fraction) * (1.0 - fraction)
    return float(special.ndtr((expected - critical) / math.sqrt(1.0 - fraction)))


def chance_after_pilot(pilot: PairCounts, *, margin: float, times: float, last: Look) -> float:
    """Chance that a further, independent sample passes at the last look, going by a pilot sample, in [0, 1].

    Args:
        pilot: Its pairs.
        margin: The accepted loss, in (0, 1).
        times: Size of the further sample, in pilots, > 0.
        last: The last look at the further sample.

    Special cases:
        No pairs: 1, nothing speaks against going on.

    Source:
        Spiegelhalter, Freedman & Blackburn (1986), Controlled Clinical Trials 7:8-17, predictive power with no prior
        opinion: the score of the further sample has mean z sqrt(times) and variance 1 + times.
    """
    if pilot.n == 0:
        return 1.0
    z = tango_z(pilot, -margin)
    if math.isinf(z):
        return float(z > 0)
    return float(special.ndtr((z * math.sqrt(times) - last.critical) / math.sqrt(1.0 + times)))


@lru_cache(maxsize=1)
def _quadrature() -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [-1, 1]: they are the same for every boundary that is tried, and expensive to find."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _crossing(critical: FloatArray) -> float:
    """Probability that a standard normal score, looked at after equal steps, leaves its band at any look.

    The density of the sum after each step is carried on a grid over the band, and what leaves it is what is lost.
    """
    nodes, weights = _quadrature()
    half = critical[0]
    grid, weight = nodes * half, weights * half
    density = np.exp(-(grid**2) / 2.0) / math.sqrt(2.0 * math.pi)
    for number in range(2, len(critical) + 1):
        half = critical[number - 1] * math.sqrt(number)
        onward = nodes * half
        kernel = np.exp(-((onward[:, None] - grid[None, :]) ** 2) / 2.0) / math.sqrt(2.0 * math.pi)
        density = kernel @ (density * weight)
        grid, weight = onward, weights * half
    return 1.0 - float(density @ weight)
