"""The records of a log's files, as they were before the store that they were kept in wrote them its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from audit.core.settings import IngestSettings
from audit.ingest.files.json_tables import columns_of, is_table, row_under, rows_of
from audit.ingest.files.source import Piece, Source, item_pieces, pieces
from audit.ingest.files.stores import store_of

TOLD_BY = 20
"""Records by which a store is told."""


def log_pieces(source: Source, settings: IngestSettings) -> Iterator[Piece]:
    """As `pieces`, with what was done to the records by the store that the log was kept in.

    Raises:
        InputError: As `pieces`, or the file holds columns in place of records.
    """
    stream = _unfolded(source, pieces(source))
    first = next(stream)
    records = (record for _, record in islice(first.records(), TOLD_BY))
    store = store_of(records, settings, table=first.table)
    yield from (replace(piece, store=store) for piece in chain((first,), stream))


def _unfolded(source: Source, stream: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces of a file; where its first record is a table, or the names of its columns, one row for each record."""
    first = next(stream)
    _, head = next(first.records(), (0, b""))
    whole = chain((first,), stream)
    records = (record for piece in whole for _, record in piece.records())
    if first.table:
        yield from whole
    elif is_table(head):
        yield from item_pieces(source, chain.from_iterable(map(rows_of, records)), table=True)
    elif (columns := columns_of(head)) is not None:
        yield from item_pieces(source, (row_under(columns, one) for one in islice(records, 1, None)), table=True)
    else:
        yield from whole
