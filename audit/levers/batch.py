"""Batch: requests in a pattern that no person waits in, at the vendor's price for batches."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from audit.core.levers import Effort, Kind, LeverBasis, LeverName, Unseen
from audit.core.partial import PartialSums
from audit.levers.bill import CLASSES, MONEY, PRICING, with_rates
from audit.levers.lever import Finder, Lever, LeverFound, Log, all_changes, bounded, repriced, unseen

DAYS = 3
"""A pattern of fewer days is none."""
LONGEST_HOURS = 3
PER_DAY = 5
"""Requests that a run of hours has on an average day at least."""
ABOVE = 2.0
"""How many times the traffic of the hours around."""
DAYS_WITH = 0.6
"""Share of the log's days that have the pattern."""
STANDARD_ERRORS = 2.0
ROUNDING = 1e-6
"""Share of a price below which a difference is none."""
WAITS = ("flex", "batch")
"""Service tiers whose price is for waiting already."""


class _Batch:
    """Requests whose answer nobody seems to wait for.

    A job shows as hours of the day (UTC) with at least `ABOVE` times the traffic of the hours around them, on most
    days; the daily rise and fall of people's traffic does not do that. Requests of these hours are taken at the share
    by which they exceed the hours around, at the upper end of what those may be; which of them are the job's is not
    known. The ceiling is every request that is not streamed, has one turn and has a batch price.
    """

    def __init__(self, log: Log) -> None:
        self._rates_of = log.rates_of
        self._hours = PartialSums((*_STREAM, "day", "hour"), ("requests",))
        self._shares: dict[tuple[str, ...], pl.DataFrame] | None = None

    def look(self, bill: pl.DataFrame, _: int) -> None:
        """How many requests each hour has."""
        dated = bill.drop_nulls("started_at").with_columns(hour=pl.col("started_at").dt.hour())
        self._hours.add(dated.group_by(*_STREAM, "day", "hour").agg(requests=pl.len()))

    def find(self, bill: pl.DataFrame, _: int) -> LeverFound:
        """What a batch would cost, in one part of the bill."""
        if self._shares is None:
            self._shares = _job_shares(self._hours.table())
        waits = pl.col("batch").fill_null(False) | pl.col("service_tier").is_in(WAITS).fill_null(False)
        rows, blind = unseen(bill.filter(pl.col("alive") & ~waits), {Unseen.NO_RATES: ~pl.col("divided")})
        rows = rows.filter(~pl.col("streaming").fill_null(False) & (pl.col("n_turns") <= 1))
        rows = with_rates(rows.with_columns(batch=pl.lit(True)), self._rates_of, "batch")
        cheaper = {name: pl.col(name) * pl.col(f"batch_{name}") / pl.col(f"rate_{name}") for name in CLASSES}
        cheaper = {name: usd.fill_nan(0.0) for name, usd in cheaper.items()}  # a rate of zero is of no dollars
        saving = pl.col("left") - pl.sum_horizontal(cheaper.values())
        # A price of `audit.yaml` is the same for batches, because it says nothing of them.
        same = (saving.abs() <= pl.col("left") * ROUNDING) & (pl.col("left") > 0)
        rows, aside = unseen(
            rows,
            {
                Unseen.NO_BATCH_PRICE: pl.col("batch_input").is_null() | same,
                Unseen.NO_TIME: pl.col("started_at").is_null(),
            },
        )
        rows = _with_job_share(rows.filter(saving > 0), self._shares)
        share = pl.col("job_share")
        moved = {name: pl.col(name) * (1 - share) + usd * share for name, usd in cheaper.items()}
        return LeverFound(
            changes=all_changes(
                repriced(rows.filter(share > 0), Kind.NIGHTLY, moved, saving, batched=True, where=pl.col("job_hours")),
                bounded(rows.filter(share == 0), Kind.NOT_STREAMED, saving),
            ),
            unseen=pl.concat([blind, aside]),
        )


def _begin(log: Log) -> Finder:
    work = _Batch(log)
    return Finder(find=work.find, looks=(work.look,))


_STREAM = ("tenant", "route")
_KEYS = (("tenant",), _STREAM)
"""Streams of traffic that a job may stand out in."""


