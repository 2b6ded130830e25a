"""Text files made lines of UTF-8, and what is in them told: lines, a JSON array, values one after another, CSV."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, Literal, cast

import msgspec

Layout = Literal["lines", "array", "values", "csv"]
LOOKED_AT = 500
"""Lines looked at before the layout is settled: the first ones may be what a program says of itself as it starts."""
LEAST_COLUMNS = 3
"""Columns of a log at least: what has fewer may be a text with a comma."""
_BLOCK_BYTES = 1 << 20
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FRAMING = re.compile(rb"(event|id|retry):|:|data:\s*\[DONE\]$")
"""Lines of a stream of server-sent events that hold no data. Source: HTML standard, 9.2.6."""
_PACKED_CELL = re.compile(rb'(?:^|[,;\t])"?\{""?\w')
"""A cell that holds an object: a table with one or two columns may be a log, too."""
_BETWEEN = re.compile(r"[\s,\x1e]*")
_ALMOST_ALL = 16
csv.field_size_limit(1 << 30)


def encoding_of(head: bytes) -> str | None:
    """The encoding of a text that is not UTF-8, from its byte order mark or from where its zeros are."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return name
    odd, even = head[1:200:2], head[:200:2]
    if odd and odd.count(0) > 0.9 * len(odd):
        return "utf-16-le"
    return "utf-16-be" if even and even.count(0) > 0.9 * len(even) else None


def old_line_ends(head: bytes) -> bool:
    """Whether lines end with a carriage return alone."""
    return b"\n" not in head and b"\r" in head.strip()


class Recoded(io.RawIOBase):
    """A stream as UTF-8 with line feeds, whatever its encoding and its line ends.

    Args:
        head: What was read of the stream already.
        encoding: As `encoding_of` has it; None for UTF-8. What cannot be decoded becomes U+FFFD.
    """

    def __init__(self, head: bytes, rest: BinaryIO, encoding: str | None) -> None:
        self._head, self._rest = head, rest
        decoder = codecs.getincrementaldecoder(encoding or "utf-8")(errors="replace")
        self._lines = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._pending = b""
        self._over = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there is text; 0 at the end."""
        while not self._pending and not self._over:
            data = self._head or self._rest.read(_BLOCK_BYTES)
            self._head, self._over = b"", not data
            self._pending = self._lines.decode(data, final=self._over).encode("utf-8", "replace")
        size = min(len(buffer), len(self._pending))
        buffer[:size], self._pending = self._pending[:size], self._pending[size:]
        return size


def recoded(head: bytes, rest: BinaryIO) -> BinaryIO | None:
    """The stream as UTF-8 with line feeds; None when it is that already."""
    encoding = encoding_of(head)
    if encoding is None and not old_line_ends(head):
        return None
    return cast(BinaryIO, io.BufferedReader(Recoded(head, rest, encoding), buffer_size=_BLOCK_BYTES))


def whole(data: bytes | memoryview) -> bool:
    """Whether the bytes are one JSON value."""
    try:
        msgspec.json.decode(data, type=msgspec.Raw)
    except (ValueError, RecursionError):  # a byte that is no UTF-8 is no DecodeError
        return False
    return True


_TYPED = re.compile(rb'\{"\$number(?:Int|Long|Double|Decimal)": ?"(-?\d[\d.eE+-]*)"\}')


def plain_numbers(record: bytes) -> bytes:
    """A record of MongoDB's with numbers in place of `{"$numberInt": "7"}`, whose types no reader asks for.

    Source: https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
    """
    return _TYPED.sub(rb"\1", record)


def bare(line: bytes) -> bytes:
    """A line's JSON, without what a stream or a logger puts before it; empty for the framing of a stream.

    Special cases: `data: {...}` of server-sent events; `Nov 19 10:00:00 host app: {...}` of syslog. A line without an
    object stays as it is.
    """
    if line.startswith(b"{"):
        return line
    if _FRAMING.match(line):
        return b""
    if line.startswith(b"data:"):
        return line[5:].lstrip()
    start = line.find(b"{")
    return line[start:] if start > 0 and line.endswith(b"}") else line


def layout_of(body: bytes, columns: int = LEAST_COLUMNS) -> Layout | None:
    """How records lie in a text, from its beginning; None for a text that is neither JSON nor CSV.

    Args:
        body: Its beginning.
        columns: As `separator_of` takes it.
    """
    lines = [line.rstrip() for line in body.split(b"\n", LOOKED_AT)[:LOOKED_AT]]
    first = lines[0]
    if re.match(rb"\[\s*[\[{\"\]]", body) or body == b"[":
        return "lines" if all(line[:1] == b"[" and whole(line) for line in lines[:2]) and len(lines) > 1 else "array"
    if body[:1] == b"{":
        later = any(line[:1] == b"{" and len(line) > 2 and whole(line) for line in lines[1:])
        return "lines" if whole(first) or later else "values"
    if first.count(b"\t") in [line.count(b"\t") for line in lines[1:2]] and separator_of(first, columns) == "\t":
        return "csv"  # the last column may be JSON, and is not all of the line
    if any(found[:1] == b"{" and whole(found) for found in map(bare, lines)):
        return "lines"
    packed = len(lines) > 1 and _PACKED_CELL.search(lines[1]) is not None
    return "csv" if separator_of(first, 1 if packed else columns) else None


def separator_of(header: bytes, columns: int = LEAST_COLUMNS) -> str | None:
    """What separates the columns of a CSV file with this first line; None when it is no header.

    Args:
        header: The line.
        columns: How many it has at least.
    """
    text = header.decode("utf-8", "replace")
    mark = max(",\t;|", key=text.count)
    try:
        names = next(csv.reader([text], delimiter=mark), [])
    except csv.Error:  # a line end within it, or a cell longer than the module takes
        return None
    named = [name for name in names if re.fullmatch(r"[\w @.:/()\[\]$€£¥₹%-]{1,120}", name)]
    return mark if len(names) >= columns and len(named) == len(names) == len(set(names)) else None


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a table is written as text.

    Attributes:
        separator: Between its columns.
        escaped: A backslash stands before what would end a cell, as MySQL, Snowflake and PostgreSQL write it.
    """

    separator: str = ","
    escaped: bool = False

    def rows(self, text: Iterable[str]) -> Iterator[list[str] | None]:
        """Rows as lists of cells, blank ones empty; None for one that cannot be read."""
        if self.escaped and self.separator == "\t":
            yield from (list(map(_unescaped, line.rstrip("\r\n").split("\t"))) for line in text)
            return
        if self.escaped:
            null = re.compile(rf"(?<![^{re.escape(self.separator)}])\\N(?=[{re.escape(self.separator)}\r\n]|$)")
            text = (null.sub("", line) for line in text)
        rows = csv.reader(text, delimiter=self.separator, escapechar="\\" if self.escaped else None)
        while True:
            try:
                yield next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield None


