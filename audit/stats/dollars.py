"""Which share of the spend was avoidable: dollar-weighted draws, and the share they estimate.

Costs are heavy-tailed: one record in a hundred can be a third of the spend. Drawing records at random and scaling up
covers 0.43 to 0.91 of nominal 0.95; drawing dollars holds its level from ten draws on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from audit.core.interval import Estimate, Interval
from audit.stats.quantiles import FloatArray, IntArray, finite_vector, two_sided_t


class DollarDraw(NamedTuple):
    """A draw with replacement; unpack it as `indices, probabilities`.

    Attributes:
        indices: Drawn records, shape (n,), sorted; a record drawn m times stands m times and is replayed once.
        probabilities: Probability of each of them in one draw, shape (n,).
    """

    indices: IntArray
    probabilities: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareEstimate:
    """A share of spend and its interval; multiply both by the known spend.

    Attributes:
        share: The estimate at the centre of the interval, pulled towards the middle of the range by two
            pseudo-records; None without draws.
        observed: The plain weighted mean of the draws; None without draws.
        interval: Interval of the share; None without draws.
        n: Draws, with multiplicity.
    """

    share: float | None
    observed: float | None
    interval: Interval | None
    n: int


def draw_probabilities(costs: npt.ArrayLike, *, power: float = 1.0) -> FloatArray:
    """The probability of each record in one draw: its cost to the power, over the sum.

    Args:
        costs: Billed dollars of each record, shape (N,), >= 0.
        power: 1 draws dollars; 0.75 halves the replay bill for a tenth more width; in [0, 1].

    Returns:
        Shape (N,), adding up to 1. The price of a replayed draw is this times the records' replay prices, summed.

    Special cases:
        A record that cost nothing is never drawn, whatever the power: count such records separately.

    Raises:
        ValueError: A cost is negative or missing, all are zero, or the power is out of range.
    """
    dollars = finite_vector("costs", costs)
    if not 0.0 <= power <= 1.0:
        raise ValueError(f"power must lie in [0, 1], got {power}")
    if (dollars < 0).any():
        raise ValueError("costs must not be negative")
    if not (dollars > 0).any():
        raise ValueError("no record has a cost: there are no dollars to draw from")
    # To the power of 1 they are themselves; of a route with many million requests every copy counts.
    size = dollars if power == 1.0 else np.where(dollars > 0, dollars**power, 0.0)
    probabilities: FloatArray = size / size.sum()
    return probabilities


def dollar_unit_draw(costs: npt.ArrayLike, n: int, *, power: float = 1.0, rng: np.random.Generator) -> DollarDraw:
    """Draw n records with replacement, with probability by cost.

    Args:
        costs: Billed dollars of each record, shape (N,), >= 0.
        n: Draws, >= 0.
        power: See `draw_probabilities`.
        rng: The source of chance, made from a stored seed.

    Returns:
        The drawn records, sorted, and their probabilities.

    Raises:
        ValueError: As `draw_probabilities`, or n is negative.

    Source:
        Hansen & Hurwitz (1943), Ann. Math. Statist. 14:333-362; in auditing: monetary-unit sampling.
    """
    if n < 0:
        raise ValueError(f"n must not be negative, got {n}")
    probabilities = draw_probabilities(costs, power=power)
    cumulative = np.cumsum(probabilities)
    # Own inversion of uniform draws: `Generator.choice` may change its stream between versions of numpy.
    drawn = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    last = probabilities.size - 1 - int(np.argmax(probabilities[::-1] > 0))
    indices: IntArray = np.sort(np.minimum(drawn, last)).astype(np.int64)
    return DollarDraw(indices=indices, probabilities=probabilities[indices])


def pooled_masses(costs: npt.ArrayLike, *, quality_rate: float, dollar_draws: float, spend: float) -> FloatArray:
    """The dollars that each draw of two pooled samples stands for, up to a common factor.

    A record of cost c is expected `quality_rate + dollar_draws * c / spend` times in both samples together; its cost
    over that is what one appearance stands for.

    Args:
        costs: Of the drawn records, shape (n,), > 0.
        quality_rate: Chance of a record to be in the equal-probability sample, in [0, 1].
        dollar_draws: Dollar-weighted draws.
        spend: Dollars that these were drawn from, > 0.

    Source:
        Veach & Guibas (1995), SIGGRAPH, the balance heuristic; in surveys: pooled Hansen-Hurwitz (Bankier 1986).
    """
    dollars = finite_vector("costs", costs)
    masses: FloatArray = dollars / (quality_rate + dollar_draws * dollars / spend)
    return masses


def pooled_share(z: npt.ArrayLike, masses: npt.ArrayLike, *, level: float = 0.95, z_low: float = 0.0) -> ShareEstimate:
    """A share of spend from draws of unequal mass, with two pseudo-draws: one saves everything, one is the worst case.

    Rare answers of enormous cost may be in no draw at all. What bounds them is the price of the longest answer that is
    allowed, so the worst pseudo-draw is the share saved if every answer ran to that length: with n draws it widens the
    interval by about three of its n-th parts, as the rule of three does for an event that was never seen.

    Args:
        z: Share saved on each draw, shape (n,), at most 1; may lie far below `z_low` on a request that cost little.
        masses: From `pooled_masses`, shape (n,), > 0.
        level: Nominal coverage in (0, 1).
        z_low: Share saved in the worst case, at most 1.

    Special cases:
        No draws: share, observed and interval are None.
        Nothing can be billed, so that even the worst case saves everything: the share is 1, known without error.

    Source:
        docs/method/dollars.md; Student t on the linearised ratio (Saerndal, Swensson & Wretman 1992, section 5.7).
    """
    values, sizes = finite_vector("z", z), finite_vector("masses", masses)
    if values.size == 0:
        return ShareEstimate(share=None, observed=None, interval=None, n=0)
    if values.shape != sizes.shape or (sizes <= 0).any():
        raise ValueError("masses must be positive, one per draw")
    if z_low >= 1.0:
        everything = Interval(low=1.0, high=1.0, level=level)
        return ShareEstimate(share=1.0, observed=1.0, interval=everything, n=int(values.size))
    return _with_pseudo_draws(values, sizes, level=level, ends=(z_low, 1.0))


def _with_pseudo_draws(
    values: FloatArray, sizes: FloatArray, *, level: float, ends: tuple[float, float]
) -> ShareEstimate:
    mean_size = float(sizes.mean())
    augmented = np.concatenate([values, ends])
    masses = np.concatenate([sizes, [mean_size, mean_size]])
    n = augmented.size
    share = float(masses @ augmented / masses.sum())
    residuals = masses * (augmented - share) / masses.mean()
    half = two_sided_t(level, n - 1) * math.sqrt(float(residuals @ residuals) / (n - 1) / n)
    return ShareEstimate(
        share=share,
        observed=float(sizes @ values / sizes.sum()),
        interval=Interval(low=share - half, high=min(share + half, ends[1]), level=level),
        n=int(values.size),
    )


def combine_sums(estimates: Sequence[Estimate]) -> Estimate:
    """The sum of independent estimates, with the distances to the ends added in quadrature on each side.

    Args:
        estimates: Dollar estimates of disjoint parts with separate draws, all at one level; at least one.

    Returns:
        The sum and its interval at the same level. Exactly known parts shift it and add no width.

    Special cases:
        A part without an end makes that end of the sum None. Parts drawn together are not independent: estimate
        their sum from the joint draw instead.

    Raises:
        ValueError: There is no estimate, or the levels differ.

    Source:
        MOVER: Zou & Donner (2008), Statistics in Medicine 27:1693-1702.
    """
    if not estimates:
        raise ValueError("there is no estimate to add")
    level = estimates[0].level
    if any(not math.isclose(part.level, level) for part in estimates):
        raise ValueError("estimates at different levels cannot be added")
    total = math.fsum(part.est for part in estimates)
    below = [None if part.lo is None else part.est - part.lo for part in estimates]
    above = [None if part.hi is None else part.hi - part.est for part in estimates]
    return Estimate(est=total, lo=_shifted(total, below, -1.0), hi=_shifted(total, above, 1.0), level=level)


def _shifted(centre: float, distances: Sequence[float | None], side: float) -> float | None:
    known = [distance for distance in distances if distance is not None]
    if len(known) < len(distances):
        return None
    return centre + side * math.sqrt(math.fsum(distance * distance for distance in known))
