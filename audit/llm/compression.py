"""Reply bodies, decompressed within a limit: a megabyte of gzip may hold two gigabytes."""

from __future__ import annotations

import re
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
_GZIP = b"\x1f\x8b\x08"
_CHARSET = re.compile(r"charset ?= ?[\"']?([A-Za-z0-9_.:-]{1,40})")
_PLAIN = re.compile(rb"\s*(?:[{\[<:]|data:|event:|id:)")
"""How a body begins that is compressed by nothing, whatever its header says."""


def too_long(host: str, longest: int = LONGEST_BODY) -> TerminalError:
    """The error of a body beyond the limit. It was an answer, so it may have been billed."""
    return TerminalError(f"{host} sent a body of more than {longest >> 20} MiB", kind=Fault.UNDECODABLE)


def decompressed(body: bytes, encoding: str, host: str, longest: int = LONGEST_BODY) -> bytes:
    """A body without its `content-encoding`.

    Special cases:
        A proxy that unpacks a body may leave the header on it, one that packs it may forget it, and some servers name
        a character set there: a body that is text already is taken as it is, and gzip without a header is unpacked.

    Args:
        encoding: The header, "" for none: names in the order in which they were applied (RFC 9110, section 8.4).
        host: For error messages.
        longest: Bytes that it may have.

    Raises:
        TransientError: It is cut or damaged.
        TerminalError: It is larger than `longest`, or in an encoding that nobody asked for.
    """
    names = [name.strip().lower() for name in encoding.split(",")][:CODINGS]
    if encoding.strip() in ("", "identity"):
        names = ["gzip"] if body.startswith(_GZIP) else []
    for name in reversed(names):
        if name in ("", "identity"):
            continue
        if name not in _READERS:
            if _is_plain(body):
                return body
            raise TerminalError(f"{host} sent a body in an encoding that is not known", kind=Fault.UNDECODABLE)
        try:
            body = _READERS[name](body, longest + 1)
        except (zlib.error, brotli.error, zstandard.ZstdError, EOFError):
            if _is_plain(body):
                return body
            raise TransientError(f"{host} sent a body that cannot be decompressed", kind=Fault.UNDECODABLE) from None
        if len(body) > longest:
            raise too_long(host, longest)
    return body


def _is_plain(body: bytes) -> bool:
    if _PLAIN.match(body) is None:
        return False
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def in_utf8(body: bytes, content_type: str) -> bytes:
    """A body that is no UTF-8, as JSON has to be, from the character set that its header names.

    Special cases: UTF-8 stays as it is, since servers that name another one by default send it all the same.
    """
    named = _CHARSET.search(content_type)
    if named is None or named[1].lower() in ("utf-8", "utf8"):
        return body
    try:
        body.decode()
    except UnicodeDecodeError:
        try:
            return body.decode(named[1]).encode()
        except (LookupError, ValueError):
            return body
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
