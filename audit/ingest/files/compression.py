"""Compressed files as streams: gzip, bzip2 and xz, of several members too, and zstd, of several frames."""

from __future__ import annotations

import bz2
import io
import lzma
from typing import Any, BinaryIO, cast

import zstandard
from isal import igzip, isal_zlib

PACKED_DAMAGE = (cast(type[Exception], isal_zlib.error), zstandard.ZstdError, lzma.LZMAError)
"""What the libraries raise for a damaged file, beside `EOFError` and `OSError`."""


def uncompressed(raw: BinaryIO, kind: str) -> BinaryIO:
    """What a compressed file holds. Reading raises `EOFError` where the file is cut off.

    Args:
        raw: The file.
        kind: `gzip`, `zstd`, `bzip2` or `xz`.
    """
    if kind == "zstd":
        return cast(BinaryIO, io.BufferedReader(_Zstd(raw), buffer_size=1 << 20))
    if kind == "bzip2":
        return cast(BinaryIO, bz2.BZ2File(raw))
    if kind == "xz":
        return cast(BinaryIO, lzma.LZMAFile(raw))
    return cast(BinaryIO, igzip.IGzipFile(fileobj=raw, mode="rb"))  # type: ignore[no-untyped-call]


class _Zstd(io.RawIOBase):
    """Frames of a zstd file one after another; unlike `stream_reader`, the end of a cut file is an error."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._begun = False
        self._pending = memoryview(b"")
        self._left = b""

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer as far as there is data; 0 at the end."""
        while not self._pending:
            data = self._left or self._raw.read(1 << 17)
            self._left = b""
            if not data:
                if self._begun:
                    raise EOFError("the last frame has no end")
                return 0
            self._begun = True
            self._pending = memoryview(self._frame.decompress(data))
            if self._frame.eof:
                self._left = self._frame.unused_data
                self._frame, self._begun = zstandard.ZstdDecompressor().decompressobj(), False
        size = min(len(buffer), len(self._pending))
        buffer[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size