_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "N": ""}
"""What PostgreSQL's `COPY` and MySQL's batch mode write behind a backslash; anything else stands for itself.

Source: https://www.postgresql.org/docs/current/sql-copy.html, text format
"""


def _unescaped(cell: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), cell) if "\\" in cell else cell


def dialect_of(body: bytes) -> Dialect:
    """How a table is written, from its beginning: with backslashes where its rows and its JSON are whole only so."""
    separator = separator_of(body.split(b"\n", 1)[0].rstrip(), 1) or ","
    if b"\\" not in body:
        return Dialect(separator)
    head = body[: body.rfind(b"\n") + 1].decode("utf-8", "replace")
    plain, escaped = Dialect(separator), Dialect(separator, escaped=True)
    dialects = (escaped, plain) if separator == "\t" and _all_doubled(head) else (plain, escaped)
    return max(dialects, key=lambda dialect: _whole_rows(dialect, head))


def _all_doubled(head: str) -> bool:
    """Whether no backslash within JSON stands alone, as each does that JSON itself has in its texts."""
    return not any(len(found[1]) % 2 for found in _BACKSLASHES.finditer(head) if found[2] != "N")


_BACKSLASHES = re.compile(r"(\\+)(.?)")


def _whole_rows(dialect: Dialect, head: str) -> int:
    """How many rows have a cell for each column, and JSON in those that begin as such."""
    rows = islice(dialect.rows(io.StringIO(head, newline="")), LOOKED_AT)
    columns = len(next(rows, None) or ())
    return sum(
        row is not None
        and len(row) == columns
        and all(whole(cell.encode("utf-8", "replace")) for cell in row if cell.startswith(_JSON_IN_CELLS))
        for row in rows
    )


_JSON_IN_CELLS = ('{"', '["', "{\\", "[\\")
"""How JSON begins in cells, and how where the backslash before its first quotation mark was taken for text."""


def csv_records(stream: BinaryIO, dialect: Dialect = Dialect()) -> Iterator[bytes]:
    """Rows of a CSV file as JSON objects: text by column, null for an empty cell, as in columnar files.

    Special cases: a row with more or fewer cells than the header is yielded as a list, which is no record.
    """
    rows = dialect.rows(io.TextIOWrapper(stream, encoding="utf-8", errors="replace", newline=""))
    header = next(rows, None) or []
    for row in rows:
        if row is None:
            yield b"not CSV"
        elif len(row) == len(header):
            yield msgspec.json.encode({name: _held(cell) for name, cell in zip(header, row, strict=True)})
        elif row:
            yield msgspec.json.encode(row)


def _held(cell: str) -> str | None:
    """What a cell holds; null for an empty one, and for what MySQL, Hive and Redshift write in its place."""
    return None if cell in ("", "\\N") else cell


def json_values(stream: BinaryIO) -> Iterator[bytes]:
    """JSON values one after another, over many lines or on one; what is broken is yielded as it is.

    After a broken value the next one begins where a line begins with `{`.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape")
    scan = json.JSONDecoder().raw_decode
    buffer, size, over = "", _BLOCK_BYTES, False
    while not over:
        block = text.read(size)
        over = not block
        buffer += block
        at, before = 0, len(buffer)
        while (at := cast(re.Match[str], _BETWEEN.match(buffer, at)).end()) < len(buffer):
            try:
                _, stop = scan(buffer, at)
            except (ValueError, RecursionError) as error:
                if not over and _cut_off(error, buffer):
                    break
                stop = buffer.find("\n{", at + 1)
                stop = len(buffer) if stop < 0 else stop
            yield buffer[at:stop].strip().encode("utf-8", "surrogateescape")
            at = stop
        buffer = buffer[at:]
        size = max(_BLOCK_BYTES, len(buffer)) if len(buffer) < before else 2 * size


def _cut_off(error: Exception, buffer: str) -> bool:
    """Whether a value may only lack its end, which is still to be read."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated string") or error.pos >= len(buffer) - _ALMOST_ALL
