"""The store's readings: what logs say, as tables, for every run of the same logs that reads them in the same way.

A reading is a folder like a run's, with the traffic alone. It is made beside its place and moved there whole; it is
named by everything that it was made from, and never changed. A run gets its files as links: it costs no space and no
time, and the run stays whole when the reading is deleted.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from audit.core.artifacts import TRAFFIC, RunFolder, private_file, private_folder
from audit.core.errors import AuditError, InputError
from audit.core.fingerprint import file_sha256, fingerprint

FOLDER = "readings"

LOGS = "logs"
"""Under this name, of all that a reading was made from, stands the digest of the logs."""


class ReadingStore:
    """The readings of one store. Looking makes nothing."""

    def __init__(self, folder: Path) -> None:
        """Name the folder of the store.

        Raises:
            InputError: There is something else at its place.
        """
        if taken := next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None):
            raise InputError(
                f"{taken} is a file, so that no store can be at {folder}",
                code="store.not-a-folder",
                hint="name another folder:  --store DIR, or use none:  --no-store",
            )
        self.path = folder / FOLDER

    def find(self, made_from: Mapping[str, str]) -> RunFolder | None:
        """The reading that was made from exactly this; None where there is none. One that is not whole is removed."""
        reading = RunFolder(self.path / fingerprint(dict(made_from))[:32])
        if not reading.path.is_dir():
            return None
        if facts_of(reading, made_from) is None:
            shutil.rmtree(reading.path, ignore_errors=True)
            return None
        with suppress(OSError):  # of somebody else, who keeps count of its use
            os.utime(reading.manifest)
        return reading

    def all(self) -> list[RunFolder]:
        """Every reading, by name; one may not be whole."""
        if not self.path.is_dir():
            return []
        return [RunFolder(path) for path in sorted(self.path.iterdir()) if path.is_dir() and path.suffix != ".tmp"]

    def drop(self, reading: RunFolder) -> None:
        """Delete a reading: the next run of these logs reads them again. Runs that have its files keep them."""
        shutil.rmtree(reading.path)

    @contextmanager
    def making(self, made_from: Mapping[str, str]) -> Iterator[RunFolder]:
        """A folder to read logs into; `publish` it, or it is gone at the end. What killed processes left goes too."""
        private_folder(self.path.parent)
        private_folder(self.path)
        for stale in self.path.glob(".*.tmp"):
            if not _runs(stale):
                shutil.rmtree(stale, ignore_errors=True)
        folder = RunFolder(self.path / f".{uuid.uuid4().hex}.{os.getpid()}.tmp")
        try:
            yield folder.create()
        finally:
            shutil.rmtree(folder.path, ignore_errors=True)

    def publish(self, folder: RunFolder, made_from: Mapping[str, str], facts: Mapping[str, Any]) -> RunFolder:
        """Move a folder that was filled to its place. Where another process was faster, its reading is the one."""
        files = {name: [path.stat().st_size, file_sha256(path)] for name, path in files_of(folder).items()}
        folder.record(TRAFFIC, made_from, **facts, files=files)
        place = RunFolder(self.path / fingerprint(dict(made_from))[:32])
        try:
            folder.path.rename(place.path)
        except OSError:
            if self.find(made_from) is None:
                raise
        return place


def files_of(folder: RunFolder) -> dict[str, Path]:
    """The files of a folder's traffic, by their path in it."""
    found = [*folder.traffic_files(), *folder.body_files(), folder.rejects]
    return {path.relative_to(folder.path).as_posix(): path for path in found}


def facts_of(reading: RunFolder, made_from: Mapping[str, str] | None = None) -> dict[str, Any] | None:
    """What the manifest of a reading says; None where it is not whole: a file is missing, or of another size.

    Args:
        made_from: What it must have been made from; None for anything.
    """
    try:
        facts = reading.facts(TRAFFIC)
        if facts is None or (made_from is not None and facts["made_from"] != dict(made_from)):
            return None
        sizes = {name: size for name, (size, _) in facts["files"].items()}
        there = {name: path.stat().st_size for name, path in files_of(reading).items()}
    except (AuditError, OSError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return facts if sizes == there else None


def lend(reading: RunFolder, folder: RunFolder) -> None:
    """Put a reading's traffic into a run folder, whole or not at all; what was there before is replaced."""
    folder.create()
    scratch = RunFolder(folder.path / f".traffic.{os.getpid()}.tmp")
    private_folder(scratch.path)
    try:
        for name, path in files_of(reading).items():
            _link(path, scratch.path / name)
        scratch.rejects.replace(folder.rejects)
        if folder.traffic.exists():
            shutil.rmtree(folder.traffic)
        scratch.traffic.rename(folder.traffic)
    finally:
        shutil.rmtree(scratch.path, ignore_errors=True)


def _link(path: Path, place: Path) -> None:
    """The same file under a second name; a copy where the disk has no links, or is another one."""
    private_folder(place.parent)
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, private_file(place))


def _runs(scratch: Path) -> bool:
    """Whether the process that a folder was made by is still there."""
    try:
        os.kill(int(scratch.name.split(".")[-2]), 0)
    except (ValueError, IndexError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
