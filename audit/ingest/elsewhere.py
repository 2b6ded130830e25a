"""Records of a log that lie under another path than its first one, as where a shipper writes two shapes into a file.

Google Cloud Logging keeps what is JSON under `jsonPayload` and what is not under `textPayload`; two indexes have hits
of two shapes. A record that cannot be read where the first one lay is asked as the first one was: where it holds one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from audit.core.settings import IngestSettings
from audit.ingest.files.shipped import records_at
from audit.ingest.formats import FORMATS
from audit.ingest.row import Unusable
from audit.ingest.sniff import recognition
from audit.ingest.values import parse

_TRIES = 50
"""Records of one shape that are asked, if none of them holds anything: another program's lines may be millions."""


class Elsewhere:
    """Where the records of a log lie that do not lie where its first one does.

    Args:
        settings: How the log is read.
    """

    def __init__(self, settings: IngestSettings) -> None:
        self._recognised = recognition(settings)
        self._missed: Counter[tuple[str, ...]] = Counter()

    def find(self, record: bytes, format_name: str) -> Sequence[bytes]:
        """The records of a format that a record holds; none where it holds none, or is one itself."""
        try:
            value = parse(record)
        except Unusable:
            return ()
        if not isinstance(value, dict) or self._missed[shape := tuple(value)] >= _TRIES:
            return ()
        sniffed = self._recognised(value)
        if sniffed is None or not sniffed.within or not _reads(format_name, sniffed.name):
            self._missed[shape] += 1
            return ()
        self._missed[shape] = -_TRIES
        return tuple(records_at(record, sniffed.within))


def _reads(format_name: str, other: str) -> bool:
    """Whether records that are told for one format are read by the reader of another: all that read bodies under any
    wrapper are one reader."""
    return format_name == other or (FORMATS.get(format_name).any_wrapper and FORMATS.get(other).any_wrapper)
