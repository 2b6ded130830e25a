"""The true change of quality from labels of randomly drawn pairs, with a judge that has looked at all of them.

What the judge says divides the draws into strata: it saw a loss, nothing, or a gain. How often each occurs is known
from every draw; what each is worth is known from the labelled draws in it. So the judge's error, whatever it is and on
whose answers it is made, is measured where it matters and assumed nowhere: a useless judge only makes the strata alike.

Intervals by Student's t (PPI++) hold less than they say where losses are few: of claims at the edge of the margin up to
18 % passed a test at 5 %, with a judge that takes some losses for gains. So the shares of each stratum have exact
limits, and the limits are combined.

Source:
    Angelopoulos, Duchi & Zrnic (2023), PPI++, arXiv 2311.01453; Fisch et al. (2024), Stratified prediction-powered
    inference, arXiv 2406.04291; Clopper & Pearson (1934), Biometrika 26:404-413; Zou & Donner (2008), Statistics in
    Medicine 27:1693-1702, for limits of a sum from limits of its parts; docs/method/random-labels.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from audit.core.interval import Interval
from audit.core.labels import LabelCounts
from audit.stats.group_sequential import Prospects
from audit.stats.quantiles import BoolArray, FloatArray, check_open_unit, upper_normal

LEAST_IN_STRATUM = 10
"""Labelled draws below which a stratum does not stand alone (`joined`)."""

SPENT = 0.8
"""Part of the error that the limits are worked out at: combined limits of several small shares miss a little more often
than each by itself (up to 6 % where 5 % is asked, measured)."""

_STEPS = 40
"""Halvings of the search for a p-value: far below any digit that is printed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledDraws:
    """Draws of a claim, of which people have judged a random part. All arrays have shape (n,).

    Attributes:
        said: What the judge makes of each: candidate less log, in {-1, 0, 1}; 0 where it said nothing.
        low: The true difference at its worst, in [-1, 1]; NaN where nobody knows anything.
        high: The same at its best: above `low` where people disagree or could not tell.
        people: It is known from a label. What is known without one is known of all such draws.
    """

    said: FloatArray
    low: FloatArray
    high: FloatArray
    people: BoolArray

    def __post_init__(self) -> None:
        if not self.said.shape == self.low.shape == self.high.shape == self.people.shape:
            raise ValueError("draws need arrays of one shape")
        if np.isnan(self.low[self.people]).any() or (np.isnan(self.low) != np.isnan(self.high)).any():
            raise ValueError("a labelled draw needs both bounds of its difference")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StratumShares:
    """One end of what is known: mean and mean square of draws that need no label, and by stratum the shares lost and
    gained of the labelled."""

    mean: float
    square: float
    lost: FloatArray
    gained: FloatArray


def counts_of(draws: LabelledDraws) -> LabelCounts:
    """The draws by what the judge makes of them; what people cannot tell counts as a change, whichever way."""
    judged, waiting = draws.people, np.isnan(draws.low)
    changed = (draws.low[judged] != 0) | (draws.high[judged] != 0)
    said = [*draws.said[judged].tolist(), *draws.said[waiting].tolist()]
    return LabelCounts.of(said, changed.tolist(), draws=draws.said.size)


def mean_change(draws: LabelledDraws) -> float | None:
    """The estimate of the mean true difference; None where a label is needed and there is none."""
    weights, labelled = _strata(draws)
    if not draws.said.size or (weights.sum() > 0 and labelled.sum() == 0):
        return None
    ends = [_mean(_side(draws, values), weights, labelled) for values in (draws.low, draws.high)]
    return float(np.mean(ends))


def change_limits(draws: LabelledDraws, *, error: float) -> Interval:
    """A lower and an upper limit of the mean true difference, each wrong with at most `error`.

    Args:
        draws: Of the claim.
        error: One-sided, in (0, 0.5].

    Returns:
        Limits within [-1, 1]; `level` is 1 less both errors.

    Special cases:
        No draws, or none labelled where labels are needed: [-1, 1].
    """
    level = 1.0 - 2.0 * error
    if not 0.0 < error <= 0.5:
        raise ValueError(f"error must lie in (0, 0.5], got {error}")
    if mean_change(draws) is None:
        return Interval(low=-1.0, high=1.0, level=level)
    weights, labelled = _strata(draws)
    low, high = _side(draws, draws.low), _side(draws, draws.high)
    error *= SPENT
    below = _mean(low, weights, labelled) - reach_below(low, weights, labelled, error, draws.said.size)
    above = _mean(high, weights, labelled) + reach_below(_turned(high), weights, labelled, error, draws.said.size)
    return Interval(low=max(below, -1.0), high=min(above, 1.0), level=level)


