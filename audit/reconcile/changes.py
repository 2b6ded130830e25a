"""A price that changed within a bill's time: a discount that began, a tier of volume that was reached, a new list.

From some day on, or until one, a model or all of them cost a constant multiple of what is expected. What was found of
the whole bill holds on the other days.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.reconcile.fit import Mask, stabbed
from audit.reconcile.grid import RELATIVE, Grid
from audit.reconcile.logged import Array

LEAST = 4
"""Places that must agree on one multiple: one model on as many days, or all of them on fewer."""
MOST = 0.9
"""Part of the dollars between the first and the last of these places that must be at that multiple."""
TIMES = 6
"""How often another change of a price is looked for: volume has few tiers."""


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A stretch of periods at another multiple.

    Attributes:
        model: Whose price it is; None for all models.
        factor: Times what is expected.
        first, last: Rows of the grid.
        where: The places that it explains, and the days on which it began or ended within.
    """

    model: str | None
    factor: float
    first: int
    last: int
    where: Mask


def price_changes(grid: Grid, expected: Array, usable: Mask, unexplained: Mask) -> Iterator[PriceChange]:
    """The changes that make unexplained places agree, those of all models first.

    Args:
        grid: The bill.
        expected: What it would say by what was found of all of it.
        usable: Places that can tell something.
        unexplained: Of all places, those that no other cause explains.
    """
    left = unexplained.copy()
    told = np.flatnonzero((usable & unexplained).any(axis=0))
    groups: list[tuple[str | None, Sequence[int]]] = [(grid.models[column], [column]) for column in map(int, told)]
    if len(told) > 1:
        groups.insert(0, (None, range(len(grid.models))))
    for model, columns in groups:
        edges = _edges(usable, columns)
        passed_by = np.zeros_like(left)
        for _ in range(TIMES):
            found = _change(grid, expected, usable, left & ~passed_by, (model, columns))
            if found is None:
                break
            if not edges & {found.first, found.last}:
                passed_by |= found.where  # it may touch one that is found next
                continue
            yield found
            left &= ~found.where
            passed_by[:] = False
            edges |= {row + step for row in map(int, np.flatnonzero(found.where.any(axis=1))) for step in (-1, 1)}


def _edges(usable: Mask, columns: Sequence[int]) -> set[int]:
    """The first and the last row of some models: a change lasts to an end of the bill, or to another change."""
    rows = np.flatnonzero(usable[:, columns].any(axis=1))
    return {int(rows[0]), int(rows[-1])} if len(rows) else set()


def _change(
    grid: Grid, expected: Array, usable: Mask, left: Mask, of: tuple[str | None, Sequence[int]]
) -> PriceChange | None:
    """The multiple at which most of what is left of some models agrees, where it is that of a whole stretch."""
    model, columns = of
    picked = np.zeros_like(left)
    picked[:, columns] = True
    open_ = picked & left & usable & (expected > 0)
    if open_.sum() < LEAST:
        return None
    allowed = grid.slack + RELATIVE * np.abs(grid.bill)
    low, high = ((grid.bill + side * allowed)[open_] / expected[open_] for side in (-1, 1))
    at = stabbed(low, high, grid.bill[open_])
    inside = np.zeros_like(left)
    inside[open_] = (low <= at) & (high >= at)
    factor = float(grid.bill[inside].sum() / expected[inside].sum())
    rows = np.flatnonzero(inside.any(axis=1))
    first, last = int(rows[0]), int(rows[-1])
    stretch = picked & usable & _rows(grid, first, last)
    if inside.sum() < LEAST or grid.bill[inside].sum() < MOST * grid.bill[stretch].sum():
        return None
    # A change within a day leaves that day between the two prices.
    between = np.abs(grid.bill - (1 + factor) / 2 * expected) <= abs(factor - 1) / 2 * expected + allowed
    beside = picked & left & between & (_rows(grid, first - 1, first - 1) | _rows(grid, last + 1, last + 1))
    return PriceChange(model, factor, first, last, inside | beside)


def _rows(grid: Grid, first: int, last: int) -> npt.NDArray[np.bool_]:
    """The rows from one to another, as a column."""
    numbers = np.arange(len(grid.periods))
    return ((numbers >= first) & (numbers <= last))[:, None]
