"""Bodies as logs keep them: JSON in a text, and streams as text, as lines, as base64, or as lists of any of these.

Sources: WHATWG HTML, section 9.2 (server-sent events); github.com/ollama/ollama, `docs/api.md` (a JSON object a line);
botocore, shape `ResponseStream` of bedrock-runtime (`{"chunk": {"bytes": ...}}`).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.protocols.event_stream import is_event_stream, read_event_stream
from audit.protocols.sse import DONE, is_stream, read_stream, without_comments

_FRAMED = frozenset({"event", "data", "id", "retry", "comment", "raw"})
"""Fields of an event as libraries for server-sent events hand it over."""
_BASE64 = re.compile(r"AAA[A-Za-z0-9+/]{13}")
"""How the length of a frame below 64 kB begins, and with it a stream of them."""
_MAY_BE_JSON, _MAY_BE_STREAM = frozenset("{["), frozenset("deir:")


def unwrapped(value: Any) -> Any:
    """A body, or the list of a stream's events, out of what a log keeps in its place; anything else as it is.

    An event that could not be read, as the last one of a text that was cut, is left out. Where the text says that the
    stream was finished, the list ends in `[DONE]`.
    """
    if isinstance(value, str):
        return _of_text(value)
    if isinstance(value, list):
        return _of_list(value)
    return value


def _of_text(text: str) -> Any:
    begin = text[:1]
    if begin in _MAY_BE_JSON:
        whole = _json(text)
        if whole is not None:
            return _of_list(whole) if isinstance(whole, list) else whole
        return _lines(text) or text
    if begin in _MAY_BE_STREAM or begin.isspace():
        return _of_events(text)
    if _BASE64.match(text) and (frames := _of_frames(text)):
        return frames
    return text


def _of_events(text: str) -> Any:
    raw = without_comments(text.encode("utf-8", "replace"))
    if not is_stream(raw):
        bare = text.lstrip()
        return _of_text(bare) if bare[:1] in _MAY_BE_JSON and bare != text else text
    stream = read_stream(raw)
    return [*stream.payloads, *([DONE] if stream.done else [])] or text


def _of_frames(text: str) -> list[Any]:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return []
    return [_event(event) for event in read_event_stream(raw).payloads] if is_event_stream(raw) else []


def _lines(text: str) -> list[Any]:
    """Objects of which each is a line of its own; nothing where the first line is none."""
    found: list[Any] = []
    for line in text.splitlines():
        if (value := _json(line)) is not None:
            found.append(value)
        elif not found:
            break
    return found


def _of_list(items: list[Any]) -> list[Any]:
    if all(type(item) is str for item in items):
        read = _of_texts(items)
        return items if read is None else read
    return [_event(item) for item in items]


def _of_texts(texts: Sequence[str]) -> list[Any] | None:
    """A stream that was kept in pieces: lines, events, or whatever came over the wire at once; None for no stream."""
    first = next((text for text in texts if text.strip()), "")
    if first[:1] in _MAY_BE_JSON and (events := [value for text in texts if (value := _json(text)) is not None]):
        return events
    if _BASE64.match(first):
        return _of_frames("".join(texts)) or [event for text in texts for event in _of_frames(text)] or None
    together = "" if any(text.endswith(("\n", "\r")) for text in texts) else "\n"
    events = _of_events(together.join(texts))
    return events if isinstance(events, list) else None


def _event(item: Any) -> Any:
    """An event without what its stream wraps it into."""
    if not isinstance(item, Mapping):
        return item
    if "data" in item and item.keys() <= _FRAMED:
        return _data(item["data"])
    piece = item.get("chunk") if len(item) == 1 else None
    if isinstance(piece, Mapping) and isinstance(packed := piece.get("bytes"), str):
        try:
            return _data(base64.b64decode(packed, validate=True).decode("utf-8", "replace"))
        except (binascii.Error, ValueError):
            return item
    return item


def _data(held: Any) -> Any:
    if not isinstance(held, str) or held.strip() == DONE:
        return held
    return _json(held)


def _json(text: str) -> Any:
    """The object or the list that a text is; None for anything else."""
    value: Any = None
    try:
        value = msgspec.json.decode(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        with contextlib.suppress(ValueError, RecursionError):  # what Python's lenient writer made
            value = json.loads(text, parse_constant=lambda _: None)
    return value if isinstance(value, dict | list) else None
