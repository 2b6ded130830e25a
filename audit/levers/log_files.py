"""The files of a log, part by part: which rows a part has, and their bodies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, repeat
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from audit.core.errors import AuditError
from audit.spill import Parts

PART_ROWS = 1 << 18
"""Rows that are held at once."""
GROUPS = 128
"""Parts at most that rows are dealt into by what they share: more of them would be many small pieces of a file."""


class LogFiles:
    """The traffic of a run and its bodies, which are row by row those of the traffic.

    Files are taken in the order of their earliest request, so that the order in which they are named changes nothing.
    `at` is a row's number in that order. A part is some rows one after the other, and no row group of bodies is in two.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        body_files: `bodies-*.parquet` of the same run, or none.
        part_rows: Rows of a part, at least, but for the last.

    Attributes:
        part_rows: As it was given.

    Raises:
        AuditError: The bodies are not those of the traffic.
    """

    def __init__(self, traffic_files: Sequence[Path], body_files: Sequence[Path], part_rows: int = PART_ROWS) -> None:
        order = _in_time(traffic_files)
        self.traffic = [traffic_files[n] for n in order]
        self.rows = [pq.read_metadata(path).num_rows for path in self.traffic]
        self.bodies = [body_files[n] for n in order] if len(body_files) == len(order) else []
        if [pq.read_metadata(path).num_rows for path in self.bodies] != (self.rows if body_files else []):
            raise AuditError(
                "the prompts of this run are not those of its traffic",
                code="levers.bodies",
                notes=["every `traffic-*.parquet` has a `bodies-*.parquet` with the same rows"],
                hint="read the log again: audit ingest LOGS",
            )
        self.part_rows = part_rows
        self._starts = list(accumulate(self.rows, initial=0))
        self._bounds = self._cut(part_rows)

    @property
    def number(self) -> int:
        """How many parts there are."""
        return len(self._bounds) - 1

    def kept(self) -> Parts:
        """Where rows of each part can be kept."""
        return Parts(self.number, self.part_rows)

    def dealt(self) -> Parts:
        """Where rows can be dealt to by what they share, in parts of the same size."""
        return Parts(min(self.number, GROUPS), self.part_rows)

    @property
    def part_of(self) -> pl.Expr:
        """The part that each of some rows is in, by `at`."""
        return pl.lit(pl.Series(self._bounds)).search_sorted(pl.col("at").cast(pl.Int64), side="right") - 1

    def part(self, number: int) -> pl.LazyFrame:
        """The rows of a part, with `at`."""
        start, end = self._bounds[number : number + 2]
        found = []
        for path, first, rows in zip(self.traffic, self._starts, self.rows, strict=False):
            low, high = max(start - first, 0), min(end - first, rows)
            if low < high or rows == 0:
                scan = pl.scan_parquet(path).slice(low, max(high - low, 0))
                found.append(scan.with_row_index("at", offset=first + low))
        return pl.concat(found)

    def bodies_of(self, number: int, at: pl.Series, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The bodies of some rows of a part, one row group after the other; groups without one of them are not read.

        Args:
            number: Of the part.
            at: The rows, in ascending order.
            columns: Of `core.schemas.BODIES`. Files that lack one are left out.

        Returns:
            Frames with `at` and the columns.
        """
        start, end = self._bounds[number : number + 2]
        for path, first, rows in zip(self.bodies, self._starts, self.rows, strict=False):
            if first >= end or first + rows <= start:
                continue
            with pq.ParquetFile(path) as file:
                if not set(columns) <= set(file.schema_arrow.names):
                    continue
                for group in range(file.num_row_groups):
                    size = file.metadata.row_group(group).num_rows
                    low, high = (at.search_sorted(place, side="left") for place in (first, first + size))
                    if low < high and start <= first < end:
                        read = pl.DataFrame(file.read_row_group(group, columns=list(columns)))
                        mine = at.slice(low, high - low)
                        yield read[mine.cast(pl.Int64) - first].select(mine.alias("at"), *columns)
                    first += size

    def _cut(self, part_rows: int) -> list[int]:
        """Where parts begin, and where the last one ends."""
        bounds = [0]
        for start, rows, path in zip(self._starts, self.rows, self.bodies or repeat(None), strict=False):
            for end in _ends(rows, path, part_rows):
                if start + end - bounds[-1] >= part_rows:
                    bounds.append(start + end)
        total = self._starts[-1]
        return bounds if bounds[-1] == total and total else [*bounds, total]


def _ends(rows: int, bodies: Path | None, part_rows: int) -> Iterator[int]:
    """Rows of a file after which a part may end."""
    if bodies is None:
        yield from range(part_rows, rows, part_rows)
        yield rows
        return
    metadata, end = pq.read_metadata(bodies), 0
    for group in range(metadata.num_row_groups):
        end += metadata.row_group(group).num_rows
        yield end


def _in_time(files: Sequence[Path]) -> list[int]:
    """The numbers of some files by their earliest request, those without a time last, equal ones by their first id."""
    if len(files) == 1:
        return [0]
    found = []
    for number, path in enumerate(files):
        scan = pl.scan_parquet(path)
        (start,) = scan.select(pl.col("started_at").min()).collect().row(0)
        first = scan.select("row_id").head(1).collect()["row_id"]
        found.append((start is None, start.timestamp() if start else 0.0, first.to_list(), number))
    return [number for *_, number in sorted(found)]
