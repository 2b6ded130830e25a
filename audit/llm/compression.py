"""Reply bodies, decompressed within a limit: a megabyte of gzip may hold two gigabytes."""

from __future__ import annotations

import zlib

import brotli
import zstandard

from audit.core.errors import TerminalError, TransientError
from audit.protocols.faults import Fault

LONGEST_BODY = 32 * 1024 * 1024
"""Bytes of a reply, as sent and decompressed. A completion of a million tokens has four."""
CODINGS = 4
"""Encodings of one body at most."""
ZSTD_SLICE = 1024
"""Bytes that hold 256 blocks at most, of 128 KiB each: 32 MiB."""
_ANY_ZLIB = zlib.MAX_WBITS | 32


def too_long(host: str, longest: int = LONGEST_BODY) -> TerminalError:
    """The error of a body beyond the limit. It was an answer, so it may have been billed."""
    return TerminalError(f"{host} sent a body of more than {longest >> 20} MiB", kind=Fault.UNDECODABLE)


def decompressed(body: bytes, encoding: str, host: str, longest: int = LONGEST_BODY) -> bytes:
    """A body without its `content-encoding`.

    Args:
        encoding: The header: names in the order in which they were applied (RFC 9110, section 8.4).
        host: For error messages.
        longest: Bytes that it may have.

    Raises:
        TransientError: It is cut or damaged.
        TerminalError: It is larger than `longest`, or in an encoding that nobody asked for.
    """
    names = [name.strip().lower() for name in encoding.split(",")][:CODINGS]
    for name in reversed(names):
        if name in ("", "identity"):
            continue
        if name not in _READERS:
            raise TerminalError(f"{host} sent a body in an encoding that is not known", kind=Fault.UNDECODABLE)
        try:
            body = _READERS[name](body, longest + 1)
        except (zlib.error, brotli.error, zstandard.ZstdError, EOFError):
            raise TransientError(f"{host} sent a body that cannot be decompressed", kind=Fault.UNDECODABLE) from None
        if len(body) > longest:
            raise too_long(host, longest)
    return body


def _zlib(body: bytes, limit: int) -> bytes:
    """Gzip of any number of members, zlib, or raw deflate, which some servers call `deflate`."""
    raw = body[:1] != b"\x1f" and (len(body) < 2 or (body[0] << 8 | body[1]) % 31 != 0)
    whole = b""
    while body and len(whole) < limit:
        member = zlib.decompressobj(-zlib.MAX_WBITS if raw else _ANY_ZLIB)
        whole += member.decompress(body, limit - len(whole))
        if not member.eof:
            if len(whole) < limit:
                raise EOFError
            break
        body = member.unused_data if member.unused_data[:1] == b"\x1f" else b""
    return whole


def _brotli(body: bytes, limit: int) -> bytes:
    reader = brotli.Decompressor()
    whole = reader.process(body, output_buffer_limit=limit)
    while (
        len(whole) < limit and not reader.can_accept_more_data() and (more := reader.process(b"", limit - len(whole)))
    ):
        whole += more
    if len(whole) < limit and not reader.is_finished():
        raise EOFError
    return bytes(whole[:limit])


def _zstd(body: bytes, limit: int) -> bytes:
    """Frames one after the other; fed in slices, because the library bounds no output of its own."""
    frame = zstandard.ZstdDecompressor().decompressobj()
    whole, at = bytearray(), 0
    while at < len(body) and len(whole) < limit:
        if frame.eof:
            frame = zstandard.ZstdDecompressor().decompressobj()
        piece = body[at : at + ZSTD_SLICE]
        whole += frame.decompress(piece)
        at += len(piece) - len(frame.unused_data)
    if not frame.eof and len(whole) < limit:
        raise EOFError
    return bytes(whole)


_READERS = {"gzip": _zlib, "x-gzip": _zlib, "deflate": _zlib, "br": _brotli, "zstd": _zstd}
