"""Records of a file that are not as its first one was: under another path, or of another format.

Google Cloud Logging keeps what is JSON under `jsonPayload` and what is not under `textPayload`; two indexes have hits
of two shapes; a bucket's objects were put together, or a gateway was replaced in the middle of a month. Such a record
is asked as the first one was: what it is, and where in it the log's own record lies. It is asked once for each shape.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest.files.shippers import Path
from audit.ingest.formats import FORMATS
from audit.ingest.row import Unusable
from audit.ingest.sniff import Sniffed, recognition
from audit.ingest.values import parse

_TRIES = 50
"""Records of one shape that are asked, if none of them tells anything: another program's lines may be millions."""
_SHAPES = 5_000
"""Shapes that are remembered; a log with more has made-up names for fields, and tells nothing by them."""
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


_Shape = tuple[str, bool, tuple[str, ...]]
"""A file's format, whether its reader refuses the record, and the names of that one's fields."""


def fields_of(record: bytes) -> dict[str, msgspec.Raw] | None:
    """The fields of a record; None for one that is no object, which its reader will refuse."""
    try:
        return _OBJECT.decode(record)
    except (ValueError, RecursionError):  # a byte that is no UTF-8 is no DecodeError
        return None


class OtherPaths:
    """What the records of a file of some format are.

    Args:
        settings: How the log is read.
    """

    def __init__(self, settings: IngestSettings) -> None:
        self._recognised = recognition(settings)
        self._known: dict[_Shape, Sniffed | None] = {}
        self._missed: Counter[_Shape] = Counter()

    def told(
        self, record: bytes, format_name: str, fields: Collection[str] | None = None, *, refused: bool = False
    ) -> Sniffed | None:
        """The format of a record and where in it that lies; None where nothing tells.

        Args:
            record: Its bytes.
            format_name: The file's format. What is of it, or is read by the same reader, is told as that.
            fields: The names of its fields, where they are known.
            refused: Its reader refuses it as it lies: what is told lies elsewhere, whatever others of its shape are.
        """
        fields = fields_of(record) if fields is None else fields
        if fields is None:
            return None
        shape = (format_name, refused, tuple(fields))
        if shape in self._known:
            return self._known[shape]
        if len(self._known) >= _SHAPES:
            return None
        sniffed = self._sniffed(record, format_name)
        if sniffed is None or (refused and sniffed.name == format_name and not sniffed.within):
            self._missed[shape] += 1
            if self._missed[shape] < _TRIES:
                return None
            sniffed = None
        self._known[shape] = sniffed
        return sniffed

    def _sniffed(self, record: bytes, format_name: str) -> Sniffed | None:
        try:
            value = parse(record)
        except Unusable:
            return None
        sniffed = self._recognised(value) if isinstance(value, dict) else None
        if sniffed is not None and _reads(format_name, sniffed.name):
            return Sniffed(format_name, sniffed.reason, sniffed.within)
        return sniffed


def first_step(path: Path) -> Path:
    """The beginning of a path that leads to the next object on it: a field, and into the lists below."""
    end = next((at for at, step in enumerate(path[1:], 1) if isinstance(step, str)), len(path))
    return path[:end]


def _reads(format_name: str, other: str) -> bool:
    """Whether the reader of a format reads the records that are told for another: all that read bodies under any
    wrapper are one reader; but only one of them puts together what belongs together."""
    one, two = FORMATS.get(format_name), FORMATS.get(other)
    wrapped = one.any_wrapper and two.any_wrapper
    return format_name == other or (wrapped and (one.join is not None or two.join is None))
