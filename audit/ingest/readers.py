"""Readers of formats at work: each record of a log read by the one that it is of, whatever the file's first one was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from audit.core.settings import IngestSettings
from audit.ingest.files.shippers import records_at
from audit.ingest.files.source import Piece
from audit.ingest.formats import FORMATS
from audit.ingest.other_paths import OtherPaths
from audit.ingest.row import Row, Unusable
from audit.ingest.sniff import Sniffed
from audit.ingest.steps import NotRead, Stepwise, chunks, stepwise


class Taken(NamedTuple):
    """What became of a record: its rows, or why it has none, and the format that it was read as."""

    number: int
    record: bytes
    rows: Sequence[Row] | NotRead
    format: str


class Readers:
    """The readers of a part of a log, each opened when its first record comes.

    Args:
        settings: How the log is read.
    """

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self._elsewhere = OtherPaths(settings)
        self._open: dict[str, Stepwise] = {}

    def read(self, piece: Piece) -> Iterator[list[Taken]]:
        """The records of a piece, as many at once as take a step together."""
        for numbers, records in chunks(piece.records()):
            yield list(self._taken(piece.format, numbers, records))

    def _reader(self, name: str) -> Stepwise:
        if name not in self._open:
            self._open[name] = stepwise(FORMATS.get(name).open(self._settings))
        return self._open[name]

    def _taken(self, name: str, numbers: list[int], records: list[bytes]) -> Iterator[Taken]:
        """Each record, or in its place those that it holds, where they lie under another path than the first one's."""
        others = self._of_others(name, records)
        own = iter(self._reader(name).read([record for at, record in enumerate(records) if at not in others]))
        for at, (number, record) in enumerate(zip(numbers, records, strict=True)):
            told = others.get(at)
            if told is None:
                rows = next(own)
                unread = isinstance(rows, NotRead) and isinstance(rows.error, Unusable)
                told = self._elsewhere.told(record, name, refused=True) if unread else None
            if told is None:
                yield Taken(number, record, rows, name)
            else:
                yield from self._read_as(told, number, record, name)

    def _of_others(self, name: str, records: list[bytes]) -> dict[int, Sniffed]:
        """The records of other formats, by their place. What reads bodies under any wrapper would read those of theirs,
        and nothing else that they say; other readers refuse them."""
        if not FORMATS.get(name).any_wrapper:
            return {}
        told = ((at, self._elsewhere.told(record, name)) for at, record in enumerate(records))
        return {at: one for at, one in told if one is not None and one.name != name}

    def _read_as(self, told: Sniffed, number: int, record: bytes, name: str) -> Iterator[Taken]:
        if told.name != name and FORMATS.get(told.name).join is not None:
            reason = f"a record of `{told.name}` in a file of `{name}`: keep each of the two in files of its own"
            yield Taken(number, record, NotRead(Unusable(reason)), name)
            return
        held = tuple(records_at(record, told.within))
        for one, rows in zip(held, self._reader(told.name).read(held), strict=True):
            yield Taken(number, one, rows, told.name)
