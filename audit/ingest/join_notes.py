"""What a join notes of a log under names: in memory while it is little, in a file once it is much."""

from __future__ import annotations

import struct
import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import polars as pl
import pyarrow as pa

HELD_BYTES: Final = 32_000_000
"""Notes of one kind up to which there is no file."""

_SIZES = struct.Struct("<II")


class JoinNotes:
    """JSON values under names, in the order in which they were noted. First all are noted, then they are looked up.

    A note takes 24 bytes of memory whatever it says, and twice that while the notes are put in order: a log has
    millions of calls, and what was said in them is longer than memory. The file has no name, lies where `TMPDIR` says,
    and is gone with the process, whatever ends it.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(HELD_BYTES, prefix="audit-")  # noqa: SIM115 - lives as this does
        weakref.finalize(self, self._file.close)
        self._keys, self._places = array("q"), array("q")
        self._sorted: tuple[memoryview, memoryview] | None = None
        self._recent: tuple[str, list[msgspec.Raw]] = ("", [])

    def note(self, name: str, value: Any = True) -> None:
        """Note a value under a name, beside those that are there."""
        assert self._sorted is None, "notes are looked up already"
        said, data = name.encode("utf-8", "surrogatepass"), msgspec.json.encode(value)
        self._keys.append(hash(said))
        self._places.append(self._file.tell())
        self._file.write(_SIZES.pack(len(said), len(data)) + said + data)

    def of(self, name: str) -> list[msgspec.Raw]:
        """All values under a name."""
        if self._recent[0] != name:
            # The records of one name mostly follow each other, and each asks.
            self._recent = (name, list(self._found(name)))
        return self._recent[1]

    def last(self, name: str) -> msgspec.Raw | None:
        """The value that was noted last under a name; None where none was."""
        return next(self._found(name, backwards=True), None)

    def __contains__(self, name: str) -> bool:
        return next(self._found(name), None) is not None

    def items(self) -> Iterator[tuple[str, msgspec.Raw]]:
        """Names and values in the order in which they were noted."""
        return map(self._read, self._places)

    def _found(self, name: str, *, backwards: bool = False) -> Iterator[msgspec.Raw]:
        if not self._places:
            return  # of most kinds nothing is noted, and every call asks
        keys, places = self._in_order()
        key = hash(name.encode("utf-8", "surrogatepass"))
        first = bisect_left(keys, key)
        if first == len(keys) or keys[first] != key:
            return
        following = range(first, bisect_left(keys, key + 1, first) if key < 2**63 - 1 else len(keys))
        for at in reversed(following) if backwards else following:
            said, value = self._read(places[at])
            if said == name:  # else it is another name with the same hash
                yield value

    def _in_order(self) -> tuple[memoryview, memoryview]:
        """Hashes in ascending order, and where their notes are; equal ones as they were noted."""
        if self._sorted is None:
            columns = (("key", self._keys), ("place", self._places))
            table = pl.DataFrame({name: _column(values) for name, values in columns}).sort("key", maintain_order=True)
            self._sorted = (_view(table["key"]), _view(table["place"]))
            self._keys = array("q")
        return self._sorted

    def _read(self, place: int) -> tuple[str, msgspec.Raw]:
        self._file.seek(place)
        name_size, value_size = _SIZES.unpack(self._file.read(_SIZES.size))
        name = self._file.read(name_size).decode("utf-8", "surrogatepass")
        return name, msgspec.Raw(self._file.read(value_size))


def _column(values: array[int]) -> pl.Series:
    """The numbers as a column, which copies none of them."""
    shared = pa.Array.from_buffers(pa.int64(), len(values), [None, pa.py_buffer(values)])
    return pl.Series(pl.from_arrow(shared))


def _view(column: pl.Series) -> memoryview:
    """The column as numbers that are read one by one."""
    numbers = column.rechunk().to_arrow().buffers()[1]
    return memoryview(numbers).cast("q") if numbers is not None else memoryview(b"").cast("q")
