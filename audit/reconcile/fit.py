"""What makes the log's dollars the bill's, all over it: the hour at which days begin, another way of pricing or
counting, one factor, or one of a model. A way is taken only where it makes most of the places that it changes agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import combinations

import numpy as np
import numpy.typing as npt

from audit.core.reconciliation import Cause
from audit.reconcile.grid import EXACT, OF_UTC, RELATIVE, BillClock, Grid
from audit.reconcile.logged import Array

QUARTERED = (23, 35, 51, 55)
"""Quarter hours of the zones that are no half hour from UTC: Nepal, Eucla, and Chatham in winter and in summer."""
SHIFTS = tuple(sorted((*range(-48, 57, 2), *QUARTERED), key=lambda shift: (abs(shift), -shift)))
"""Quarter hours that a bill's clock may be ahead of UTC: -12 to +14 hours, the least first."""
PRICES_OF_CACHED = (1.0, 3.0, 9.0)
"""What cached tokens would cost more at the full price, as multiples of what they do: a half, a quarter, a tenth."""
LEAST_CELLS = 3
"""Places that must agree before anything is concluded from them: one parameter always fits one place."""
MOST = 2 / 3
"""Part of the dollars of the places that a cause changes which must agree with it."""
COST = 0.002
"""Part of the compared dollars that a further cause must make agree to be worth naming."""
LIKELIEST = 8
"""Combinations for which the factors of single models are looked for too."""
WHOLE = 0.9
"""Part of a period for which a log must have records to be compared: with few calls, a day begins late."""
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One way to see the log. Arrays are (periods, models).

    Attributes:
        clock: What the bill's days begin by.
        ways: Other ways of pricing and counting that are taken.
        cached_at: The multiple of `PRICES_OF_CACHED` by which the bill's cached tokens are put back; 0 for none.
        factor: Of all models.
        rates: Factor of a model over `factor`, by its column; 1 for most.
        counted: USD of the log in each period, counted in these ways.
        covered: Quarter hours of each period for which the log has records.
    """

    clock: BillClock = OF_UTC
    ways: tuple[Cause, ...] = ()
    cached_at: float = 0.0
    factor: float = 1.0
    rates: Array
    counted: Array
    covered: Array

    def expected(self, grid: Grid) -> Array:
        """What the bill would say by this."""
        return self.counted * self.factor * self.rates - self.cached_at * _put_back(grid)

    @property
    def causes(self) -> int:
        """How many things it takes to be so."""
        own = self.clock.causes + (self.cached_at != 0) + (self.factor != 1) + len(self.ways)
        return int(own + (self.rates != 1).sum())


def agrees(grid: Grid, expected: Array) -> Mask:
    """Where the bill says what is expected, but for rounding and `RELATIVE`."""
    allowed = grid.slack + RELATIVE * np.maximum(np.abs(grid.bill), np.abs(expected))
    return np.asarray(np.abs(grid.bill - expected) <= allowed)


def comparable(grid: Grid, fit: Fit) -> Mask:
    """Places that can tell something: both have dollars, the log has records for the period and knows all costs."""
    whole = fit.covered >= WHOLE * grid.slots
    priced = grid.laid(grid.logged.unpriced, fit.clock) == 0
    return np.asarray((grid.bill > 0) & (fit.counted > 0) & whole[:, None] & priced)


def best_fit(grid: Grid) -> Fit:
    """The way that makes most of the bill's dollars agree, with as few causes as do; each is confirmed by itself."""
    banned: set[Cause] = set()
    while True:
        likely = nlargest(LIKELIEST, _ways(grid, banned), key=lambda fit: _promise(grid, fit))
        found = max((_with_factors(grid, fit, banned) for fit in likely), key=lambda fit: _worth(grid, fit))
        wrong = [cause for cause, without in _without(grid, found) if not _confirmed(grid, found, without)]
        if not wrong:
            return found
        banned.add(wrong[0])


def _ways(grid: Grid, banned: set[Cause]) -> Iterator[Fit]:
    """Every combination that is allowed, without factors; the one without any cause comes first."""
    ways = [cause for cause in grid.logged.otherwise if cause not in banned]
    clocks = [OF_UTC]
    if Cause.TIME_ZONE not in banned:
        clocks = [*map(BillClock, SHIFTS), *grid.changing()]
    cached = (0.0, *PRICES_OF_CACHED) if Cause.CACHE_UNCOUNTED not in banned and _put_back(grid).any() else (0.0,)
    heard = 1 - grid.logged.silent
    for clock in clocks:
        laid = {cause: grid.laid(grid.logged.otherwise[cause], clock) for cause in ways}
        plain, covered = grid.laid(grid.logged.usd, clock), grid.laid(heard, clock)
        for size in range(len(ways) + 1):
            for taken in combinations(ways, size):
                counted = plain + sum((laid[cause] for cause in taken), np.zeros_like(plain))
                for multiple in cached:
                    yield Fit(
                        clock=clock,
                        ways=taken,
                        cached_at=multiple,
                        rates=np.ones(len(grid.models)),
                        counted=counted,
                        covered=covered,
                    )


def _promise(grid: Grid, fit: Fit) -> tuple[float, int, int]:
    """What agrees under one factor for all, less what the causes cost: enough to tell hours and ways of counting apart,
    before the factors of single models are looked for."""
    _, agreeing = _factor(grid, fit, comparable(grid, fit))
    cost = COST * fit.causes * float(grid.bill[grid.bill > 0].sum())
    return round(float(grid.bill[agreeing].sum()) - cost, 6), -fit.causes, -abs(fit.clock.shift)


def _put_back(grid: Grid) -> Array:
    """The bill's cached tokens, of models of which the log counts none."""
    return np.asarray(grid.cached * (grid.logged.cached.sum(axis=0) == 0))