def p_noninferior(draws: LabelledDraws, *, margin: float) -> float:
    """p-value of "the true loss is the margin or more": the least error at which the lower limit lies above -margin.

    Args:
        draws: Of the claim.
        margin: Accepted loss, in (-1, 1).

    Special cases:
        The lower limit never does, or nothing is known: 1.
    """
    return _least_error(lambda error: change_limits(draws, error=error).low > -margin)


def p_inferior(draws: LabelledDraws, *, margin: float) -> float:
    """p-value of "the true loss is the margin or less", likewise."""
    return _least_error(lambda error: change_limits(draws, error=error).high < -margin)


def prospects(draws: LabelledDraws, *, margin: float, times: float, error: float) -> Prospects:
    """Chances that a limit decides in the end, when the judge has looked at so many times the draws and these are like
    those so far.

    People judge the beginning of the draws. Where some of these have no label yet, all labels are there, and further
    draws only make the strata better known; else labels are taken to come as draws do.

    Args:
        draws: Of the claim so far.
        margin: Accepted loss.
        times: Draws in the end, in draws so far, at least 1.
        error: One-sided, of the limit that decides.

    Special cases:
        Nothing is known: both 1, nothing speaks against going on.

    Source:
        Lan & Wittes (1988), Biometrics 44:579-585, the current trend, with these limits.
    """
    if mean_change(draws) is None:
        return Prospects(passing=1.0, failing=1.0)
    weights, labelled = _strata(draws)
    later = labelled if np.isnan(draws.low).any() else labelled * times
    low, high = _side(draws, draws.low), _side(draws, draws.high)

    def chance(side: StratumShares, beyond: float) -> float:
        """That the lower limit of this side lies above `beyond` in the end."""
        now = reach_below(side, weights, labelled, error * SPENT, draws.said.size)
        then = min(reach_below(side, weights, later, error * SPENT, round(draws.said.size * times)), now)
        ahead = _mean(side, weights, labelled) - then - beyond
        varies = math.sqrt(now**2 - then**2) / upper_normal(error * SPENT)
        return float(special.ndtr(ahead / varies)) if varies > 0 else float(ahead > 0)

    return Prospects(passing=chance(low, -margin), failing=chance(_turned(high), margin))


def _turned(side: StratumShares) -> StratumShares:
    """The same with losses for gains: an upper limit is a lower one of these."""
    return StratumShares(mean=-side.mean, square=side.square, lost=side.gained, gained=side.lost)


def _least_error(shown: Callable[[float], bool]) -> float:
    if not shown(0.5):
        return 1.0
    low, high = math.log(1e-12), math.log(0.5)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if shown(math.exp(middle)) else (middle, high)
    return math.exp(high)


def _strata(draws: LabelledDraws) -> tuple[FloatArray, FloatArray]:
    """By stratum its share of all draws, and its labelled draws. Which are too few to stand alone depends on their
    number alone, never on what the labels say."""
    of = _stratum_of(draws)
    needs = draws.people | np.isnan(draws.low)
    weights = np.bincount(of[needs], minlength=3) / max(draws.said.size, 1)
    return weights, np.bincount(of[draws.people], minlength=3).astype(float)


