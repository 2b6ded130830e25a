"""What was worked out from a reading, kept beside it for every later command that asks the same of the same log.

A result is a file in the reading's folder, named by everything beside the reading that shapes it. It begins with a
digest of its name and of what follows, so that one that was damaged, or stands in the place of another, is worked out
again. It is counted, and goes, with its reading.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from audit.core.artifacts import RunFolder, write_atomic
from audit.core.fingerprint import fingerprint

FOLDER = "worked_out"


class Results:
    """The results of one reading; without a reading, nothing is found and nothing kept."""

    def __init__(self, reading: RunFolder | None) -> None:
        self._folder = None if reading is None else reading.path / FOLDER

    def find(self, kind: str, made_from: Mapping[str, object]) -> bytes | None:
        """What was kept under this; None where nothing was, or where it is not as it was written."""
        if self._folder is None:
            return None
        path = self._folder / _name(kind, made_from)
        found = whole(path)
        if found is not None:
            with suppress(OSError):  # of somebody else, who keeps count of its use
                os.utime(path)
        return found

    def keep(self, kind: str, made_from: Mapping[str, object], result: bytes) -> None:
        """Keep a result. That it cannot be kept, on a full disk or in somebody else's store, costs time and no more."""
        if self._folder is None or not self._folder.parent.is_dir():
            return
        path = self._folder / _name(kind, made_from)
        with suppress(OSError):
            write_atomic(path, _sum(path, result) + result)


def results_in(reading: RunFolder) -> Iterator[Path]:
    """The files of a reading's results, by name."""
    folder = reading.path / FOLDER
    yield from sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def whole(path: Path) -> bytes | None:
    """What a result holds; None where there is none, or where it is not as it was written."""
    try:
        written = path.read_bytes()
    except OSError:
        return None
    sum_, result = written[: hashlib.sha256().digest_size], written[hashlib.sha256().digest_size :]
    return result if sum_ == _sum(path, result) else None


def _name(kind: str, made_from: Mapping[str, object]) -> str:
    return f"{kind}-{fingerprint(dict(made_from))[:32]}"


def _sum(path: Path, result: bytes) -> bytes:
    return hashlib.sha256(path.name.encode() + b"\n" + result).digest()
