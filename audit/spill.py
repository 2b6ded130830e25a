"""Rows of a log that is longer than memory: dealt into numbered parts, on disk once they are many."""

from __future__ import annotations

import tempfile
import weakref
from collections import defaultdict
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import IO

import polars as pl

_PART = "number of the part"


class Blocks:
    """Bytes under numbers, in a temporary file without a name, which is gone with the process, whatever ends it.

    Args:
        folder: Where; None for where `TMPDIR` says. The file is made when the first bytes are added.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._places: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    def __bool__(self) -> bool:
        return self._file is not None

    def add(self, number: int, data: bytes | memoryview) -> None:
        """Add bytes under a number."""
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="audit-", dir=self._folder)  # noqa: SIM115 - lives as this does
            weakref.finalize(self, self._file.close)
        self._places[number].append((self._file.seek(0, 2), len(data)))
        self._file.write(data)

    def read(self, number: int) -> Iterator[bytes]:
        """What was added under a number, one after the other."""
        for start, size in self._places.get(number, ()):
            assert self._file is not None
            self._file.seek(start)
            yield self._file.read(size)


class Parts:
    """Rows by the number of the part that they belong to. Up to `held` of them are in memory; more are in a file.

    Args:
        number: How many parts there are.
        held: Rows.
        folder: Where the file is, as in `Blocks`.
    """

    def __init__(self, number: int, held: int, folder: Path | None = None) -> None:
        self.number, self._most = number, held
        self._waiting: defaultdict[int, list[pl.DataFrame]] = defaultdict(list)
        self._rows = 0
        self._sizes = [0] * number
        self._blocks = Blocks(folder)
        self._empty: pl.DataFrame | None = None

    def add(self, part: int, rows: pl.DataFrame) -> None:
        """Add rows to a part; all rows that are added have the same columns."""
        if self._empty is None:
            self._empty = rows.clear()
        self._waiting[part].append(rows)
        self._rows += rows.height
        self._sizes[part] += rows.height
        if self._rows > self._most:
            self._write()

    def spread(self, rows: pl.DataFrame, part: pl.Expr) -> None:
        """Add each row to the part that an expression of its columns says."""
        if self.number == 1 or not rows.height:
            self.add(0, rows)
            return
        told = rows.with_columns(part.cast(pl.Int64).alias(_PART))
        for (number,), some in told.partition_by(_PART, as_dict=True, include_key=False).items():
            self.add(int(number), some)

    def rows(self, number: int) -> int:
        """How many rows a part has."""
        return self._sizes[number]

    def part(self, number: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a part in the order in which they were added; some of their columns, or all."""
        return pl.concat(self.pieces(number, columns))

    def pieces(self, number: int, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The same, some rows after the others: those that were written at a time, or added. The first has none."""
        assert self._empty is not None, "nothing was added"
        yield self._empty if columns is None else self._empty.select(columns)
        for block in self._blocks.read(number):
            read = pl.read_parquet(BytesIO(block), columns=None if columns is None else list(columns))
            yield read if columns is None else read.select(columns)
        yield from (rows if columns is None else rows.select(columns) for rows in self._waiting.get(number, ()))

    def _write(self) -> None:
        for number, rows in self._waiting.items():
            block = BytesIO()
            # Dictionaries of words make it small; packing the rest takes longer than writing it.
            pl.concat(rows).write_parquet(block, compression="uncompressed", statistics=False)
            self._blocks.add(number, block.getbuffer())
        self._waiting.clear()
        self._rows = 0