def _with_factors(grid: Grid, fit: Fit, banned: set[Cause]) -> Fit:
    """The same with the factor of all models and those of single models, where the figures show any."""
    usable = comparable(grid, fit)
    factor, agreeing = _factor(grid, fit, usable)
    if factor != 1 and (Cause.SHARE_OFF in banned or not _is_general(grid, usable, agreeing)):
        factor, agreeing = 1.0, usable & agrees(grid, replace(fit, factor=1.0).expected(grid))
    rates = fit.rates.copy()
    if Cause.MODEL_RATE not in banned and len(grid.models) > 1:
        for column in map(int, np.flatnonzero(usable.sum(axis=0) >= LEAST_CELLS)):
            own, mask = _factor(grid, fit, usable[:, [column]], column)
            like, unlike = (_mostly(grid, usable, found, column) for found in (mask[:, 0], ~agreeing[:, column]))
            if like and unlike and mask.sum() >= LEAST_CELLS:
                rates[column] = own / factor
    return replace(fit, factor=factor, rates=rates)


def _factor(grid: Grid, fit: Fit, usable: Mask, column: int | None = None) -> tuple[float, Mask]:
    """The factor at which most of the bill's dollars agree, and where; 1 where that is as good."""
    pick = slice(None) if column is None else [column]
    bill = (grid.bill + fit.cached_at * _put_back(grid))[:, pick][usable]
    counted = fit.counted[:, pick][usable]
    allowed = (grid.slack + RELATIVE * np.abs(grid.bill))[:, pick][usable]
    where = np.zeros_like(usable)
    if not len(bill):
        return 1.0, where
    low, high = (bill - allowed) / counted, (bill + allowed) / counted
    plain = (low <= 1) & (high >= 1)
    best = stabbed(low, high, bill)
    inside = (low <= best) & (high >= best)
    if bill[plain].sum() >= bill[inside].sum() - COST * bill.sum():
        best, inside = 1.0, plain
    else:
        best = float(bill[inside].sum() / counted[inside].sum())
        inside = np.abs(bill - best * counted) <= allowed + RELATIVE * bill
    where[usable] = inside
    return best, where


def stabbed(low: Array, high: Array, weight: Array) -> float:
    """The point that lies in intervals of the largest weight together; of several, the first."""
    points = np.concatenate([low, high])
    order = np.lexsort((np.repeat([0, 1], len(low)), points))
    held = np.cumsum(np.concatenate([weight, -weight])[order])
    return float(points[order][int(np.argmax(held))])


def _is_general(grid: Grid, usable: Mask, agreeing: Mask) -> bool:
    """Whether a factor is one of the bill and not of a model: half of its dollars and most of its models have it."""
    if agreeing.sum() < LEAST_CELLS or grid.bill[agreeing].sum() < grid.bill[usable].sum() / 2:
        return False
    compared = np.flatnonzero(usable.any(axis=0))
    return sum(_mostly(grid, usable, agreeing[:, column], int(column)) for column in compared) * 2 > len(compared)


def _mostly(grid: Grid, usable: Mask, where: Mask, column: int) -> bool:
    """Whether places hold most of a model's dollars."""
    bill, of = grid.bill[:, column], usable[:, column]
    return bool(bill[where & of].sum() >= MOST * bill[of].sum() > 0)


def agreed_share(grid: Grid, fit: Fit) -> float:
    """Part of the bill's dollars that agree, less what the causes cost."""
    return _worth(grid, fit)[0] / max(float(grid.bill[grid.bill > 0].sum()), EXACT)


def _worth(grid: Grid, fit: Fit) -> tuple[float, int, int]:
    """What agrees, less what its causes cost; then the fewest causes and the least shift."""
    usable = comparable(grid, fit)
    good = usable & agrees(grid, fit.expected(grid))
    cost = COST * fit.causes * float(grid.bill[grid.bill > 0].sum())
    return round(float(grid.bill[good].sum()) - cost, 6), -fit.causes, -abs(fit.clock.shift)


def _without(grid: Grid, fit: Fit) -> Sequence[tuple[Cause, Fit]]:
    """The fit with one of its causes left out at a time."""
    found: list[tuple[Cause, Fit]] = []
    if fit.clock.causes:
        found.append((Cause.TIME_ZONE, replace(fit, clock=OF_UTC, counted=_counted(grid, OF_UTC, fit.ways))))
    for cause in fit.ways:
        rest = tuple(way for way in fit.ways if way is not cause)
        found.append((cause, replace(fit, ways=rest, counted=_counted(grid, fit.clock, rest))))
    if fit.cached_at:
        found.append((Cause.CACHE_UNCOUNTED, replace(fit, cached_at=0.0)))
    if fit.factor != 1:
        found.append((Cause.SHARE_OFF, replace(fit, factor=1.0)))
    return found


def _counted(grid: Grid, clock: BillClock, ways: Sequence[Cause]) -> Array:
    """The log's dollars by period, counted in some ways."""
    return grid.laid(grid.logged.usd + sum((grid.logged.otherwise[way] for way in ways), np.zeros(())), clock)


def _confirmed(grid: Grid, fit: Fit, without: Fit) -> bool:
    """Whether the places that a cause changes beyond doubt agree with it, and enough of them."""
    expected, other = fit.expected(grid), without.expected(grid)
    allowed = grid.slack + RELATIVE * np.maximum(np.abs(grid.bill), np.abs(expected))
    changed = comparable(grid, fit) & (np.abs(expected - other) > 2 * allowed)
    good = changed & agrees(grid, expected)
    return bool(good.sum() >= LEAST_CELLS and grid.bill[good].sum() >= MOST * grid.bill[changed].sum())
