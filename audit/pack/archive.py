"""A zip file of evidence: written so that equal content is equal bytes, read as if a stranger had made it.

Members are never extracted, only read into memory, and only under names that a pack may have.
"""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

from audit.core.artifacts import publish
from audit.core.display import count
from audit.core.errors import InputError

MAX_MEMBERS = 64
MAX_MEMBER_BYTES = 512 * 1024 * 1024
MAX_PACK_BYTES = 1024 * 1024 * 1024
"""Of all members together, decompressed."""
READ_AT_ONCE = 1024 * 1024

# The first moment that a zip file can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)?")


class BadPack(InputError):
    """A file that is not an evidence pack, or is one that must not be trusted with memory or disk."""

    default_code = "pack.bad"


def write_members(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a zip file whole or not at all: sorted names, no times, one permission.

    Raises:
        BadPack: It would be larger than what `Members` reads.
    """
    for name, data in members.items():
        _refuse_large(name, len(data), limit=MAX_MEMBER_BYTES)
    _refuse_large("the pack", sum(map(len, members.values())), limit=MAX_PACK_BYTES)
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(members):
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Otherwise the system of the writer would be in the bytes.
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, members[name], compresslevel=9)
    publish(path, buffer.getvalue())


class Members:
    """An open zip file, checked before anything of it is read. A context manager.

    Raises:
        BadPack: It is no zip file, or has a member that is encrypted, a link, twice there, too large, or whose name is
            not a plain relative one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_dir():
            raise InputError(
                f"{path} is a folder, not a pack",
                code="pack.folder",
                hint="pack a run first:  audit report RUN --pack evidence.zip",
            )
        try:
            self._archive = zipfile.ZipFile(path)
        except FileNotFoundError:
            raise InputError(f"{path} does not exist", code="file.missing") from None
        except (zipfile.BadZipFile, OSError) as error:
            raise BadPack(f"{path} is not a zip file: {error}", code="pack.not-zip") from None
        try:
            self._entries = self._checked()
        except BadPack:
            self._archive.close()
            raise

    def __enter__(self) -> Members:
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    @property
    def names(self) -> list[str]:
        """Names of the members, sorted."""
        return sorted(self._entries)

    def read(self, name: str) -> bytes:
        """A member's bytes.

        Raises:
            BadPack: There is none, it is damaged, or larger than it says.
        """
        return b"".join(self._chunks(name))

    def size(self, name: str) -> int:
        """Bytes of a member, as the archive lists them; reading it finds out whether that is true."""
        return self._entries[name].file_size

    def sha256(self, name: str) -> str:
        """Digest of a member, without holding it in memory."""
        digest = hashlib.sha256()
        for chunk in self._chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def _chunks(self, name: str) -> Iterator[bytes]:
        entry = self._entries.get(name)
        if entry is None:
            raise BadPack(f"{self.path} has no {name}", code="pack.incomplete")
        size = 0
        try:
            with self._archive.open(entry) as file:
                while chunk := file.read(READ_AT_ONCE):
                    size += len(chunk)
                    _refuse_large(name, size, limit=min(entry.file_size, MAX_MEMBER_BYTES))
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise BadPack(f"{name} in {self.path} is damaged: {error}", code="pack.damaged") from None

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        entries = self._archive.infolist()
        if len(entries) > MAX_MEMBERS:
            raise BadPack(f"{self.path} has {count(len(entries))} members, a pack has few", code="pack.members")
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            # zipfile cuts a name at a NUL and turns backslashes; what the file really says counts.
            name = entry.orig_filename
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if not _NAME.fullmatch(name):
                raise BadPack(f"{self.path} has a member whose name is not a plain relative one", code="pack.name")
            if entry.flag_bits & 1 or kind not in (0, stat.S_IFREG):
                raise BadPack(f"{name} in {self.path} is encrypted, or is no plain file", code="pack.member")
            if name in found:
                raise BadPack(f"{name} is in {self.path} twice", code="pack.twice")
            _refuse_large(name, entry.file_size, limit=MAX_MEMBER_BYTES)
            found[name] = entry
        _refuse_large("the pack", sum(entry.file_size for entry in entries), limit=MAX_PACK_BYTES)
        return found


def _refuse_large(name: str, size: int, *, limit: int) -> None:
    if size > limit:
        raise BadPack(f"{name} is larger than {count(limit)} bytes", code="pack.too-large")
