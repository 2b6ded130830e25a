"""Logs in object storage: a prefix (`s3://bucket/prefix`; `gs://`, `az://`), an object, or a pattern.

Objects are listed once and copied to a scratch folder, each whole, before the first is read: a log is digested, read
and masked as a file is, and gives the same bytes. Nothing is written to object storage.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from audit.core.artifacts import private_file, private_folder
from audit.core.errors import InputError
from audit.storage.address import ObjectAddress, address_of

# Loading Arrow's file systems starts a client: only a log that is there pays for it.
if TYPE_CHECKING:
    from pyarrow.fs import FileInfo, FileSystem

AT_ONCE = 8
"""Objects that are copied at the same time."""
_MAGIC = re.compile(r"[*?\[]")


def fetched(path: Path, is_log: Callable[[Path], bool]) -> Sequence[Path]:
    """The objects at an address as local files, sorted as a folder is; fetched once by a process.

    Args:
        path: An object, a prefix, or a pattern as of files; a prefix stands for the logs below it.
        is_log: Whether a path below a prefix is one.

    Raises:
        InputError: An unknown scheme, nothing there, or an object that cannot be had whole.
    """
    return _fetched(str(path), is_log)


@lru_cache(maxsize=256)
def _fetched(text: str, is_log: Callable[[Path], bool]) -> tuple[Path, ...]:
    address = address_of(
        Path(text), "logs are read from files and from", "copy the objects to a folder, and name the folder"
    )
    from pyarrow import ArrowException

    files = address.connect()
    try:
        found = _listed(files, address.place.rstrip("/"), is_log)
    except (OSError, ArrowException) as error:
        raise address.unreachable(error) from None
    if not found:
        raise InputError(
            f"{address} holds no log",
            code="ingest.empty-folder",
            hint="a prefix, an object, or a pattern that fits one",
        )
    scratch = Path(tempfile.mkdtemp(prefix="audit-objects-"))
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(lambda info: _copied(address.scheme, files, info, scratch), found))


def _listed(files: FileSystem, place: str, is_log: Callable[[Path], bool]) -> list[FileInfo]:
    from pyarrow.fs import FileSelector, FileType

    parts = PurePosixPath(place).parts
    fixed = next((n for n, part in enumerate(parts) if _MAGIC.search(part)), len(parts))
    base = "/".join(parts[:fixed])
    info = files.get_file_info(base)
    if info.type == FileType.File:
        return [info]
    below = files.get_file_info(FileSelector(base, recursive=True, allow_not_found=True))
    objects = [one for one in below if one.type == FileType.File]
    if fixed < len(parts):
        chosen = [one for one in objects if _fits(PurePosixPath(one.path).parts[fixed:], parts[fixed:])]
    else:
        chosen = [one for one in objects if is_log(Path(one.path).relative_to(base))]
    return sorted(chosen, key=lambda one: PurePosixPath(one.path))


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path fits a pattern, as shells have it: `**` is any number of folders, and a `*` hides hidden names."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        visible = bool(parts) and not parts[0].startswith(".")
        return _fits(parts, pattern[1:]) or (visible and _fits(parts[1:], pattern))
    if not parts or (parts[0].startswith(".") and not pattern[0].startswith(".")):
        return False
    return fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _copied(scheme: str, files: FileSystem, info: FileInfo, scratch: Path) -> Path:
    """An object as a file, whole."""
    address = ObjectAddress(scheme, str(info.path))
    place = scratch / address.place
    private_folder(place.parent)
    try:
        with files.open_input_stream(address.place) as source, private_file(place).open("wb") as file:
            shutil.copyfileobj(source, file, 1 << 22)
    except OSError as error:
        raise address.unreachable(error) from None
    if place.stat().st_size != info.size:
        raise InputError(
            f"{address} changed while it was copied: {info.size:,} bytes were listed, {place.stat().st_size:,} came",
            code="ingest.changed",
            hint="run the command again when nothing writes there any more",
        )
    return place
