"""Records to draft tables: what a worker process does with one part of the log."""

from __future__ import annotations

import gc
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from audit.core.reason import Reason
from audit.core.schemas import BODIES
from audit.core.settings import IngestSettings
from audit.ingest.files.source import Piece
from audit.ingest.labels import MODEL
from audit.ingest.part_files import PartFiles, bodies_writer, whole_file, write_draft
from audit.ingest.readers import Readers, Taken
from audit.ingest.row import (
    DRAFT,
    UNIQUE_ID_CHARS,
    Columns,
    Row,
    Unusable,
    bound_counts,
    copy_id,
    id_within,
    note_undated,
)
from audit.ingest.scrub import scrub
from audit.ingest.steps import NotRead, may_be_a_call
from audit.masking.secrets import KeysInUse

BATCH_CHARS = 1 << 22
"""Prompts and answers per row group of bodies: the memory of a worker is a small multiple of it."""
BATCH_ROWS = 20_000
FINGERPRINT_BYTES = 200


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be used: where, why, and a digest of its first bytes to find it by."""

    source_file: str
    source_row: int
    reason: str
    bytes_sha256: str


@dataclass(frozen=True, slots=True)
class Job:
    """One part to read: its number, where all parts go, its pieces, how they are read, and which secrets are in use."""

    number: int
    folder: Path
    pieces: tuple[Piece, ...]
    settings: IngestSettings
    keys: KeysInUse

    @property
    def files(self) -> PartFiles:
        """Where the part is written."""
        return PartFiles(self.number, self.folder)


@dataclass(frozen=True, slots=True)
class FilePart:
    """What a worker reports of its part."""

    files: PartFiles
    records: int
    rows: int
    rejects: tuple[Reject, ...]
    formats: dict[str, int]
    routed: dict[str, int]
    """Rows that have a route, by format."""
    not_calls: int
    early: tuple[bool, ...]
    """For each of the part's first 1,000 records: whether it was usable."""


EARLY_RECORDS = 1000


def keys_in_use(variables: Sequence[str]) -> KeysInUse:
    """The values of environment variables here; a worker may have another environment, or none of them."""
    return KeysInUse(map(os.environ.get, variables))


def read_part(job: Job) -> FilePart:
    """Read a part's records and write its draft and its bodies.

    Every record becomes rows or a reject; nothing is dropped.
    """
    # Nothing here makes reference cycles, and the collector would walk every row again and again.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _read_part(job)
    finally:
        if collecting:
            gc.enable()


def _read_part(job: Job) -> FilePart:
    reader = _PartReader(job)
    with whole_file(job.files.bodies) as bodies_file, bodies_writer(bodies_file) as writer:
        for batch in reader.batches():
            try:
                bodies, draft = _tables(batch, job.settings, reader.keys)
            except _UNFIT:
                bodies, draft = _tables([row for row in batch if reader.fits(row)], job.settings, reader.keys)
            writer.write_batch(bodies)
            reader.drafts.append(pa.Table.from_batches([draft]))
    with whole_file(job.files.draft) as draft_file:
        write_draft(draft_file, reader.drafts)
    rows_written = sum(len(draft) for draft in reader.drafts)
    return FilePart(
        job.files,
        reader.records,
        rows_written,
        tuple(reader.rejects),
        dict(reader.formats),
        dict(reader.routed),
        reader.not_calls,
        tuple(reader.early),
    )


