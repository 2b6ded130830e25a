"""Tables below other lines: an invoice's number, dates and currency, and then the columns of its charges."""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.ingest.files.text_files import LEAST_COLUMNS, separator_of

LOOKED_AT = 40
"""Lines among which a table begins."""
_HEAD_BYTES = 1 << 16


@contextmanager
def table_of(path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """The file from its table's header on, and what the lines above say, as `{"Currency": "USD"}`.

    A file that begins with its header, or is no text, is given as it is.
    """
    with path.open("rb") as file:
        lines = file.read(_HEAD_BYTES).split(b"\n")[:LOOKED_AT]
    start = _header(lines)
    if not start:
        yield path, {}
        return
    said = {row[0]: row[1] for row in csv.reader(line.decode("utf-8", "replace") for line in lines[:start]) if row[1:]}
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        table = Path(folder) / path.name
        with path.open("rb") as file, table.open("wb") as rest:
            file.seek(sum(len(line) + 1 for line in lines[:start]))
            shutil.copyfileobj(file, rest)
        yield table, said


def _header(lines: list[bytes]) -> int:
    """The number of the line that a table begins with: the first of many columns, below lines of two filled cells at
    most; 0 where there is nothing above it."""
    for number, line in enumerate(lines):
        mark = separator_of(line.rstrip(), LEAST_COLUMNS)
        if mark is not None and sum(map(bool, _cells(line, mark))) > LEAST_COLUMNS - 1:
            return number
        if line[:1] in (b"{", b"[", b"\0") or b"\0" in line or sum(map(bool, _cells(line, ","))) >= LEAST_COLUMNS:
            return 0
    return 0


def _cells(line: bytes, mark: str) -> list[str]:
    return next(csv.reader([line.decode("utf-8", "replace").rstrip()], delimiter=mark), [])