def joined(labelled: FloatArray, least: float = LEAST_IN_STRATUM) -> npt.NDArray[np.int64]:
    """With which stratum each goes: the one with the fewest labels, while it has too few, with its neighbour.

    Neighbours are a loss and nothing, and nothing and a gain: what the judge says of them is nearest. Of two neighbours
    it is the one with fewer labels, of equal ones both. Only numbers of labels decide, never what the labels say, so
    that the limits of the strata that are left hold as they would have without a choice.

    Args:
        labelled: Labels of each stratum, shape (3,): a loss, nothing, a gain; they may be expected ones.
        least: Labels that a stratum needs.

    Returns:
        By stratum the place of the one that it is counted in, shape (3,).

    Special cases:
        All of them together have too few: one stratum.

    Source:
        Cochran (1977), Sampling Techniques, section 5A.12, collapsed strata.
    """
    groups = [[0], [1], [2]]

    def size(group: list[int]) -> float:
        return float(sum(labelled[one] for one in group))

    while len(groups) > 1:
        place = min(range(len(groups)), key=lambda one: size(groups[one]))
        if size(groups[place]) >= least:
            break
        beside = [one for one in (place - 1, place + 1) if 0 <= one < len(groups)]
        fewest = min(size(groups[one]) for one in beside)
        together = sorted([place, *(one for one in beside if size(groups[one]) == fewest)])
        groups[together[0] : together[-1] + 1] = [[one for place in together for one in groups[place]]]
    of = np.zeros(3, np.int64)
    for group in groups:
        of[group] = 1 if 1 in group else group[0]
    return of


def _stratum_of(draws: LabelledDraws) -> npt.NDArray[np.int64]:
    of = np.sign(draws.said).astype(np.int64) + 1
    return joined(np.bincount(of[draws.people], minlength=3).astype(float))[of]


def _side(draws: LabelledDraws, values: FloatArray) -> StratumShares:
    of, n = _stratum_of(draws), draws.said.size
    known = values[~draws.people & ~np.isnan(values)]
    told, where = values[draws.people], of[draws.people]
    counted = np.maximum(np.bincount(where, minlength=3), 1)
    return StratumShares(
        mean=float(known.sum()) / n,
        square=float((known**2).sum()) / n,
        lost=np.bincount(where, weights=np.maximum(-told, 0.0), minlength=3) / counted,
        gained=np.bincount(where, weights=np.maximum(told, 0.0), minlength=3) / counted,
    )


def _mean(side: StratumShares, weights: FloatArray, labelled: FloatArray) -> float:
    # A stratum that no label is in has no draws either, or is merged; it never tells anything here.
    return side.mean + float((weights * (side.gained - side.lost))[labelled > 0].sum())


def reach_below(side: StratumShares, weights: FloatArray, labelled: FloatArray, error: float, n: int) -> float:
    """How far the lower limit lies below the mean: labels by exact limits of each share, draws by the normal.

    Args:
        side: Shares lost and gained, by stratum, and what is known without labels.
        weights: Share of all draws that each stratum has, shape (3,).
        labelled: Labelled draws of each, shape (3,); they may be expected ones.
        error: At which the limits are worked out; callers take `SPENT` of what they ask for.
        n: Draws.
    """
    check_open_unit("error", error)
    used = labelled > 0
    weight, of = weights[used], labelled[used]
    lost, gained = side.lost[used], side.gained[used]
    more = _upper(lost * of, of, error) - lost
    less = gained - (1.0 - _upper(of - gained * of, of, error))
    # Both shares are of the same answers: what is lost is not gained.
    joint = np.sqrt(lost * gained / np.maximum((1.0 - lost) * (1.0 - gained), 1e-12))
    labels = float((weight**2 * (more**2 + less**2 + 2.0 * np.minimum(joint, 1.0) * more * less)).sum())
    if weight.size == 1 and weight[0] >= 1.0:
        return math.sqrt(labels)  # all draws are in one stratum, however they fell
    mean = side.mean + float((weight * (gained - lost)).sum())
    square = side.square + float((weight * (gained - lost) ** 2).sum())
    # Two more draws, one lost and one gained, stand for what so few draws may not have met.
    varies = (n * (square - mean**2) + 2.0) / (n + 2.0)
    return math.sqrt(labels + upper_normal(error) ** 2 * max(varies, 0.0) / n)


def _upper(k: FloatArray, n: FloatArray, error: float) -> FloatArray:
    """Exact upper limits of shares: k of n."""
    limits: FloatArray = np.where(k < n, special.betaincinv(k + 1.0, np.maximum(n - k, 1e-9), 1.0 - error), 1.0)
    return limits
