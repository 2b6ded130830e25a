"""Files of what came over the wire: streams of server-sent events one after the other, as `curl -N` saves them.

Each stream becomes a record of its events. It is told by its first event: a log whose lines are records behind `data:`
is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

import msgspec

from audit.protocols.recognition import LOOKED_AT, protocol_of_answer
from audit.protocols.sse import DONE, is_stream, without_comments

CAPTURED = "captured_stream"
"""The field of a record that holds a stream's events."""
_BEGINS = frozenset({"message_start", "message-start", "response.created"})
"""Types of events with which a stream begins; those of other protocols all have the id of the answer."""


def is_capture(head: bytes) -> bool:
    """Whether a file that begins so is of streams."""
    body = without_comments(_behind_headers(head))
    if not is_stream(body):
        return False
    first = [event for event, _ in zip(_events(body.splitlines()), range(LOOKED_AT), strict=False) if event != DONE]
    told = protocol_of_answer([event for event in first if "message" not in _first_choice(event)])
    return bool(first) and told is not None


def streams(file: BinaryIO) -> Iterator[bytes]:
    """A record for each stream: its events, and `[DONE]` where the text says that it was finished."""
    held: list[Any] = []
    name: Any = None
    for event in chain(_events(file), (None,)):
        own = None if not isinstance(event, Mapping) else event.get("id") or event.get("responseId")
        begins = isinstance(event, Mapping) and (event.get("type") in _BEGINS or (own and name and own != name))
        if held and (event is None or begins):
            yield msgspec.json.encode({CAPTURED: held})
            held, name = [], None
        if event == DONE and not held:
            continue
        held += [] if event is None else [event]
        name = name or own
        if event == DONE:
            yield msgspec.json.encode({CAPTURED: held})
            held, name = [], None


def _events(lines: Iterable[bytes]) -> Iterator[Any]:
    """The payload of each `data:` line that is JSON, and `[DONE]`; a last one that was cut is left out."""
    for line in lines:
        if line.startswith(b"data:"):
            text = line[5:].strip()
            if text == DONE.encode():
                yield DONE
                continue
            try:
                yield json.loads(text)
            except (ValueError, RecursionError):
                continue


def _behind_headers(head: bytes) -> bytes:
    """What follows the headers of a response, where `curl -i` saved them too."""
    return head.partition(b"\r\n\r\n")[2] if head.startswith(b"HTTP/") else head


def _first_choice(event: Any) -> Mapping[str, Any]:
    choices = event.get("choices") if isinstance(event, Mapping) else None
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
