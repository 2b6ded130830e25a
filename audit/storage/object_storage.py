"""The contract of an object storage."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

# Loading Arrow's file systems starts a client: only what is in object storage pays for it.
if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

ATTEMPTS = 10
"""Tries of a request that is throttled or fails in passing, where a client counts tries."""
PATIENCE_S = 60
"""For how long such a request is tried, where a client counts time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStorage:
    """One vendor's object storage.

    Attributes:
        name: Scheme of its addresses, without `://`.
        summary: One sentence for the documentation.
        connect: The file system, with the credentials that every program of this platform finds. Its paths are
            `bucket/key`. Raises InputError where the platform's variables cannot tell what is meant.
        variables: The environment variables that lead to it, for messages.
        code: A pattern whose first group is the vendor's own code within the text of Arrow's error.
        absent: Codes that say that an object, or its bucket, is not there.
        passing: Codes of what may work later.
    """

    name: str
    summary: str
    connect: Callable[[], FileSystem]
    variables: str
    code: re.Pattern[str]
    absent: frozenset[str]
    passing: frozenset[str]

    def is_absent(self, error: Exception) -> bool:
        """Whether an error says that an object or its bucket is not there."""
        return isinstance(error, FileNotFoundError) or self._code(error) in self.absent

    def is_passing(self, error: Exception) -> bool:
        """Whether the same may work later."""
        return self._code(error) in self.passing

    def why(self, error: Exception) -> str:
        """Why it was not done, by the vendor's own code; the rest of an error's words may say anything."""
        if self.is_absent(error):
            return "it is not there, or not any more"
        code = self._code(error)
        return re.sub(r"_|(?<=[a-z])(?=[A-Z])", " ", code).lower() if code else type(error).__name__

    def _code(self, error: Exception) -> str | None:
        found = self.code.search(str(error))
        return found[1] if found else None
