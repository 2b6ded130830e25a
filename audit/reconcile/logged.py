"""The dollars of a log by quarter hour and model, and what they would be if it had priced or counted otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.reconciliation import Cause
from audit.core.traffic import BILLABLE_STATUSES, MODEL_COLUMNS, SPEND_COLUMNS, exact_sum

Array: TypeAlias = npt.NDArray[np.float64]
SLOT_US = 15 * 60 * 1_000_000
"""A quarter of an hour in microseconds: time zones differ by no less."""
SILENCE = 80
"""Quarter hours without any record after which a log is taken to be silent: 20 hours, a day less a quiet night."""
MATERIAL = 1e-4
"""Part of a log's dollars that another way of pricing or counting must change to be tried."""
_READ = ("status", "duplicate_of", "cache_hit", "started_at", "batch", "cached_tokens", "cache_write_tokens")


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A log as dollars in time. Arrays are (slots, models) but for `seen`, which is (slots,).

    Attributes:
        first: Number of the first slot: quarter hours since 1970, UTC.
        models: Names, in the order of the columns.
        usd: Billable calls with a known cost and time.
        otherwise: What to add to `usd` under another way of pricing or counting, by the cause that it would be.
        unpriced: Billable calls without a known cost.
        cached: Tokens read from a prompt cache.
        seen: Whether there is a record of any kind, 1 or 0.
        no_time_usd: Billable calls without a time.
    """

    first: int
    models: tuple[str, ...]
    usd: Array
    otherwise: Mapping[Cause, Array]
    unpriced: Array
    cached: Array
    seen: Array
    no_time_usd: float

    @property
    def total_usd(self) -> float:
        """All billable dollars of the log."""
        return exact_sum([*self.usd.ravel().tolist(), self.no_time_usd])

    @property
    def silent(self) -> Array:
        """1 in each slot of a stretch without a record that is as long as a missing day, else 0."""
        times = np.flatnonzero(self.seen)
        silent = np.zeros_like(self.seen)
        for before, after in pairwise(times):
            if after - before > SILENCE:
                silent[before + 1 : after] = 1
        return silent

    def under(self, names: Mapping[str, str]) -> Logged:
        """The log with its models under other names; those that share one are one."""
        made = tuple(dict.fromkeys(names.get(model, model) for model in self.models))
        to = np.zeros((len(self.models), len(made)))
        for row, model in enumerate(self.models):
            to[row, made.index(names.get(model, model))] = 1
        return replace(
            self,
            models=made,
            usd=self.usd @ to,
            otherwise={cause: usd @ to for cause, usd in self.otherwise.items()},
            unpriced=self.unpriced @ to,
            cached=self.cached @ to,
        )


def logged_dollars(traffic_files: Sequence[Path]) -> Logged:
    """Read them from `traffic-*.parquet`; a log without a record in time has no slots."""
    rows = _rows(traffic_files)
    dated = rows.drop_nulls("slot")
    first = int(dated["slot"].min() or 0)  # type: ignore[arg-type]
    slots = int(dated["slot"].max() or 0) - first + 1 if len(dated) else 0  # type: ignore[arg-type]
    models = tuple(rows.filter("counted")["model"].unique().sort().to_list())
    place = {model: column for column, model in enumerate(models)}
    shape = (slots, len(models))

    def spread(part: pl.DataFrame, column: str) -> Array:
        into = np.zeros(shape)
        summed = part.group_by("slot", "model").agg(pl.col(column).sum()).sort("slot", "model")
        for slot, model, value in summed.iter_rows():
            into[slot - first, place[model]] = value or 0.0
        return into

    billable = dated.filter("billable")
    seen = np.zeros(slots)
    seen[(dated["slot"] - first).to_numpy()] = 1
    priced = spread(billable, "usd")
    apart = {cause: spread(dated.filter(pl.col("cause") == cause.value), "delta") for cause in _OTHERWISE}
    return Logged(
        first=first,
        models=models,
        usd=priced,
        otherwise={cause: usd for cause, usd in apart.items() if np.abs(usd).sum() > MATERIAL * np.abs(priced).sum()},
        unpriced=spread(billable.with_columns(pl.col("usd").is_null().cast(pl.Float64).alias("n")), "n"),
        cached=spread(billable, "cached"),
        seen=seen,
        no_time_usd=exact_sum(rows.filter("billable", pl.col("slot").is_null())["usd"]),
    )


_OTHERWISE = (Cause.CACHE_CLASSES, Cause.BATCH, Cause.LIST_PRICE, Cause.FAILED_CALLS, Cause.LOGGED_TWICE)


def _rows(files: Sequence[Path]) -> pl.DataFrame:
    """A row per record: its slot, model and dollars, and what they would be otherwise, with the cause."""
    answered = pl.col("status").cast(pl.String).is_in(list(BILLABLE_STATUSES))
    hit, single = pl.col("cache_hit").fill_null(False), pl.col("duplicate_of").is_null()
    billable = answered & single & ~hit
    logged, listed = (pl.col(name) for name in SPEND_COLUMNS)
    cached = pl.col("cached_tokens").fill_null(0) + pl.col("cache_write_tokens").fill_null(0)
    both = billable & logged.is_not_null() & listed.is_not_null()
    failed = single & (pl.col("status").cast(pl.String) == "error") & (logged > 0)
    return (
        pl.scan_parquet(list(files))
        .select(*_READ, *MODEL_COLUMNS, *SPEND_COLUMNS)
        .select(
            (pl.col("started_at").dt.epoch("us") // SLOT_US).alias("slot"),
            pl.coalesce(*MODEL_COLUMNS).fill_null("").alias("model"),
            billable.alias("billable"),
            pl.coalesce(*SPEND_COLUMNS).alias("usd"),
            pl.col("cached_tokens").fill_null(0).cast(pl.Float64).alias("cached"),
            pl.when(both).then(listed - logged).otherwise(pl.coalesce(*SPEND_COLUMNS)).alias("delta"),
            pl.when(both & pl.col("batch").fill_null(False))
            .then(pl.lit(Cause.BATCH.value))
            .when(both & (cached > 0))
            .then(pl.lit(Cause.CACHE_CLASSES.value))
            .when(both)
            .then(pl.lit(Cause.LIST_PRICE.value))
            .when(failed)
            .then(pl.lit(Cause.FAILED_CALLS.value))
            .when(~single & answered)
            .then(pl.lit(Cause.LOGGED_TWICE.value))
            .alias("cause"),
        )
        .with_columns((pl.col("billable") | pl.col("cause").is_not_null()).alias("counted"))
        .collect()
    )
