"""Texts of streams as they came over the wire: which text is one, and its events one by one.

`curl -N` saves the events of one connection after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from audit.protocols.recognition import place_of_event
from audit.protocols.sse import DONE, is_stream, payloads, without_comments


def is_capture(head: bytes) -> bool:
    """Whether a text that begins so is one of streams; a log whose lines are records behind `data:` is none."""
    body = without_comments(_behind_headers(head))
    first = next((event for event in payloads(body.splitlines()) if isinstance(event, dict)), None)
    return first is not None and is_stream(body) and place_of_event(first) is not None


def events(file: BinaryIO) -> Iterator[bytes]:
    """The payload of each event, and `{"data": "[DONE]"}` where a stream says that it is finished."""
    for event in payloads(line.rstrip(b"\r\n") for line in file):
        yield msgspec.json.encode({"data": DONE} if event == DONE else event)


def _behind_headers(head: bytes) -> bytes:
    """What follows the headers of a response, where `curl -i` saved them too."""
    return head.partition(b"\r\n\r\n")[2] if head.startswith(b"HTTP/") else head
