"""A folder in object storage, published all at once.

Its files are kept in pieces that are named by their digest and never changed, and one object, `index.json`, says which
pieces make up which file. Putting the index is what publishes: whoever reads it before sees the folder as it was,
whoever reads it after sees it as it is, and nothing needs to be renamed, which object storage cannot do. A file that
only grows costs its last piece.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit.core.artifacts import private_file, private_folder
from audit.core.errors import InputError
from audit.storage.objects import ObjectFolder
from audit.storage.shelf_index import NOTHING, ShelfIndex, ShelvedFile, damaged, document_of, index_of, with_version

INDEX = "index.json"
PIECE_BYTES = 8 << 20
PIECES = "pieces"
_READS = 10
"""Of an index before it is taken for damaged."""
ABANDONED = timedelta(days=1)
"""Age of a piece in no index after which whoever put it has given up."""


class Shelf(ObjectFolder):
    """A folder at an address. Every method raises InputError where the storage refuses."""

    def index(self) -> ShelfIndex:
        """What was published last.

        Raises:
            InputError: What is there was not put there by this program.
        """
        # Arrow asks for an object's size before it reads: one that is replaced in between ends too soon.
        for _ in range(_READS):
            data = self.get(INDEX)
            with suppress(InputError):
                return NOTHING if data is None else index_of(self.address, data)
        assert data is not None
        return index_of(self.address, data)

    def fill(self, folder: Path, name: str, file: ShelvedFile) -> bool:
        """Write a file of the index into a folder, whole or not at all; False where a piece is not there any more.

        Raises:
            InputError: A piece is not what its name says.
        """
        place = folder / name
        private_folder(place.parent)
        scratch = private_file(place.with_name(f".{place.name}.tmp"))
        try:
            with scratch.open("wb") as out:
                for piece in file.pieces:
                    data = self.get(f"{PIECES}/{piece}")
                    if data is None:
                        return False
                    if hashlib.sha256(data).hexdigest() != piece:
                        raise damaged(self.address, f"a piece of {name} is not what was put there")
                    out.write(data)
            if scratch.stat().st_size != file.size:
                raise damaged(self.address, f"{name} has another size than its index says")
            scratch.replace(place)
        finally:
            scratch.unlink(missing_ok=True)
        return True

    def prepare(
        self, folder: Path, names: Iterable[str], before: ShelfIndex, same: Mapping[str, ShelvedFile]
    ) -> ShelfIndex:
        """Put the pieces of a folder's files; nobody sees them before `publish`.

        A file may grow meanwhile: it is put as far as it reached when it was opened. One that is deleted is left out.

        Args:
            names: Of the files, with `/`.
            before: What the shelf is taken to hold.
            same: Files that are known to be as they were then, so that they need not be read.

        Returns:
            The index that names them all.
        """
        there = _pieces_of(before)
        files = dict(same)
        for name in sorted(set(names) - files.keys()):
            with suppress(FileNotFoundError):
                files[name] = self._put_file(folder / name, there)
        return with_version(files)

    def publish(self, after: ShelfIndex, before: ShelfIndex) -> None:
        """Put an index whose pieces are there, in place of the one before; pieces that nothing names any more go.

        Raises:
            InputError: Somebody else has published since `before`.
        """
        if self.index().version != before.version:
            raise InputError(
                f"{self.address} was changed by somebody else in the meantime: nothing was published over it",
                code="storage.conflict",
            )
        self.put(INDEX, document_of(after).encode())
        named = _pieces_of(after)
        self._clear(_pieces_of(before) - named, named)

    def _put_file(self, path: Path, there: set[str]) -> ShelvedFile:
        pieces, size = [], 0
        with path.open("rb") as file:
            for data in _pieces(file.read, path.stat().st_size):
                digest = hashlib.sha256(data).hexdigest()
                if digest not in there:
                    self.put(f"{PIECES}/{digest}", data)
                    there.add(digest)
                pieces.append(digest)
                size += len(data)
        return ShelvedFile(size, tuple(pieces))

    def _clear(self, left: Iterable[str], named: set[str]) -> None:
        """Delete the pieces that the index before had and this one has not, and those that somebody gave up."""
        for piece in left:
            self.drop(f"{PIECES}/{piece}")
        limit = datetime.now(UTC) - ABANDONED
        for one in self.listed(PIECES):
            if one.name not in named and one.changed is not None and one.changed < limit:
                self.drop(f"{PIECES}/{one.name}")


def _pieces_of(index: ShelfIndex) -> set[str]:
    return {piece for file in index.files.values() for piece in file.pieces}


def _pieces(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (data := read(min(PIECE_BYTES, size))):
        yield data
        size -= len(data)
