"""Compressed replies: every encoding in use, and none that holds more than a reply may."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard

from audit.core.errors import EndpointError, TerminalError, TransientError
from audit.llm.compression import LONGEST_BODY, decompressed, in_utf8

PLAIN = b'{"answer": "forty-two"}' * 50


def raw_deflate(data: bytes) -> bytes:
    """What some servers call `deflate`."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "raw deflate": ("deflate", raw_deflate),
    "brotli": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.compress),
    "two members": ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    "two frames": ("zstd", lambda data: zstandard.compress(data[:9]) + zstandard.compress(data[9:])),
}


@pytest.mark.parametrize("name", CODINGS)
def test_a_body_comes_out_as_it_went_in(name: str) -> None:
    """In any case of letters, and with nothing in it too."""
    encoding, pack = CODINGS[name]
    assert decompressed(pack(PLAIN), encoding.upper(), "host") == PLAIN
    assert decompressed(pack(b""), encoding, "host") == b""


def test_encodings_are_undone_in_turn() -> None:
    """The last one that was applied is taken off first."""
    assert decompressed(brotli.compress(gzip.compress(PLAIN)), "gzip, br", "host") == PLAIN
    assert decompressed(PLAIN, "identity", "host") == PLAIN


@pytest.mark.parametrize("name", CODINGS)
def test_a_cut_body_is_worth_another_try(name: str) -> None:
    """Half of a compressed body is no body."""
    encoding, pack = CODINGS[name]
    with pytest.raises(TransientError):
        decompressed(pack(bytes(range(256)) * 64)[:40], encoding, "host")


@pytest.mark.parametrize("name", ["gzip", "zlib", "raw deflate", "brotli", "zstd"])
def test_a_bomb_is_refused_within_its_limit(name: str) -> None:
    """Kilobytes that hold more than a reply may are an error, and memory stays near the limit."""
    encoding, pack = CODINGS[name]
    bomb = pack(bytes(LONGEST_BODY + 1))
    assert len(bomb) < 200_000
    with pytest.raises(TerminalError, match="MiB"):
        decompressed(bomb, encoding, "host")


def test_what_nobody_knows_is_an_error() -> None:
    """An encoding that was not asked for, and bytes that are of none."""
    with pytest.raises(EndpointError):
        decompressed(b"\xff\x06\x00\x00sNaPpY", "snappy", "host")
    for encoding, _ in CODINGS.values():
        with pytest.raises(EndpointError):
            decompressed(b"\x01\x02\x03 no such thing", encoding, "host")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "utf-8", "none", "gzip, br"])
@pytest.mark.parametrize("body", [PLAIN, b'\n data: {"a": 1}\n\n', b"<html>login</html>", b": a comment\n\n{}"])
def test_a_header_that_lies_takes_no_answer_away(encoding: str, body: bytes) -> None:
    """What is text already is taken as it is, whatever its header says; gzip that no header names is unpacked."""
    assert decompressed(body, encoding, "host") == body
    assert decompressed(gzip.compress(body), "", "host") == body


def test_a_character_set_that_is_named_is_read() -> None:
    """Only where the body is no UTF-8: a header may name another set by default."""
    text = '{"answer": "caf\u00e9 \u00a35"}'
    for name in ("iso-8859-1", "ISO-8859-1", "windows-1252"):
        assert in_utf8(text.encode(name), f'application/json; charset="{name}"').decode() == text
        assert in_utf8(text.encode(), f"application/json; charset={name}").decode() == text
    for header in ("application/json", "application/json; charset=utf-8", "text/plain; charset=no-such-set"):
        assert in_utf8(text.encode("latin-1"), header) == text.encode("latin-1")
