"""Sources to parts: each a few pieces, sized so that a worker has it read within a second."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

from audit.core.display import listing, plural
from audit.core.errors import InputError
from audit.core.settings import IngestSettings
from audit.ingest.files.logs import log_pieces
from audit.ingest.files.source import PIECE_BYTES, Piece, Source, spread_lines
from audit.ingest.first_pass import Reject
from audit.ingest.formats import FORMATS
from audit.ingest.join import joined_pieces
from audit.ingest.other_paths import OtherPaths
from audit.ingest.sniff import Sniffed, sniff


@dataclass(slots=True)
class Reading:
    """What is known of the sources while they are cut into pieces."""

    digests: dict[str, Future[str]] = field(default_factory=dict)
    sniffed: dict[str, Sniffed] = field(default_factory=dict)
    skipped: list[Reject] = field(default_factory=list)
    refused: InputError | None = None


def parts_of(found: Sequence[Source], settings: IngestSettings, reading: Reading) -> Iterator[tuple[Piece, ...]]:
    """Pieces packed into parts of about PIECE_BYTES: a large file makes many parts, many small files make one."""
    batch: list[Piece] = []
    size = 0
    for piece in _all_pieces(found, settings, reading):
        batch.append(piece)
        size += piece.size
        if size >= PIECE_BYTES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


def _all_pieces(found: Sequence[Source], settings: IngestSettings, reading: Reading) -> Iterator[Piece]:
    """Pieces with their formats; those of files with records that belong together come last, joined."""
    apart: list[tuple[Source, Sniffed]] = []
    for source in found:
        stream = _known_pieces(source, settings, reading, alone=len(found) == 1)
        first = next(stream, None)
        if first is not None and (_is_joined(first.format) or _holds_joined(source, first, settings)):
            apart.append((source, Sniffed(first.format, "", first.within)))
        elif first is not None:
            yield from chain((first,), stream)
    if apart:
        yield from joined_pieces(apart, settings)


def _is_joined(name: str | None) -> bool:
    return name is not None and FORMATS.get(name).join is not None


def _holds_joined(source: Source, first: Piece, settings: IngestSettings) -> bool:
    """Whether records that belong together stand in a file, whatever its first one is: two logs were put together, or
    the writer was replaced. The records of its beginning are asked, and lines from all over the rest."""
    asked = OtherPaths(settings)
    records = chain(_beginning(first), spread_lines(source.path))
    told = (asked.told(record, first.format) for record in records)
    return any(one is not None and _is_joined(one.name) for one in told)


def _beginning(piece: Piece) -> Iterator[bytes]:
    left = _ASKED_BYTES
    for _, record in piece.records():
        if (left := left - len(record)) < 0:
            return
        yield record


_ASKED_BYTES = 1 << 22
"""Bytes of a file whose records are all asked what they are."""


def _known_pieces(source: Source, settings: IngestSettings, reading: Reading, *, alone: bool) -> Iterator[Piece]:
    stream = log_pieces(source, settings)
    try:
        first = next(stream)
        sniffed = sniff(first, settings)
    except InputError as error:
        # One empty or foreign file among thousands is no reason to stop; it is counted.
        if alone or error.code not in _FOREIGN:
            raise
        reading.skipped.append(Reject(source.name, 0, _FOREIGN[error.code], ""))
        reading.refused = reading.refused or error
        return
    reading.sniffed.setdefault(sniffed.name, sniffed)
    for piece in chain((first,), stream):
        yield piece.of(sniffed.name, sniffed.within)


_FOREIGN = {
    "ingest.empty": "empty file",
    "ingest.not-json": "file that is no log",
    "ingest.unknown-format": "file of no known format",
}
"""Errors of a whole file that others beside it may outweigh, by their code."""


def refuse_no_calls(apart: int, formats: Collection[str], rejects: Sequence[Reject]) -> None:
    """Refuse a log that has no row: of records of which none is a call, `$0` would be said to have been paid.

    Args:
        apart: Records that are no call.
        formats: What they were read as.
        rejects: What could not be used of it.

    Raises:
        InputError: There are such records.
    """
    if apart:
        unread = [f"{plural(len(rejects), 'record')} cannot be used: {rejects[0].reason}"] if rejects else []
        raise InputError(
            f"no record of these logs is a call of a model: {plural(apart, 'record')} of something else",
            code="ingest.no-calls",
            notes=[*unread, f"read as {listing(sorted(formats))}; nothing was written"],
            hint=FORMATS.get(min(formats)).without_calls,
        )
