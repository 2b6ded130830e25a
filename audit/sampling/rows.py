"""Rows of the traffic that a sampling frame is made of: read in parts, and single ones by their place."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from audit.core.columns import ROW_KEY, TOKEN_LIMIT, billable
from audit.core.options import DIMENSIONS
from audit.core.reason import Reason
from audit.core.traffic import MODEL_COLUMNS, SPEND_COLUMNS

SHAPE = ("prompt_chars", "n_turns", "n_tools")
"""Columns whose histograms tell whether later traffic is still like this log's."""

BINS = np.array([0, *(2**power for power in range(41))])
"""Edges of every histogram: 0, 1, 2 to 3, 4 to 7, ...; what is larger than the last counts as the last."""

PART_ROWS = 1 << 17
"""Rows that are held at once while a log is passed over."""

COUNTED = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")
"""Token classes of a row."""

DRAWN = (
    *("row_id", "request_fp", "session", "prompt", "model", "cost_usd"),
    *COUNTED,
    "max_tokens",
    *DIMENSIONS,
)
"""What is read of a row that is drawn: session and prompt as hashes, prompt tokens estimated where not counted."""

PASSED = (
    *("place", "key", "row_id", "route", "reason", "model", "cost_usd", "session", "prompt"),
    *COUNTED,
    *SHAPE,
    *DIMENSIONS,
    "sampling_weight",
)
"""What a pass over the log reads of every billable row: `place` is its number in the files; `key` orders rows as their
`row_id` does; `reason` says why it cannot be audited, and is null where it can."""


class Rows(Protocol):
    """The billable rows of a log, which may be too many to hold."""

    def parts(self) -> Iterator[pl.DataFrame]:
        """All of them, with the columns `PASSED`, in parts of a size that can be held."""
        ...

    def load(self, places: Iterable[npt.NDArray[np.uint64]]) -> None:
        """Read the rows at some places in one pass, so that `take` has them at hand."""
        ...

    def take(self, places: npt.NDArray[np.uint64]) -> pl.DataFrame:
        """The rows at these places, in this order, with the columns `DRAWN`."""
        ...

    def asking(self, fps: pl.Series) -> pl.DataFrame:
        """Of the rows that can be audited and ask one of these requests: per request the first by route and row_id,
        with the columns `DRAWN`."""
        ...

    def of_routes(self, routes: Collection[str], columns: Sequence[str]) -> dict[str, pl.DataFrame]:
        """The rows of some routes that can be audited, held, by route, in the order of their row_id.

        Args:
            routes: Names.
            columns: Of `DRAWN`.
        """
        ...


def billed_rows(traffic_files: Sequence[Path]) -> pl.LazyFrame:
    """Billable rows with `cost_usd` and `model` worked out, lazily."""
    scan = pl.scan_parquet([str(path) for path in traffic_files])
    return scan.filter(billable()).with_columns(cost_usd=_COST, model=_MODEL)


def _hashed(text: pl.Expr) -> pl.Expr:
    """Asked for equality alone, so eight bytes are held instead of a hundred."""
    return pl.when(text.is_not_null()).then(text.hash())


_COST = pl.coalesce(*SPEND_COLUMNS)
_MODEL = pl.coalesce(*MODEL_COLUMNS).fill_null("unknown")
# One text over many pictures is many prompts.
_PROMPT = (
    pl.when(pl.col("has_images") | pl.col("has_audio")).then(pl.col("request_fp")).otherwise(pl.col("prompt_hash"))
)

