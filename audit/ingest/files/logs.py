"""The records of a log's files, as they were before the store that they were kept in wrote them its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, islice

from audit.core.settings import IngestSettings
from audit.ingest.files.source import Piece, Source, pieces
from audit.ingest.files.stores import store_of

TOLD_BY = 20
"""Records by which a store is told."""


def log_pieces(source: Source, settings: IngestSettings) -> Iterator[Piece]:
    """As `pieces`, with what was done to the records by the store that the log was kept in.

    Raises:
        InputError: As `pieces`, or the file holds columns in place of records.
    """
    stream = pieces(source)
    first = next(stream)
    records = (record for _, record in islice(first.records(), TOLD_BY))
    store = store_of(records, settings, table=first.table)
    yield from (replace(piece, store=store) for piece in chain((first,), stream))
