"""Archives of logs, zip and tar: what lies in them as files, each read as if it had been unpacked."""

from __future__ import annotations

import atexit
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from audit.core.artifacts import private_file, private_folder
from audit.core.errors import InputError

_ZIP = b"PK\x03\x04"
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, RuntimeError, NotImplementedError)
"""What the libraries raise for damaged archives, and for those with a password."""


def is_archive(path: Path) -> bool:
    """Whether a file holds others: a zip by its first bytes, a tar by its name."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == _ZIP or path.name.lower().endswith(_TAR)


@lru_cache(maxsize=256)
def unpacked_files(path: Path, is_log: Callable[[Path], bool]) -> tuple[Path, ...]:
    """The logs in an archive as files of a scratch folder, sorted; unpacked once by a process.

    Args:
        path: The archive.
        is_log: Whether a path within is one.

    Raises:
        InputError: It is damaged or locked, or holds no log.
    """
    scratch = Path(tempfile.mkdtemp(prefix="audit-archive-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    try:
        found = sorted(_copied(place, held, scratch) for place, held in _members(path) if is_log(place))
    except _DAMAGE as error:
        raise InputError(
            f"{path} is a damaged archive, or one with a password",
            code="ingest.truncated",
            notes=[type(error).__name__],
            hint="unpack it, and name the folder; nothing was written",
        ) from None
    if not found:
        raise InputError(f"{path} holds no log", code="ingest.empty-folder", hint="unpack it, and name its files")
    return tuple(found)


def _members(path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    with archive.open(info) as held:
                        yield _inside(info.filename), held
        return
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile() and (inner := tar.extractfile(member)) is not None:
                yield _inside(member.name), inner


def _inside(name: str) -> Path:
    """The name of a member, which may not lead out of the archive."""
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return Path(*(part for part in parts if part not in ("/", "..", ".")))


def _copied(name: Path, held: IO[bytes], scratch: Path) -> Path:
    place = scratch / name
    private_folder(place.parent)
    with private_file(place).open("wb") as file:
        shutil.copyfileobj(held, file, 1 << 22)
    return place