def _tables(rows: Sequence[Row], settings: IngestSettings, keys: KeysInUse) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Bodies and draft of some rows, cleaned.

    Raises:
        Exception: Of `_UNFIT`, when a value fits into no column or cannot be cleaned.
    """
    columns = Columns(rows)
    scrub(rows, columns, settings.redact, keys)
    return columns.batch(BODIES), columns.batch(DRAFT)


_UNFIT = (pa.ArrowException, OverflowError, UnicodeError, RecursionError, TypeError, ValueError, Unusable)
"""What one odd row may raise; it costs that row, or its bodies, and never the ingest."""
_BODIES = tuple(name for name in BODIES.names if name != "row_id")


class _PartReader:
    def __init__(self, job: Job) -> None:
        self._job = job
        self.keys = job.keys
        self._readers = Readers(job.settings)
        self._named: dict[str, Any] = {}  # per format the digest that ids begin with
        self._copies: dict[str, int] = {}
        self.drafts: list[pa.Table] = []
        self.rejects: list[Reject] = []
        self.formats: Counter[str] = Counter()
        self.routed: Counter[str] = Counter()
        self.records = 0
        self.not_calls = 0
        self.early: list[bool] = []

    def batches(self) -> Iterator[list[Row]]:
        """Rows in groups of bounded size, in the order of the log."""
        batch: list[Row] = []
        size = 0
        for piece in self._job.pieces:
            for taken in self._readers.read(piece):
                rows = self._rows(piece.source.name, taken)
                batch += rows
                size += sum(len(row.messages or "") + len(row.response_choices or "") for row in rows)
                if size >= BATCH_CHARS or len(batch) >= BATCH_ROWS:
                    yield batch
                    batch, size = [], 0
        if batch:
            yield batch

    def _rows(self, file: str, taken: Sequence[Taken]) -> list[Row]:
        """The rows of some records, named and placed."""
        made: list[Row] = []
        for number, record, rows, name in taken:
            self.records += 1
            if isinstance(rows, NotRead):
                self._reject(file, name, number, record, rows.error)
                continue
            if len(self.early) < EARLY_RECORDS:
                self.early.append(True)
            self.not_calls += not rows
            self._place(file, name, number, record, rows)
            self.formats[name] += len(rows)
            self.routed[name] += sum(row.route is not None for row in rows)
            made += rows
        return made

    def _place(self, file: str, format_name: str, number: int, record: bytes, rows: Sequence[Row]) -> None:
        """Write into the rows of a record where they come from, and ids made of its bytes."""
        named = self._digest(format_name)
        named.update(record)
        name = named.hexdigest()
        for index, row in enumerate(rows):
            own = name if index == 0 else id_within(name, index)
            row.row_id = self._unique(own)
            row.source_format, row.source_file, row.source_row = format_name, file, number
            if row.route is None and self._job.settings.route == MODEL:
                row.route, row.route_source = row.model_requested or row.model_responded, MODEL
            if row.logical_request_id is None:
                row.logical_request_id = row.request_id or row.row_id
            if row.dedupe_key is None and (_is_telling(row) or _is_unique(row.request_id)):
                row.dedupe_key = own
            bound_counts(row)
            note_undated(row)

    def _digest(self, format_name: str) -> Any:
        if format_name not in self._named:
            self._named[format_name] = hashlib.sha256(format_name.encode() + b"\0")
        return self._named[format_name].copy()

    def fits(self, row: Row) -> bool:
        """Whether a row can be written, if need be without its bodies: it stays in every sum. Otherwise a reject."""
        try:
            _tables([row], self._job.settings, self.keys)
            return True
        except _UNFIT:
            for name in (*_BODIES, "usage_raw", "routing", "metadata"):
                setattr(row, name, None)
            row.replayable, row.unreplayable_reasons = "none", [*row.unreplayable_reasons, Reason.NESTED_TOO_DEEPLY]
        try:
            _tables([row], self._job.settings, self.keys)
            return True
        except _UNFIT as error:
            reason = f"holds a value that no column can take: {type(error).__name__}"
            self.rejects.append(Reject(row.source_file, row.source_row, reason, ""))
            return False

    def _unique(self, row_id: str) -> str:
        copies = self._copies.get(row_id, 0)
        self._copies[row_id] = copies + 1
        return row_id if copies == 0 else copy_id(row_id, copies)

    def _reject(self, file: str, format_name: str, number: int, record: bytes, error: Exception) -> None:
        if len(self.early) < EARLY_RECORDS and (format_name == "generic" or may_be_a_call(record)):
            self.early.append(False)
        told = isinstance(error, Unusable)
        reason = str(error) if told else f"the format `{format_name}` cannot read it: {type(error).__name__}"
        head = hashlib.sha256(record[:FINGERPRINT_BYTES]).hexdigest()
        self.rejects.append(Reject(file, number, reason, head))


def _is_telling(row: Row) -> bool:
    """Whether equal records of it are one call: they name a moment, which two calls of the same counts may share where
    it is a whole second and no prompt stands beside it."""
    return row.started_at is not None and (row.prompt_hash is not None or row.started_at_resolution != "s")


def _is_unique(request_id: str | None) -> bool:
    """Whether an id is a provider's for one answer: equal records with it are one call, even of a log without times."""
    return request_id is not None and len(request_id) >= UNIQUE_ID_CHARS
