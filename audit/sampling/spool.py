"""A few numbers of every row of a log, on disk once they are many, read back by the cell that they belong to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from audit.spill import Blocks

RECORD = np.dtype(
    [("key", "u8"), ("priority", "u8"), ("session", "u8"), ("prompt", "u8"), ("place", "u8"), ("cost", "f8")]
)
"""Of a row: `key` orders rows as their ids do, `priority` is their random order; `session` and `prompt` are hashes, 0
for none; `place` finds it again; `cost` is in USD, NaN where nobody knows."""

Records = npt.NDArray[np.void]
"""An array of `RECORD`."""

HELD = 1 << 20
"""Records that are held before they are written: 48 MB."""


class Spool:
    """Records of a log by cell. Up to `held` of them are in memory; more are in a temporary file without a name, which
    is gone with the process, whatever ends it: 48 bytes a record, where `TMPDIR` says.

    Args:
        held: Records.
        fill: Adds the records when the first of them is read; without it, others add them before.
    """

    def __init__(self, held: int = HELD, *, fill: Callable[[Spool], None] | None = None) -> None:
        self._most = held
        self._fill = fill
        self._waiting: list[tuple[npt.NDArray[np.uint32], Records]] = []
        self._records = 0
        self._blocks = Blocks()
        self._memory: dict[int, list[Records]] = {}

    def add(self, cells: npt.NDArray[np.uint32], records: Records) -> None:
        """Add records, each to its cell."""
        self._waiting.append((cells, records))
        self._records += records.size
        if self._records > self._most:
            self._write()

    @property
    def in_memory(self) -> int:
        """Records that are in memory."""
        return sum(part.size for _, part in self._waiting) + sum(
            part.size for some in self._memory.values() for part in some
        )

    def read(self, cells: Sequence[int]) -> Iterator[Records]:
        """The records of some cells, in blocks, in no order that means anything."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)
        if self._blocks:
            self._write()
        elif self._waiting:
            for cell, part in self._sorted():
                self._memory.setdefault(cell, []).append(part)
            self._waiting = []
        for cell in cells:
            yield from self._memory.get(cell, ())
            for block in self._blocks.read(cell):
                yield np.frombuffer(block, dtype=RECORD)

    def _sorted(self) -> Iterator[tuple[int, Records]]:
        cells = np.concatenate([cells for cells, _ in self._waiting])
        records: Any = np.concatenate([records for _, records in self._waiting])
        order = np.argsort(cells, kind="stable")
        cells, records = cells[order], records[order]
        ends = np.flatnonzero(np.diff(cells)) + 1
        for start, end in zip([0, *ends], [*ends, cells.size], strict=True):
            if end > start:
                yield int(cells[start]), records[start:end]

    def _write(self) -> None:
        if not self._waiting:
            return
        for cell, part in self._sorted():
            self._blocks.add(cell, part.tobytes())
        self._waiting, self._records = [], 0
