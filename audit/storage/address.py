"""Addresses in object storage: `s3://bucket/prefix`, as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from audit.core.errors import InputError
from audit.storage import STORAGES
from audit.storage.object_storage import ObjectStorage

# Loading Arrow's file systems starts a client: only what is in object storage pays for it.
if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]+):/{1,2}(?=[^/])")


@dataclass(frozen=True, slots=True)
class ObjectAddress:
    """A place in object storage.

    Attributes:
        scheme: Of a storage, without `://`.
        place: `bucket/key`, as Arrow's file systems have it.
    """

    scheme: str
    place: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.place}"

    @property
    def storage(self) -> ObjectStorage:
        """The vendor's."""
        return STORAGES.get(self.scheme)

    def connect(self) -> FileSystem:
        """The file system.

        Raises:
            InputError: The platform's variables lead to none.
        """
        from pyarrow import ArrowException

        # Arrow's own errors come from clients that cannot even ask: a key that is none, for example.
        try:
            return self.storage.connect()
        except (OSError, ArrowException) as error:
            raise self.unreachable(error) from None

    def unreachable(self, error: Exception, verb: str = "read") -> InputError:
        """The error of a place that cannot be read, or written."""
        return InputError(
            f"{self} cannot be {verb}: {self.storage.why(error)}",
            code="storage.refused",
            notes=["nothing was written"] if verb == "read" else [],
            hint=f"are {self.storage.variables} as they should be?",
        )


def is_remote(path: Path) -> bool:
    """Whether a path is an address of object storage. A path on the command line has lost one slash of it."""
    return _SCHEME.match(str(path)) is not None and not path.exists()


def address_of(path: Path, what: str, hint: str) -> ObjectAddress:
    """The address that a path stands for.

    Args:
        what: What is done with such places, for the message: `logs are read from files and from`.
        hint: What to do without it.

    Raises:
        InputError: Nothing is known of its scheme.
    """
    text = str(path)
    scheme = _SCHEME.match(text)
    assert scheme is not None, "ask is_remote first"
    address = ObjectAddress(scheme[1], text[scheme.end() :])
    if address.scheme not in STORAGES:
        kinds = ", ".join(f"{name}://" for name in STORAGES)
        raise InputError(f"{address}: {what} {kinds}", code="storage.scheme", hint=hint)
    return address
