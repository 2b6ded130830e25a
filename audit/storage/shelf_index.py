"""What a folder in object storage says that it holds: its index, as values and as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from audit.core.errors import InputError
from audit.core.fingerprint import canonical_json
from audit.storage.address import ObjectAddress

SCHEMA = "audit-shelf/1"
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ShelvedFile:
    """A file: its size in bytes, and the SHA-256 of each of its pieces, in order."""

    size: int
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShelfIndex:
    """What a shelf holds.

    Attributes:
        files: By path in the folder, with `/`.
        version: Names this state of the shelf; empty where nothing was published.
    """

    files: Mapping[str, ShelvedFile]
    version: str


NOTHING = ShelfIndex({}, "")


def with_version(files: Mapping[str, ShelvedFile]) -> ShelfIndex:
    """The index of some files; equal files have the same version."""
    plain = {name: [file.size, *file.pieces] for name, file in files.items()}
    return ShelfIndex(files, hashlib.sha256(canonical_json(plain).encode()).hexdigest())


def document_of(index: ShelfIndex) -> str:
    """An index as JSON."""
    files = {name: {"size": file.size, "pieces": list(file.pieces)} for name, file in index.files.items()}
    return canonical_json({"schema": SCHEMA, "files": files})


def index_of(address: ObjectAddress, data: bytes) -> ShelfIndex:
    """An index from JSON.

    Raises:
        InputError: It is none, is of another version, or names what no run has.
    """
    try:
        document = json.loads(data)
        files = {
            name: ShelvedFile(int(file["size"]), tuple(map(str, file["pieces"])))
            for name, file in document["files"].items()
        }
        known = document["schema"] == SCHEMA
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        known, files = False, {}
    if not known:
        raise damaged(address, "its index was not written by this version of audit")
    folders = {str(folder) for name in files for folder in PurePosixPath(name).parents}
    for name, file in files.items():
        if name in folders or not is_plain(name) or not all(map(_DIGEST.fullmatch, file.pieces)):
            raise damaged(address, "its index names a file that no run has")
    return with_version(files)


def is_plain(name: str) -> bool:
    """Whether a name stays within its folder and is not hidden: what an index says is not believed further."""
    path = PurePosixPath(name)
    parts = path.parts
    return bool(parts) and str(path) == name and not path.is_absolute() and not any(p.startswith(".") for p in parts)


def damaged(address: ObjectAddress, what: str) -> InputError:
    """The error of what is published there and cannot be used."""
    return InputError(
        f"{address} is damaged: {what}", code="storage.damaged", hint="publish it again from a whole copy"
    )
