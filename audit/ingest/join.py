"""Records that belong together, in whatever files: seen once, then handed on with what the others say of them.

A file may hold records of several formats; each is joined with those of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest.files.logs import log_pieces
from audit.ingest.files.shippers import Path, records_at
from audit.ingest.files.source import PIECE_BYTES, Piece, Source
from audit.ingest.formats import FORMATS, Join
from audit.ingest.join_notes import HELD_BYTES
from audit.ingest.other_paths import OtherPaths, fields_of, first_step
from audit.ingest.sniff import Sniffed
from audit.ingest.steps import may_be_a_call

_DEEPEST = 8
"""Objects around a record at most."""


@dataclass(frozen=True, slots=True)
class _Record:
    """A record of a log.

    Attributes:
        row: Its number.
        data: Its bytes.
        fields: None where it is no object.
        format: What it is of.
    """

    row: int
    data: bytes
    fields: dict[str, msgspec.Raw] | None
    format: str


class _Joins(dict[str, Join | None]):
    """The joins of the formats of which there are records; None for a format whose records stand alone."""

    def __missing__(self, name: str) -> Join | None:
        opens = FORMATS.get(name).join
        self[name] = made = None if opens is None else opens()
        return made


def joined_pieces(sources: Sequence[tuple[Source, Sniffed]], settings: IngestSettings) -> Iterator[Piece]:
    """The records of some sources, each with what the others say of it.

    Memory holds one piece and a few numbers of each record; each source is read twice.
    """
    joins = _Joins()
    with tempfile.SpooledTemporaryFile(HELD_BYTES, prefix="audit-") as kept:
        records = _Records(settings)
        for piece in _pieces(sources, settings):
            file = str(piece.source.path)
            kept.writelines(msgspec.json.encode(_seen(record, file, joins)) + b"\n" for record in records.of(piece))
        kept.seek(0)
        records = _Records(settings)  # anew: both passes must find the same
        for piece in _pieces(sources, settings):
            yield from _joined(piece, records.of(piece), joins, map(msgspec.json.decode, kept))


class _Records:
    """The records in pieces of a log, each from where it lies."""

    def __init__(self, settings: IngestSettings) -> None:
        self._elsewhere = OtherPaths(settings)
        self._before: str | None = None  # what the record before was told to be

    def of(self, piece: Piece) -> Iterator[_Record]:
        """All records of a piece: what shippers and loggers put around one may differ from line to line."""
        self._before = self._before if piece.first_row > 1 else None
        step = first_step(piece.within)
        rest = piece.within[len(step) :]
        for row, record in replace(piece, within=step).records():
            yield from self._held(row, record, piece.format, rest, _DEEPEST)

    def _held(self, row: int, record: bytes, name: str, rest: Path, room: int) -> Iterator[_Record]:
        """The records within an object; where nothing tells what it is, those where the file's first record lay.

        Another line of a program that writes transcripts tells nothing: it is of the log that the line before is of.
        """
        fields = fields_of(record)
        told = None if fields is None else self._elsewhere.told(record, name, fields)
        if told is not None:
            self._before = told.name
        own, way = (name, rest) if told is None else (told.name, told.within)
        if told is None and self._before not in (None, name) and not may_be_a_call(record):
            own, way = str(self._before), ()
        step = first_step(way)
        for one in records_at(record, step) if fields is not None and step and room else (record,):
            if one == record:
                yield _Record(row, record, fields, own)
            else:
                yield from self._held(row, one, name, rest[len(step) :] if told is None else (), room - 1)


def _pieces(sources: Sequence[tuple[Source, Sniffed]], settings: IngestSettings) -> Iterator[Piece]:
    return (
        piece.of(sniffed.name, sniffed.within) for source, sniffed in sources for piece in log_pieces(source, settings)
    )


def _seen(record: _Record, file: str, joins: _Joins) -> Any:
    """What the join keeps of a record; one that it stumbles over says nothing of others, and its reader says why."""
    join = joins[record.format]
    try:
        return None if record.fields is None or join is None else join.see(record.fields, file)
    except Exception:  # the adapter boundary: one record costs one record
        return None


def _joined(piece: Piece, records: Iterator[_Record], joins: _Joins, seen: Iterator[Any]) -> Iterator[Piece]:
    held: dict[str, tuple[list[bytes], list[int]]] = {}
    size, file = 0, str(piece.source.path)
    for record in records:
        items, rows = held.setdefault(record.format, ([], []))
        items.append(_with_context(record, file, joins[record.format], next(seen)))
        rows.append(record.row)
        size += len(items[-1])
        if size >= PIECE_BYTES:
            yield from _cut(piece, held)
            held, size = {}, 0
    yield from _cut(piece, held)


def _cut(piece: Piece, held: dict[str, tuple[list[bytes], list[int]]]) -> Iterator[Piece]:
    """A piece for each format."""
    for name, (items, rows) in held.items():
        size = sum(map(len, items))
        yield Piece(piece.source, rows[0], size, items=tuple(items), rows=tuple(rows), format=name)


def _with_context(record: _Record, file: str, join: Join | None, seen: Any) -> bytes:
    if record.fields is None or join is None:
        return record.data
    try:
        return msgspec.json.encode(join.join(record.fields, file, seen))
    except Exception:  # the adapter boundary: one record costs its context
        return record.data
