"""Files to records: named, uncompressed, told apart by their first bytes, and cut into pieces of bounded size."""

from __future__ import annotations

import io
import mmap
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import msgspec

from audit.core.errors import InputError, Place
from audit.ingest.files.captures import events, is_capture
from audit.ingest.files.columnar import columnar_records, kind_of_columns
from audit.ingest.files.places import files_at
from audit.ingest.files.protobuf import is_otlp, json_records
from audit.ingest.files.shippers import EACH, records_at
from audit.ingest.files.shippers import Path as Within
from audit.ingest.files.split_lines import runtime_of, whole_lines
from audit.ingest.files.stores import Store
from audit.ingest.files.text_files import (
    LEAST_COLUMNS,
    Layout,
    bare,
    csv_records,
    dialect_of,
    json_values,
    layout_of,
    plain_numbers,
    recoded,
    whole,
)
from audit.ingest.foreign import recognised_text

PIECE_BYTES = 1 << 24
"""Size of a piece of lines before it is cut at a line's end; two workers hold a few of them each."""
HEAD_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 18
_BRACE = ord("{")
_BOM = b"\xef\xbb\xbf"
_PACKED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zX": "xz"}
"""How compressed files begin, by what compressed them."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file with the name that it has in the traffic: its basename, made unique."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records of one source, in order.

    Attributes:
        first_row: Line or element number of the first record, from 1.
        span: Byte range of the lines in an uncompressed file; the worker reads it itself.
        lines: The lines, of a compressed file.
        items: One element per record, of a JSON array, of values over many lines, of a table.
        format: Name of the format, once sniffed.
        rows: Numbers of the items, where some between them were blank.
        store: What the store that the log was kept in did to each; None for nothing.
        table: They are rows of a table.
        within: The path to the log's records in each of these, as in `{"data": [...]}` or a shipper's envelope.
    """

    source: Source
    first_row: int
    size: int
    span: tuple[int, int] | None = None
    lines: bytes | None = None
    items: tuple[bytes, ...] | None = None
    format: str = ""
    within: Within = ()
    rows: tuple[int, ...] | None = None
    store: Store | None = None
    table: bool = False

    def records(self) -> Iterator[tuple[int, bytes]]:
        """Row numbers and records; blank lines are counted and skipped."""
        for row, record in self._located():
            yield row, plain_numbers(record) if b'{"$number' in record else record

    def _located(self) -> Iterator[tuple[int, bytes]]:
        if not self.within:
            yield from self._records()
        elif EACH in self.within:
            held = (item for _, record in self._records() for item in records_at(record, self.within))
            yield from enumerate(held, self.first_row)
        else:
            for row, record in self._records():
                yield from ((row, item) for item in records_at(record, self.within))

    def _records(self) -> Iterator[tuple[int, bytes]]:
        if (store := self.store) is None:
            return self._stored()
        return ((row, store.undone(record)) for row, record in self._stored())

    def _stored(self) -> Iterator[tuple[int, bytes]]:
        if self.items is not None:
            yield from zip(self.rows or count(self.first_row), self.items, strict=False)
            return
        for row, line in enumerate(self._lines(), self.first_row):
            record = line.rstrip()
            if record[-2:] == b"},":  # the inside of an array, without its brackets
                record = record[:-1]
            if record and (record[0] == _BRACE or (record := bare(record))):
                yield row, record

    def _lines(self) -> Iterator[bytes]:
        """Lines one by one; those of a file are not held together in memory."""
        if self.lines is not None:
            yield from io.BytesIO(self.lines)
            return
        start, stop = self.span or (0, 0)
        try:
            file = self.source.path.open("rb", buffering=0)
        except FileNotFoundError:
            raise InputError(
                f"{self.source.path} is gone, or a worker does not see it",
                code="ingest.vanished",
                hint="leave logs where they are while they are read; workers on other machines need them under the "
                "same path",
            ) from None
        with file:
            file.seek(start)
            begun: list[bytes] = []  # blocks of a line that is longer than one: an export may be one line
            while start < stop and (block := file.read(min(_BUFFER_BYTES, stop - start))):
                start += len(block)
                lines = block.split(b"\n")
                if len(lines) > 1:
                    lines[0] = b"".join((*begun, lines[0]))
                    begun.clear()
                begun.append(lines.pop())
                yield from lines
            rest = b"".join(begun)
            begun.clear()
            if rest:
                yield rest

    def absolute(self) -> Piece:
        """The piece for a worker, which may have another working directory."""
        return replace(self, source=replace(self.source, path=self.source.path.absolute()))

    def of(self, format_name: str, within: Within = ()) -> Piece:
        """The piece, with its format, and where its records lie."""
        return replace(self, format=format_name, within=within)


