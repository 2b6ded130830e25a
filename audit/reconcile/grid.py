"""A bill as a table of periods and models, beside which the log's dollars are laid at any hour at which days begin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from audit.core.reconciliation import Bill, BillLine, ChargeKind
from audit.reconcile.logged import SLOT_US, Array, Logged
from audit.reconcile.names import CommonNames

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
SLOTS_A_DAY = 48
RELATIVE = 0.005
"""A difference of no more than this part of an amount is none: a call at midnight is billed on the next day."""
EXACT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The usage on a bill. Arrays are (periods, models).

    Attributes:
        periods: Without a gap from the first to the last, in the bill's own time; most often days.
        models: Those of the bill and of the log, under common names; one, "", where the bill names none.
        bill: USD.
        slack: What rounding may have taken off or added, in USD.
        cached: Of `bill`, for tokens that were read from a cache.
        logged: The log under the same models.
        nameless_usd: Usage on the bill that is of no model, where other lines name theirs.
    """

    periods: tuple[tuple[datetime, datetime], ...]
    models: tuple[str, ...]
    bill: Array
    slack: Array
    cached: Array
    logged: Logged
    nameless_usd: float

    @property
    def slots(self) -> Array:
        """Length of each period in half hours."""
        return np.array([(end - start) / HALF_HOUR for start, end in self.periods])

    def laid(self, amounts: Array, shift: int) -> Array:
        """What the log has in each period.

        Args:
            amounts: By slot, and perhaps by model.
            shift: Half hours by which the bill's clock is ahead of UTC.
        """
        summed = np.concatenate([np.zeros((1, *amounts.shape[1:])), np.cumsum(amounts, axis=0)])
        edges = [(self._slot(start) - shift, self._slot(end) - shift) for start, end in self.periods]
        cut = np.clip(np.array(edges), 0, len(amounts))
        return np.asarray(summed[cut[:, 1]] - summed[cut[:, 0]])

    def _slot(self, moment: datetime) -> int:
        return int(moment.timestamp() * 1_000_000 // SLOT_US) - self.logged.first

    def column(self, model: str) -> int:
        """Where a model stands."""
        return self.models.index(model)


def lay_out(bill: Bill, logged: Logged, names: CommonNames) -> Grid:
    """The table for a bill and a log."""
    usage = [line for line in bill.lines if line.kind is ChargeKind.USAGE]
    named = any(names.of_item[line.item] for line in usage)
    if not named:
        names = CommonNames(dict.fromkeys(names.of_item, ""), dict.fromkeys(names.of_model, ""))
    under = logged.under(names.of_model)
    told = [line for line in usage if names.of_item[line.item] or not named]
    models = tuple(dict.fromkeys([*under.models, *(names.of_item[line.item] for line in told)]))
    periods = _periods(usage)
    shape = (len(periods), len(models))
    usd, slack, cached = np.zeros(shape), np.full(shape, EXACT), np.zeros(shape)
    starts = [start for start, _ in periods]
    for line in told:
        row = int(np.searchsorted(np.array([s.timestamp() for s in starts]), line.start.timestamp(), "right")) - 1
        at = row, models.index(names.of_item[line.item])
        usd[at] += line.usd
        slack[at] += bill.unit_usd / 2
        cached[at] += line.usd if line.cached else 0.0
    return Grid(
        periods=periods,
        models=models,
        bill=usd,
        slack=slack,
        cached=cached,
        logged=_widened(under, models),
        nameless_usd=sum(line.usd for line in usage if named and not names.of_item[line.item]),
    )


def _widened(logged: Logged, models: Sequence[str]) -> Logged:
    """The log with a column for each model of the bill too, empty where it has none of its calls."""
    more = len(models) - len(logged.models)

    def wide(amounts: Array) -> Array:
        return np.pad(amounts, ((0, 0), (0, more)))

    return Logged(
        first=logged.first,
        models=tuple(models),
        usd=wide(logged.usd),
        otherwise={cause: wide(usd) for cause, usd in logged.otherwise.items()},
        unpriced=wide(logged.unpriced),
        cached=wide(logged.cached),
        seen=logged.seen,
        no_time_usd=logged.no_time_usd,
    )


def _periods(lines: Iterable[BillLine]) -> tuple[tuple[datetime, datetime], ...]:
    """The times of a bill's lines, made to touch and not to overlap: hours are put together to days."""
    lines = list(lines)
    # Lines with a time each and no end are taken to be of a day from it on; days begin at one hour, or at two in the
    # month of a change of clocks.
    moments = len({line.start.time() for line in lines if line.end - line.start == DAY}) > 2
    spans = sorted({_span(line, moments) for line in lines})
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    filled: list[tuple[datetime, datetime]] = []
    for start, end in joined:
        if filled and filled[-1][1] < start:
            filled += _days(filled[-1][1], start)
        filled.append((start, end))
    return tuple(filled)


def _span(line: BillLine, moments: bool) -> tuple[datetime, datetime]:
    """The time of a line; the day of one that is for less, or is of a moment."""
    if line.end - line.start >= DAY - HALF_HOUR * 2 and not (moments and line.end - line.start == DAY):
        return line.start, line.end
    day = datetime(line.start.year, line.start.month, line.start.day, tzinfo=UTC)
    return day, day + DAY


def _days(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """A gap in days; the last one may be shorter."""
    found = []
    while start < end:
        found.append((start, min(start + DAY, end)))
        start += DAY
    return found
