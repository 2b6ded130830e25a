"""Amazon's binary event streams: frames of headers and a payload, each with checksums.

Source: smithy.io, "Amazon Event Stream Specification". A frame is its length, the length of its headers and a checksum
of both (4 bytes each), the headers, the payload, and a checksum of everything before.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from audit.protocols.sse import Stream

PRELUDE, CHECKSUM = 12, 4
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type; 6 (bytes) and 7 (text) say their own length."""
_BYTES, _TEXT = 6, 7


class _Damaged(ValueError):
    """A frame that is not whole."""


def is_event_stream(body: bytes) -> bool:
    """Whether a body begins with a frame: its first checksum is right."""
    return len(body) >= PRELUDE and zlib.crc32(body[:8]) == int.from_bytes(body[8:PRELUDE], "big")


def read_event_stream(body: bytes) -> Stream:
    """The events of a body, each as `{event type: payload}`; an exception as `{"error": {"type", "message"}}`.

    What follows a frame that is cut or damaged is left out.
    """
    events: list[Any] = []
    at, damaged = 0, 0
    while at < len(body):
        try:
            headers, payload, at = _frame(body, at)
            events.append(_event(headers, payload))
        except (_Damaged, ValueError, RecursionError):
            damaged += 1
            break
    return Stream(payloads=tuple(events), done=False, damaged=damaged)


def _frame(body: bytes, at: int) -> tuple[dict[str, str], bytes, int]:
    """Headers, payload, and where the next frame begins."""
    length, of_headers = (int.from_bytes(body[at + n : at + n + 4], "big") for n in (0, 4))
    end, begin = at + length, at + PRELUDE
    if not is_event_stream(body[at:begin]) or end > len(body) or length < PRELUDE + of_headers + CHECKSUM:
        raise _Damaged
    if zlib.crc32(body[at : end - CHECKSUM]) != int.from_bytes(body[end - CHECKSUM : end], "big"):
        raise _Damaged
    headers = dict(_headers(body[begin : begin + of_headers]))
    return headers, body[begin + of_headers : end - CHECKSUM], end


def _headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Headers whose value is text; the others are passed over."""
    at = 0
    while at < len(raw):
        named = at + 1 + raw[at]
        name, kind = raw[at + 1 : named].decode("utf-8", "replace"), raw[named : named + 1]
        at = named + 1
        if not kind or kind[0] not in (*_FIXED, _BYTES, _TEXT):
            raise _Damaged
        if kind[0] in _FIXED:
            at += _FIXED[kind[0]]
            continue
        length = int.from_bytes(raw[at : at + 2], "big")
        at += 2 + length
        if kind[0] == _TEXT:
            yield name, raw[at - length : at].decode("utf-8", "replace")


def _event(headers: Mapping[str, str], payload: bytes) -> dict[str, Any]:
    plain = json.loads(payload) if payload else {}
    if headers.get(":message-type") in ("exception", "error"):
        message = plain.get("message") if isinstance(plain, Mapping) else None
        kind = headers.get(":exception-type") or headers.get(":error-code") or "exception"
        return {"error": {"type": kind, "message": message or headers.get(":error-message", "")}}
    return {headers.get(":event-type", ""): plain}