_WORKED_OUT: dict[str, pl.Expr] = {
    "key": ROW_KEY,
    "route": pl.col("route").fill_null(""),
    "model": _MODEL,
    "cost_usd": _COST,
    "session": _hashed(pl.col("session_id")),
    "prompt": _hashed(_PROMPT),
    # Where nobody counted, three characters a token is on the safe side of prose and code alike.
    "prompt_tokens": pl.coalesce("prompt_tokens", pl.col("prompt_chars") // 3),
    "max_tokens": TOKEN_LIMIT,
}


def _reason(*, priced: bool) -> pl.Expr:
    """Why a row cannot be audited; null where it can."""
    return (
        pl.when(pl.col("replayable").cast(pl.String) == "none")
        .then(pl.col("unreplayable_reasons").list.first().fill_null("unknown"))
        .when(pl.col("request_fp").is_null())
        .then(pl.lit(Reason.BODY_NOT_CAPTURED.value))
        .when(_COST.is_null() & pl.lit(priced))
        .then(pl.lit(Reason.COST_UNKNOWN.value))
    )


def histogram(values: pl.Series) -> list[int]:
    """Counts of some values over `BINS`, without the empty bins at the end."""
    return [int(count) for count in np.bincount(bins_of(values))]


def bins_of(values: pl.Series) -> npt.NDArray[np.int64]:
    """The number of the bin of `BINS` that each of some values is in, shape (n,)."""
    return np.searchsorted(BINS[1:-1], values.to_numpy(), side="right")


class TrafficRows:
    """The billable rows of a run's traffic.

    Args:
        files: `traffic-*.parquet` of the run folder, in order.
        priced: Requests of unknown cost cannot be audited; False keeps them, for what needs answers alone.
    """

    def __init__(self, files: Sequence[Path], *, priced: bool = True) -> None:
        self._files = list(files)
        self._expressions = {**_WORKED_OUT, "reason": _reason(priced=priced)}
        self._held = pl.DataFrame({"place": pl.Series(dtype=pl.UInt64)})

    def parts(self) -> Iterator[pl.DataFrame]:
        """As `Rows.parts`."""
        return self._pass(PASSED)

    def load(self, places: Iterable[npt.NDArray[np.uint64]]) -> None:
        """As `Rows.load`. What was read is kept: a sample is small."""
        known = self._held["place"].to_numpy()
        wanted = np.setdiff1d(np.unique(np.concatenate([known[:0], *places])), known)
        if not wanted.size:
            return
        found = [part for part in self._at(wanted) if part.height]
        self._held = pl.concat([self._held, *found], how="diagonal")

    def take(self, places: npt.NDArray[np.uint64]) -> pl.DataFrame:
        """As `Rows.take`."""
        self.load([places])
        if not places.size:
            return self._empty(DRAWN)
        wanted = pl.DataFrame({"place": pl.Series(places, dtype=pl.UInt64)})
        return wanted.join(self._held, on="place", how="left", maintain_order="left").drop("place")

    def asking(self, fps: pl.Series) -> pl.DataFrame:
        """As `Rows.asking`."""
        names = ("route", "key", "place", "request_fp", "reason")
        first = self._empty(names)
        for part in self._pass(names, pl.col("request_fp").is_in(fps.implode())):
            both = pl.concat([first, part.filter(pl.col("reason").is_null())])
            first = both.sort("route", "key", "place").unique("request_fp", keep="first", maintain_order=True)
        return self.take(first["place"].to_numpy())

    def of_routes(self, routes: Collection[str], columns: Sequence[str]) -> dict[str, pl.DataFrame]:
        """As `Rows.of_routes`."""
        names = tuple(dict.fromkeys(("route", "reason", "row_id", *columns)))
        wanted = pl.Series(sorted(routes), dtype=pl.String).implode()
        parts = [self._empty(names)]
        for part in self._pass(names, pl.col("route").fill_null("").is_in(wanted)):
            parts.append(part.filter(pl.col("reason").is_null()))
        rows = pl.concat(parts)
        return {name: rows.filter(pl.col("route") == name).sort("row_id").select(columns) for name in sorted(routes)}

    def _empty(self, names: Sequence[str]) -> pl.DataFrame:
        table = _frame_of(pq.read_schema(self._files[0]).empty_table())
        return table.with_columns(place=pl.lit(None, dtype=pl.UInt64)).select(self._worked_out(names))

    def _pass(self, names: Sequence[str], where: pl.Expr | None = None) -> Iterator[pl.DataFrame]:
        """Some columns of the billable rows for which `where` holds, part by part."""
        holds = billable() if where is None else billable() & where
        read, before = self._columns(names, holds), 0
        for path in self._files:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(PART_ROWS, columns=read):
                    part = _frame_of(pa.Table.from_batches([batch]))
                    places = pl.int_range(before, before + part.height, dtype=pl.UInt64, eager=True)
                    before += part.height
                    part = part.with_columns(place=places)
                    if where is not None:
                        # Strings that are filtered here share the buffers of all; those of an Arrow table are copied.
                        part = _frame_of(part.to_arrow().filter(part.select(holds).to_series().to_arrow()))
                    yield part.filter(holds).select(self._worked_out(names))

    def _at(self, places: npt.NDArray[np.uint64]) -> Iterator[pl.DataFrame]:
        """The rows at some places, which are in ascending order; row groups without one are not read."""
        read, before = self._columns(DRAWN), 0
        for path in self._files:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    rows = file.metadata.row_group(group).num_rows
                    low, high = np.searchsorted(places, [before, before + rows])
                    mine, before, start = places[low:high], before + rows, before
                    if mine.size:
                        table = file.read_row_group(group, columns=read).take(pa.array(mine - np.uint64(start)))
                        yield _frame_of(table).select(pl.Series("place", mine), *self._worked_out(DRAWN))

    def _columns(self, names: Sequence[str], *conditions: pl.Expr) -> list[str]:
        """Columns of the files that some columns of the rows are worked out from."""
        asked = [*self._worked_out(names), *conditions]
        return sorted({root for one in asked for root in one.meta.root_names()} - {"place"})

    def _worked_out(self, names: Sequence[str]) -> list[pl.Expr]:
        return [self._expressions.get(name, pl.col(name)).alias(name) for name in names]


def _frame_of(table: pa.Table) -> pl.DataFrame:
    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame)
    return found
