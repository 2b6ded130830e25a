"""Do two judges agree beyond chance, does a judge agree with people, and with itself when the order is swapped."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.core.interval import Interval
from audit.stats.paired import wilson
from audit.stats.quantiles import FloatArray, two_sided_normal

# Pseudo-items for the interval of kappa, spread over all cells. One per cell of a 2 x 2 table lifts the coverage at 20
# items from 0.04 to 0.95 where agreement is high and one verdict is rare.
_PSEUDO_ITEMS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share with Wilson's interval.

    Attributes:
        share: k / n, in [0, 1]; None without items.
        interval: Its interval; None without items.
        k: Items with the property.
        n: Items.
    """

    share: float | None
    interval: Interval | None
    k: int
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two raters agree on the same items.

    Attributes:
        agreement: Share of equal verdicts.
        kappa: Agreement beyond chance, in [-1, 1]; None without items, or where both raters always say the same.
        kappa_interval: Its interval, within [-1, 1]; None without items.
        n: Items.
    """

    agreement: Share
    kappa: float | None
    kappa_interval: Interval | None
    n: int


def share_of(k: int, n: int, *, level: float = 0.95) -> Share:
    """A count out of n as a share with Wilson's interval; None without items."""
    if n == 0:
        return Share(share=None, interval=None, k=0, n=0)
    return Share(share=k / n, interval=wilson(k, n, level=level), k=k, n=n)


def rater_agreement(first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.95) -> Agreement:
    """Agreement of two raters, plain and beyond chance.

    Args:
        first: Verdicts of one rater, shape (n,): text, bool or whole numbers.
        second: Verdicts of the other on the same items.
        level: Nominal coverage in (0, 1).

    Returns:
        The share of equal verdicts and Cohen's kappa, each with its interval. Kappa's is computed on the table with
        four pseudo-items spread over its cells, so it keeps a width under perfect agreement and its centre is pulled
        slightly towards 0.

    Special cases:
        No items: shares and intervals are None. Both raters give one and the same verdict throughout: kappa is None,
        its interval says how little that shows.

    Raises:
        ValueError: Shapes differ.

    Source:
        Cohen (1960), Educ. Psychol. Meas. 20:37-46; Fleiss, Cohen & Everitt (1969), Psychol. Bull. 72:323-327.
    """
    one, other = np.asarray(first), np.asarray(second)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"two raters need equal shapes of one dimension, got {one.shape} and {other.shape}")
    n = int(one.size)
    equal = share_of(int(np.count_nonzero(one == other)), n, level=level)
    if n == 0:
        return Agreement(agreement=equal, kappa=None, kappa_interval=None, n=0)
    labels = np.unique(np.concatenate([one, other]))
    # A rater who never varies still had the choice of another verdict.
    size = max(labels.size, 2)
    table = np.zeros((size, size))
    np.add.at(table, (np.searchsorted(labels, one), np.searchsorted(labels, other)), 1.0)
    kappa, _ = _kappa(table)
    centre, error = _kappa(table + _PSEUDO_ITEMS / size**2)
    interval = None
    if centre is not None:
        half = two_sided_normal(level) * error
        interval = Interval(low=max(centre - half, -1.0), high=min(centre + half, 1.0), level=level)
    return Agreement(agreement=equal, kappa=kappa, kappa_interval=interval, n=n)


def flip_rate(forward: npt.ArrayLike, swapped: npt.ArrayLike, *, level: float = 0.95) -> Share:
    """How often a judge's verdict changes when the two answers change places.

    Args:
        forward: Verdicts in one order, shape (n,), named by answer (for example "candidate"), not by position.
        swapped: Verdicts on the same items in the other order.
        level: Nominal coverage in (0, 1).

    Returns:
        The share of changed verdicts with its interval; 0 is a judge that position does not sway.

    Raises:
        ValueError: Shapes differ.
    """
    one, other = np.asarray(forward), np.asarray(swapped)
    if one.shape != other.shape or one.ndim != 1:
        raise ValueError(f"both orders need equal shapes of one dimension, got {one.shape} and {other.shape}")
    return share_of(int(np.count_nonzero(one != other)), int(one.size), level=level)


def _kappa(table: FloatArray) -> tuple[float | None, float]:
    """Kappa of a square table of counts and its large-sample error; None where chance alone agrees always."""
    n = float(table.sum())
    p = table / n
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    observed, expected = float(np.trace(p)), float(rows @ columns)
    if expected >= 1.0 - 1e-12:
        return None, math.inf
    kappa = (observed - expected) / (1.0 - expected)
    diagonal = np.diag(p) * ((1.0 - expected) - (columns + rows) * (1.0 - observed)) ** 2
    crossing = p * (columns[:, None] + rows[None, :]) ** 2
    off_diagonal = (1.0 - observed) ** 2 * float(crossing.sum() - np.trace(crossing))
    offset = (observed * expected - 2.0 * expected + observed) ** 2
    variance = (float(diagonal.sum()) + off_diagonal - offset) / (n * (1.0 - expected) ** 4)
    return kappa, math.sqrt(max(variance, 0.0))
