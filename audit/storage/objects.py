"""The objects under an address: put, got, listed and deleted, each whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from audit.storage.address import ObjectAddress

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """What a listing says of an object.

    Attributes:
        name: Below what was listed.
        size: In bytes.
        changed: When it was put; None where the storage does not say.
    """

    name: str
    size: int
    changed: datetime | None


class ObjectFolder:
    """What lies under an address. Every method raises InputError where the storage refuses.

    Bytes are put and got as they are: Arrow would compress and expand them by the ending of a name.

    Connected when it is first asked, and may be used by several threads from then on.
    """

    def __init__(self, address: ObjectAddress) -> None:
        self.address = address
        self._connected: FileSystem | None = None

    def get(self, key: str, *, most: int | None = None) -> bytes | None:
        """An object's bytes, or its first ones, at most so many; None where there is none."""

        def read(files: FileSystem) -> bytes:
            with files.open_input_stream(self._path(key), compression=None) as source:
                return bytes(source.read(most))

        data: bytes | None = self._asked(key, read, "read")
        return data

    def put(self, key: str, data: bytes) -> None:
        """Put an object, whole."""

        def write(files: FileSystem) -> None:
            with files.open_output_stream(self._path(key), compression=None) as out:
                out.write(data)

        self._asked(key, write, "written")

    def drop(self, key: str) -> None:
        """Delete an object; one that is not there is none."""
        self._asked(key, lambda files: files.delete_file(self._path(key)), "deleted")

    def listed(self, folder: str) -> Sequence[ObjectFacts]:
        """The objects right below a folder, by name."""
        from pyarrow.fs import FileSelector

        selector = FileSelector(self._path(folder), allow_not_found=True)
        found = self._asked(folder, lambda files: files.get_file_info(selector), "listed") or ()
        facts = (ObjectFacts(one.base_name, one.size, one.mtime) for one in found if one.is_file)
        return sorted(facts, key=lambda one: one.name)

    def require_bucket(self) -> None:
        """See that the bucket is there: a listing of none looks as one of an empty one.

        Raises:
            InputError: It is not.
        """
        from pyarrow.fs import FileType

        bucket = self.address.place.partition("/")[0]
        found = self._asked("", lambda files: files.get_file_info(bucket), "read")
        if found is None or found.type is FileType.NotFound:
            raise ObjectAddress(self.address.scheme, bucket).unreachable(FileNotFoundError(bucket))

    def _asked(self, key: str, ask: Callable[[FileSystem], Any], verb: str) -> Any:
        """What the storage answers; None where the object, or its bucket, is not there."""
        from pyarrow import ArrowException

        if self._connected is None:
            self._connected = self.address.connect()
        try:
            return ask(self._connected)
        except (OSError, ArrowException) as error:
            if verb != "written" and self.address.storage.is_absent(error):
                return None
            raise ObjectAddress(self.address.scheme, self._path(key)).unreachable(error, verb) from None

    def _path(self, key: str) -> str:
        return f"{self.address.place.rstrip('/')}/{key}"