def spread_lines(path: Path) -> Iterator[bytes]:
    """Lines of a file from places spread evenly over it, its last one among them; of a text of objects alone."""
    size = path.stat().st_size
    with path.open("rb") as file:
        for place in range(_PLACES):
            file.seek(size * place // _PLACES)
            file.readline(HEAD_BYTES)  # the rest of the line in which the place lies
            line = file.readline(HEAD_BYTES).rstrip()
            if line[:1] == b"{" and line[-1:] == b"}":
                yield line
        file.seek(max(size - HEAD_BYTES, 0))
        line = file.read().rstrip().rpartition(b"\n")[2]
        if line[:1] == b"{" and line[-1:] == b"}":
            yield line


_PLACES = 128
"""Places of a file at which a line is looked at."""


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """The files of a log, named.

    Raises:
        InputError: As `files_at`.
    """
    names: dict[str, int] = {}
    sources = []
    for path in files_at(paths):
        names[path.name] = number = names.get(path.name, 0) + 1
        sources.append(Source(path, path.name if number == 1 else f"{path.name}#{number}"))
    return sources


def pieces(source: Source, columns: int = LEAST_COLUMNS) -> Iterator[Piece]:
    """The records of a source in pieces of bounded size.

    Args:
        source: A file.
        columns: How many columns a first line has at least to be taken for the header of a CSV file.

    Raises:
        InputError: Empty, cut off, or neither JSON nor a table.
    """
    with source.path.open("rb") as raw:
        magic = raw.read(6)
        raw.seek(0)
        if not magic:
            raise InputError(f"{source.path} is empty", code="ingest.empty", hint="check the export that wrote it")
        if kind_of_columns(magic) is not None:
            yield from item_pieces(source, columnar_records(source.path, magic), table=True)
            return
        stream: BinaryIO = raw
        damage: tuple[type[Exception], ...] = (EOFError, OSError)
        packed = next((kind for begin, kind in _PACKED.items() if magic.startswith(begin)), None)
        if packed is not None:
            # Imported here: a log that is not compressed needs none of the libraries, nor do its workers.
            from audit.ingest.files.compression import PACKED_DAMAGE, uncompressed

            stream, damage = uncompressed(raw, packed), (*damage, *PACKED_DAMAGE)
        try:
            yield from _text_pieces(source, stream, packed is None, columns)
        except damage as error:
            raise InputError(
                f"{source.path} is cut off or damaged: it cannot be uncompressed to its end",
                code="ingest.truncated",
                notes=[f"{type(error).__name__} from the decompressor"],
                hint="copy or export the file again; nothing was written",
            ) from None


def _text_pieces(source: Source, stream: BinaryIO, plain: bool, columns: int) -> Iterator[Piece]:
    head = stream.read(HEAD_BYTES)
    if is_otlp(head):
        yield from item_pieces(source, json_records(_rejoined(head, stream)))
        return
    if (made := recoded(head, stream)) is not None:
        stream, plain = made, False
        head = stream.read(HEAD_BYTES)
    start = len(_BOM) if head.startswith(_BOM) else 0
    body = head[start:].lstrip()
    if not body and len(head) < HEAD_BYTES:
        raise InputError(f"{source.path} holds only white space", code="ingest.empty")
    if is_capture(body):
        yield from item_pieces(source, events(_rejoined(head[start:], stream)))
        return
    if (runtime := runtime_of(body)) is not None:
        yield from item_pieces(source, whole_lines(_rejoined(head[start:], stream), runtime))
        return
    layout = layout_of(body, columns)
    if layout is None:
        _refuse(source, head, head[: head.find(body[:1], start)].count(b"\n") + 1)
    elif layout == "lines":
        yield from _span_pieces(source, stream, start) if plain else _line_pieces(source, stream, head[start:])
    elif layout == "csv":
        yield from item_pieces(source, csv_records(_rejoined(head[start:], stream), dialect_of(body)), table=True)
    elif plain:
        with source.path.open("rb") as file:
            yield from _document_pieces(source, file, start, layout)
    else:
        with tempfile.TemporaryFile(prefix="audit-") as unpacked:
            shutil.copyfileobj(_rejoined(head[start:], stream), unpacked, _BUFFER_BYTES)
            unpacked.flush()
            yield from _document_pieces(source, unpacked, 0, layout)


def _rejoined(head: bytes, rest: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Rejoined(head, rest), buffer_size=_BUFFER_BYTES))


