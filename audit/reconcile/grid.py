"""A bill as a table of periods and models, beside which the log's dollars are laid at any hour at which days begin."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
import polars as pl

from audit.core.reconciliation import Bill, BillLine, ChargeKind
from audit.reconcile.logged import SLOT_US, Array, Logged
from audit.reconcile.names import CommonNames

DAY = timedelta(days=1)
SLOT = timedelta(minutes=15)
CHANGE = timedelta(hours=1)
"""By how much clocks are changed."""
RELATIVE = 0.005
"""A difference of no more than this part of an amount is none: a call at midnight is billed on the next day."""
EXACT = 1e-9


@dataclass(frozen=True, slots=True)
class BillClock:
    """What a bill's days begin by.

    Attributes:
        shift: Quarter hours by which it is ahead of UTC.
        zone: One whose clocks change within the bill's time, which takes the place of `shift`; "" for none.
    """

    shift: int = 0
    zone: str = ""

    @property
    def causes(self) -> int:
        """How many things it takes to be so: an hour, and its change."""
        return (self.shift != 0) + 2 * (self.zone != "")

    def ahead(self, moments: Sequence[datetime]) -> list[int]:
        """By how many quarter hours it is ahead of UTC, at moments of its own."""
        return _ahead(tuple(moments), self.zone) if self.zone else [self.shift] * len(moments)


@lru_cache(256)
def _ahead(moments: tuple[datetime, ...], zone: str) -> list[int]:
    """The same of a zone, by the rules that come with polars: they are the same on every machine."""
    local = pl.Series(moments, dtype=pl.Datetime("us", "UTC")).dt.replace_time_zone(None)
    there = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    apart = ((local - there.dt.replace_time_zone(None)) / SLOT).fill_null(strategy="backward")
    return [round(float(one)) for one in apart.fill_null(strategy="forward")]


OF_UTC = BillClock()
ZONES = (
    *("America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York", "America/Halifax"),
    *("America/St_Johns", "America/Santiago", "Europe/London", "Europe/Berlin", "Europe/Helsinki", "Asia/Jerusalem"),
    *("Australia/Adelaide", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Pacific/Chatham"),
)
"""One for each hour and each day on which clocks are changed; others go with one of them."""


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
        again: Of lines that stand on the bill twice, word for word or corrected: not in `bill` where they count once.
        once: Whether they are.
    """

    periods: tuple[tuple[datetime, datetime], ...]
    models: tuple[str, ...]
    bill: Array
    slack: Array
    cached: Array
    logged: Logged
    nameless_usd: float
    again: Array
    once: bool

    @property
    def slots(self) -> Array:
        """Length of each period in quarter hours."""
        return np.array([(end - start) / SLOT for start, end in self.periods])

    def laid(self, amounts: Array, clock: BillClock) -> Array:
        """What the log has in each period.

        Args:
            amounts: By slot, and perhaps by model.
            clock: What the bill's days begin by.
        """
        summed = np.concatenate([np.zeros((1, *amounts.shape[1:])), np.cumsum(amounts, axis=0)])
        edges = [moment for period in self.periods for moment in period]
        slots = [self._slot(edge) - ahead for edge, ahead in zip(edges, clock.ahead(edges), strict=True)]
        cut = np.clip(np.array(slots).reshape(-1, 2), 0, len(amounts))
        return np.asarray(summed[cut[:, 1]] - summed[cut[:, 0]])

    def _slot(self, moment: datetime) -> int:
        return int(moment.timestamp() * 1_000_000 // SLOT_US) - self.logged.first

    def changing(self) -> Iterator[BillClock]:
        """The zones whose clocks change within the bill's time."""
        starts = [start for start, _ in self.periods]
        for zone in ZONES:
            clock = BillClock(zone=zone)
            if len(set(clock.ahead(starts))) > 1:
                yield clock

    def column(self, model: str) -> int:
        """Where a model stands."""
        return self.models.index(model)


def lay_out(bill: Bill, logged: Logged, names: CommonNames, *, once: bool = False) -> Grid:
    """The table for a bill and a log.

    Args:
        bill: As read.
        logged: The log.
        names: Of models, common to both.
        once: Lines that stand on the bill twice, word for word or corrected, count once.
    """
    usage = [line for line in bill.lines if line.kind is ChargeKind.USAGE]
    named = any(names.of_item[line.item] for line in usage)
    if not named:
        names = CommonNames(dict.fromkeys(names.of_item, ""), dict.fromkeys(names.of_model, ""))
    under = logged.under(names.of_model)
    told = [line for line in usage if names.of_item[line.item] or not named]
    models = tuple(dict.fromkeys([*under.models, *(names.of_item[line.item] for line in told)]))
    periods = _periods(usage)
    shape = (len(periods), len(models))
    usd, slack, cached, again = np.zeros(shape), np.full(shape, EXACT), np.zeros(shape), np.zeros(shape)
    starts, column_of = [start for start, _ in periods], {model: column for column, model in enumerate(models)}
    for line in told:
        at = bisect_right(starts, line.start) - 1, column_of[names.of_item[line.item]]
        again[at] += line.usd if line.again else 0.0
        if line.again and once:
            continue
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
        nameless_usd=sum(
            line.usd for line in usage if named and not names.of_item[line.item] and not (once and line.again)
        ),
        again=again,
        once=once,
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
        if filled and filled[-1][1] < start <= filled[-1][1] + CHANGE:
            filled[-1] = filled[-1][0], start  # the day on which clocks were put back
        elif filled and filled[-1][1] < start:
            filled += _days(filled[-1][1], start)
        filled.append((start, end))
    return tuple(filled)


def _span(line: BillLine, moments: bool) -> tuple[datetime, datetime]:
    """The time of a line; the day of one that is for less, or is of a moment."""
    if line.end - line.start >= DAY - CHANGE and not (moments and line.end - line.start == DAY):
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