def _job_shares(hours: pl.DataFrame) -> dict[tuple[str, ...], pl.DataFrame]:
    """By stream and hour of the day, which share of the requests is above what the hours around can be, and the hours
    of the job.

    Args:
        hours: Requests of every tenant and route by day and hour.
    """
    days = hours["day"].n_unique()
    found: dict[tuple[str, ...], pl.DataFrame] = {}
    for key in _KEYS:
        rows = []
        counts = hours.group_by(*key, "day", "hour").agg(pl.col("requests").sum())
        # Streams of fewer requests have no hours that stand out.
        counts = counts.filter(pl.col("requests").sum().over(key) >= PER_DAY * days)
        if days >= DAYS:
            for name, part in counts.group_by(key):
                shares = _stand_out(part, days)
                told = _in_words([hour for hour, _ in shares])
                rows += [(*name, hour, share, told[hour]) for hour, share in shares]
        named = "_".join(key)
        schema = {
            **dict.fromkeys(key, pl.String),
            "hour": pl.Int8,
            f"{named}_share": pl.Float64,
            f"{named}_hours": pl.String,
        }
        found[key] = pl.DataFrame(rows, schema=schema, orient="row")
    return found


def _stand_out(counts: pl.DataFrame, days: int) -> list[tuple[int, float]]:
    """Hours of one stream that stand out, with the share of each that the hours around cannot explain.

    Args:
        counts: Requests of the stream by day and hour.
        days: Of the log.
    """
    by_hour = [0] * 24
    for hour, number in counts.group_by("hour").agg(pl.col("requests").sum()).iter_rows():
        by_hour[hour] = number
    found: dict[int, float] = {}
    for length in range(1, LONGEST_HOURS + 1):
        for first in range(24):
            hours = [(first + n) % 24 for n in range(length)]
            total = sum(by_hour[hour] for hour in hours)
            around = max(by_hour[first - 1], by_hour[(first + length) % 24])
            if total < PER_DAY * days or min(by_hour[hour] for hour in hours) <= ABOVE * around:
                continue
            if not _on_most_days(counts, hours, around, days):
                continue
            background = length * (around + STANDARD_ERRORS * math.sqrt(around + 1))
            for hour in hours:
                found[hour] = max(found.get(hour, 0.0), 1 - background / total)
    return [(hour, share) for hour, share in sorted(found.items()) if share > 0]


def _in_words(hours: Sequence[int]) -> dict[int, str]:
    """By hour, the run of hours that it is in: "23:00 to 02:00 UTC"."""
    words = {}
    for hour in hours:
        first, end = hour, (hour + 1) % 24
        while (first - 1) % 24 in hours and (first - 1) % 24 != hour:
            first = (first - 1) % 24
        while end in hours and end != first:
            end = (end + 1) % 24
        words[hour] = f"{first:02}:00 to {end:02}:00 UTC"
    return words


def _on_most_days(counts: pl.DataFrame, hours: Sequence[int], around: int, days: int) -> bool:
    """Whether these hours are above those around them on most days, and not by one large day."""
    daily = counts.filter(pl.col("hour").is_in(list(hours))).group_by("day").agg(pl.col("requests").sum())
    least = max(PER_DAY / 2, ABOVE * len(hours) * around / days)
    return daily.filter(pl.col("requests") > least).height >= DAYS_WITH * days


def _with_job_share(rows: pl.DataFrame, shares: dict[tuple[str, ...], pl.DataFrame]) -> pl.DataFrame:
    rows = rows.with_columns(hour=pl.col("started_at").dt.hour())
    for key, table in shares.items():
        rows = rows.join(table, on=[*key, "hour"], how="left", maintain_order="left")
    by_share, by_hours = (["_".join((*key, what)) for key in shares] for what in ("share", "hours"))
    # A tenant's job on one route is told by its own hours.
    told = pl.coalesce(*reversed(by_hours), pl.lit(""))
    rows = rows.with_columns(job_share=pl.max_horizontal(*by_share).fill_null(0.0), job_hours=told)
    return rows.drop("hour", *by_share, *by_hours)


LEVER = Lever(
    name=LeverName.BATCH,
    summary="traffic that nobody waits for, at the vendor's batch price",
    basis=LeverBasis.INFERRED,
    effort=Effort.CODE,
    change="send what nobody waits for through the vendor's batch interface; answers come within a day",
    begin=_begin,
    reads=(
        *("at", "started_at", "day", *MONEY, *PRICING, *_STREAM, "streaming", "n_turns", "divided"),
        *(f"rate_{name}" for name in CLASSES),
    ),
)