class _Rejoined(io.RawIOBase):
    """A stream with what was read of it put back."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = memoryview(head), rest

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there is data; 0 at the end."""
        data = self._head[: len(buffer)] or self._rest.read(len(buffer))
        self._head = self._head[len(data) :]
        buffer[: len(data)] = data
        return len(data)


def _refuse(source: Source, head: bytes, line: int) -> NoReturn:
    known = recognised_text(head)
    raise InputError(
        f"this is {known.tool}, which audit does not read"
        if known
        else "this is not JSON: a log is JSON lines, a JSON array, JSON objects, CSV with a header, Parquet, Arrow or "
        "ORC",
        code="ingest.not-json",
        place=Place(file=str(source.path), line=line),
        hint=known.hint if known else "export as JSONL, one request per line",
    )


def _span_pieces(source: Source, file: BinaryIO, start: int) -> Iterator[Piece]:
    """Cut at the first line's end after PIECE_BYTES, through a buffer small enough to stay in the processor's cache."""
    buffer = bytearray(_BUFFER_BYTES)
    row, lines, position = 1, 0, start
    file.seek(start)
    while size := file.readinto(buffer):  # type: ignore[attr-defined]
        cut = buffer.find(b"\n", 0, size) if position + size - start >= PIECE_BYTES else -1
        if cut >= 0:
            stop = position + cut + 1
            yield Piece(source, row, stop - start, span=(start, stop))
            row, lines, start = row + lines + 1, buffer.count(b"\n", cut + 1, size), stop
        else:
            lines += buffer.count(b"\n", 0, size)
        position += size
    if position > start:
        yield Piece(source, row, position - start, span=(start, position))


def _line_pieces(source: Source, stream: BinaryIO, head: bytes) -> Iterator[Piece]:
    row, data = 1, head + stream.read(PIECE_BYTES)
    while data:
        if not data.endswith(b"\n"):
            data += stream.readline()
        yield Piece(source, row, len(data), lines=data)
        row += data.count(b"\n")
        data = stream.read(PIECE_BYTES)


def _document_pieces(source: Source, file: BinaryIO, start: int, layout: Layout) -> Iterator[Piece]:
    """Elements of one JSON array, or JSON values one after another. The file is mapped, not read."""
    view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))[start:]
    if layout == "array":
        yield from item_pieces(source, map(bytes, _elements(source, view)))
    elif whole(view):
        yield Piece(source, 1, len(view), items=(bytes(view).strip(),))
    else:
        file.seek(start)
        yield from item_pieces(source, json_values(_rejoined(b"", file)))


def _elements(source: Source, array: memoryview) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(array, type=list[msgspec.Raw])
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{source.path} begins as a JSON document and is not one",
            code="ingest.not-json",
            notes=[str(error)],
            hint="export as JSONL, one request per line: one bad line then costs one line",
        ) from None


def item_pieces(source: Source, items: Iterator[bytes], *, table: bool = False) -> Iterator[Piece]:
    """Pieces of bounded size of some records; one of none where there are none."""
    row, size, batch = 1, 0, []
    for item in items:
        batch.append(item)
        size += len(item)
        if size >= PIECE_BYTES:
            yield Piece(source, row, size, items=tuple(batch), table=table)
            row, size, batch = row + len(batch), 0, []
    if batch or row == 1:
        yield Piece(source, row, size, items=tuple(batch), table=table)
