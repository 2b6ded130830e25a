"""Requests that a lever holds against one another, dealt anew so that equal ones meet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import polars as pl

from audit.core.partial import PartialSums
from audit.levers.log_files import LogFiles
from audit.spill import Parts

LARGE = 4
"""A part is looked at more closely when it has so many times the rows that it should have."""
SAMPLED = 1 << 16
"""Times by which requests are cut into pieces that are about equal."""


class Gathered:
    """Requests by what they share. A part has all that are equal; where too many are, as those of a probe that asks the
    same all month, these come in pieces, one after the other in the order of time.

    Args:
        columns: What requests share. Those that lack one of it share nothing.
        files: Of the log: where rows can be kept, and how many are held at once.
        in_turn: Whether they may come in pieces.
    """

    def __init__(self, columns: Sequence[str], files: LogFiles, *, in_turn: bool) -> None:
        shares = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
        self._shared = pl.when(shares).then(pl.struct(columns).hash())
        self._columns, self._in_turn = columns, in_turn
        self._dealt, self._part_rows = files.dealt(), files.part_rows

    def add(self, rows: pl.DataFrame) -> None:
        """Deal some requests, with `at`."""
        # What is held against nothing is dealt evenly.
        self._dealt.spread(rows, pl.coalesce(self._shared, pl.col("at").cast(pl.UInt64)) % self._dealt.number)

    def pieces(self) -> Iterator[tuple[pl.DataFrame, int]]:
        """All requests, each piece with how many of the same part are still to come."""
        sizes = [self._dealt.rows(number) for number in range(self._dealt.number)]
        most = LARGE * max(self._part_rows, sum(sizes) // len(sizes))
        for number, size in enumerate(sizes):
            frequent = self._frequent(number) if self._in_turn and size > most else pl.Series([], dtype=pl.UInt64)
            if frequent.is_empty():
                yield self._dealt.part(number), 0
                continue
            many = self._shared.is_in(frequent.implode()).fill_null(False)
            yield pl.concat(some.filter(~many) for some in self._dealt.pieces(number)), 0
            yield from self._in_time(lambda: (some.filter(many) for some in self._dealt.pieces(number)))  # noqa: B023

    def _frequent(self, number: int) -> pl.Series:
        """What more requests of a part share than a piece has rows."""
        counts = PartialSums(("shared",), ("rows",))
        for some in self._dealt.pieces(number, self._columns):
            counts.add(some.select(shared=self._shared, rows=pl.lit(1, pl.Int64)).group_by("shared").sum())
        return counts.table().drop_nulls().filter(pl.col("rows") > self._part_rows)["shared"]

    def _in_time(self, again: Callable[[], Iterator[pl.DataFrame]]) -> Iterator[tuple[pl.DataFrame, int]]:
        """Requests in pieces, by when they started; those of one moment are in one piece."""
        rows = sum(some.height for some in again())
        step, number = math.ceil(rows / SAMPLED), math.ceil(rows / self._part_rows)
        times = pl.concat(some["started_at"].drop_nulls().gather_every(step) for some in again()).sort()
        cuts = times.gather([len(times) * n // number for n in range(1, number)] if len(times) else []).unique().sort()
        pieces = Parts(len(cuts) + 1, self._part_rows)
        for some in again():
            pieces.spread(some, pl.lit(cuts).search_sorted(pl.col("started_at"), side="right").fill_null(0))
        for piece in range(pieces.number):
            yield pieces.part(piece), pieces.number - 1 - piece
