"""Records of one format that belong together, in whatever files: seen once, then handed on with their context."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest.elsewhere import Elsewhere
from audit.ingest.files.source import PIECE_BYTES, Piece, Source, pieces
from audit.ingest.formats import Format, Join
from audit.ingest.noted import HELD_BYTES
from audit.ingest.sniff import Sniffed

_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def joined_pieces(
    format_: Format, sources: Sequence[tuple[Source, Sniffed]], settings: IngestSettings
) -> Iterator[Piece]:
    """The records of some sources, each with what the others say of it.

    Memory holds one piece and a few numbers of each record; each source is read twice.
    """
    assert format_.join is not None
    join = format_.join()
    with tempfile.SpooledTemporaryFile(HELD_BYTES, prefix="audit-") as kept:
        records = _Records(format_, settings)
        for piece in _pieces(sources):
            file = str(piece.source.path)
            kept.writelines(msgspec.json.encode(_seen(record, file, join)) + b"\n" for _, record in records.of(piece))
        kept.seek(0)
        records = _Records(format_, settings)  # anew: both passes must find the same
        for piece in _pieces(sources):
            yield from _joined(piece, records.of(piece), join, map(msgspec.json.decode, kept))


class _Records:
    """The records of a format in pieces of a log, each from where it lies."""

    def __init__(self, format_: Format, settings: IngestSettings) -> None:
        self._name, self._fields = format_.name, frozenset(format_.fields)
        self._elsewhere = Elsewhere(settings)

    def of(self, piece: Piece) -> Iterator[tuple[int, bytes]]:
        """Row numbers and records; of a record that has no field of the format's, those that it holds."""
        if not piece.within:
            yield from piece.records()
            return
        for row, record in piece.records():
            known = not self._fields.isdisjoint(_object(record) or ())
            held = () if known else self._elsewhere.find(record, self._name)
            yield from ((row, one) for one in held or (record,))


def _pieces(sources: Sequence[tuple[Source, Sniffed]]) -> Iterator[Piece]:
    return (piece.of(sniffed.name, sniffed.within) for source, sniffed in sources for piece in pieces(source))


def _object(record: bytes) -> dict[str, msgspec.Raw] | None:
    """The fields of a record; None for one that is no object, which its reader will refuse."""
    try:
        return _OBJECT.decode(record)
    except (ValueError, RecursionError):  # a byte that is no UTF-8 is no DecodeError
        return None


def _seen(record: bytes, file: str, join: Join) -> Any:
    """What the join keeps of a record; one that it stumbles over says nothing of others, and its reader says why."""
    found = _object(record)
    try:
        return None if found is None else join.see(found, file)
    except Exception:  # the adapter boundary: one record costs one record
        return None


def _joined(piece: Piece, records: Iterator[tuple[int, bytes]], join: Join, seen: Iterator[Any]) -> Iterator[Piece]:
    items: list[bytes] = []
    rows: list[int] = []
    size, file = 0, str(piece.source.path)
    for row, record in records:
        items.append(_with_context(record, file, join, next(seen)))
        rows.append(row)
        size += len(items[-1])
        if size >= PIECE_BYTES:
            yield _piece(piece, items, rows, size)
            items, rows, size = [], [], 0
    if items:
        yield _piece(piece, items, rows, size)


def _with_context(record: bytes, file: str, join: Join, seen: Any) -> bytes:
    found = _object(record)
    if found is None:
        return record
    try:
        return msgspec.json.encode(join.join(found, file, seen))
    except Exception:  # the adapter boundary: one record costs its context
        return record


def _piece(piece: Piece, items: list[bytes], rows: list[int], size: int) -> Piece:
    return Piece(piece.source, rows[0], size, items=tuple(items), rows=tuple(rows), format=piece.format)
