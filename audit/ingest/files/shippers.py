"""Records inside what a log shipper, a queue or a table put around them: found by what they are, wherever they lie.

Elasticsearch puts a record under `_source`, Loki into a list of lists, Docker into a text, Pub/Sub into base64. All of
them are one thing here: a path from the outer object to the records. It is looked for once, in the first records of a
file, by asking the formats of every object that lies within; each record is then taken from where the path leads. No
shipper has to be known for that, and what one wraps into another's envelope is found as well.

The records are those that were shipped, byte for byte where they are kept as text: a log gives the same rows whatever
brought it here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from audit.ingest.base64_json import encoded_json
from audit.ingest.files.text_files import bare
from audit.ingest.row import Unusable
from audit.ingest.values import parse
from audit.protocols.recognition import protocol_of_answer, protocol_of_request

EACH = None
"""As a step of a path: every item of a list."""
Path = tuple[str | int | None, ...]
"""Steps from an object to the records within: a field, the place of an item, or every item."""

_DEPTH = 8
"""Steps at most: OpenTelemetry's log records take them all."""
_ITEMS = 20
"""Items of a list that are looked at: the first may be another program's lines."""
_OBJECTS = 500
"""Objects of one record that are looked at."""
_BODIES = frozenset({
    "messages", "content", "contents", "prompt", "input", "inputs", "output", "outputs", "completion", "choices",
    "candidates", "generations", "text", "parts", "arguments", "tool_calls", "tools", "system", "instructions",
})  # fmt: skip
"""Fields of requests and answers: what people and models say may itself look like a record."""
_CELL = {"field", "value"}
_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LIST = msgspec.json.Decoder(list[msgspec.Raw])
_TEXT = msgspec.json.Decoder(str)


def find(record: Mapping[str, Any], fits: Callable[[Mapping[str, Any]], Any]) -> tuple[Path, Any] | None:
    """The path to the outermost records within a record of which the first fits, and what fitting gave; None for none.

    Args:
        record: What was shipped; it is not asked itself.
        fits: Something true for an object that is what is looked for.
    """
    waiting: deque[tuple[Path, Any]] = deque([((), record)])
    for _ in range(_OBJECTS):
        if not waiting:
            return None
        path, value = waiting.popleft()
        if path and isinstance(value, dict) and (found := fits(value)):
            return path, found
        if len(path) < _DEPTH:
            waiting += _within(path, value)
    return None


def abridged(record: bytes) -> bytes:
    """A record with no more items in its lists than `find` looks at: an export may be one object of gigabytes.

    What is no JSON stays as it is.
    """
    try:
        return msgspec.json.encode(_abridged(msgspec.Raw(record), _DEPTH))
    except (ValueError, RecursionError):
        return record


def _abridged(raw: msgspec.Raw, depth: int) -> Any:
    begin = bytes(memoryview(raw)[:1])
    if not depth or begin not in (b"{", b"["):
        return raw
    if begin == b"{":
        return {name: _abridged(value, depth - 1) for name, value in _DECODE.decode(raw).items()}
    return [_abridged(item, depth - 1) for item in _LIST.decode(raw)[:_ITEMS]]


def _within(path: Path, value: Any) -> Iterator[tuple[Path, Any]]:
    """What lies one step within a value, opened."""
    if isinstance(value, dict):
        if path and (protocol_of_request(value) or protocol_of_answer(value)):
            return
        held = ((name, one) for name, one in value.items() if name not in _BODIES)
    elif isinstance(value, list):
        # A list of plain values is a row; of others, a list of records.
        row = not any(isinstance(one, dict | list) for one in value)
        held = ((at if row else EACH, one) for at, one in enumerate(value[:_ITEMS]))
    else:
        return
    for step, one in held:
        inner = _opened(one)
        if isinstance(inner, dict | list):
            yield (*path, step), inner


def _opened(value: Any) -> Any:
    """A value out of what it is kept in: JSON in a text, in base64, in a list of bytes, in a list of cells."""
    if isinstance(value, list):
        return _parsed(bytes(value)) if _is_bytes(value) else cells(value) or value
    return _parsed(_json_in(value)) if isinstance(value, str) else value


def _is_bytes(items: list[Any]) -> bool:
    """Whether a list is of the bytes of a text that begins as an object, as journald writes what is not plain text."""
    return items[:1] == [ord("{")] and all(type(one) is int and 0 <= one < 256 for one in items)


def cells(items: list[Any]) -> dict[str, Any] | None:
    """The object that a list of `{"field": ..., "value": ...}` stands for, as in CloudWatch Insights; else None."""
    if items and all(isinstance(one, dict) and one.keys() == _CELL for one in items):
        return {str(one["field"]): one["value"] for one in items}
    return None


def _json_in(text: str) -> bytes:
    """The JSON that a text holds: all of it, behind what a logger puts before it, or in base64; empty for none."""
    if (packed := encoded_json(text)) is not None:
        return packed
    line = text.strip().encode("utf-8", "replace")
    found = line if line[:1] in (b"{", b"[") else bare(line)
    return found if found[:1] in (b"{", b"[") else b""


def _parsed(data: bytes) -> Any:
    try:
        return parse(data) if data else None
    except Unusable:
        return None


def records_at(record: bytes, path: Path) -> Iterator[bytes]:
    """The records that a path leads to; where it does not lead on, what is there instead, for its reader to refuse."""
    return map(bytes, _at(msgspec.Raw(record), path))


def _at(raw: msgspec.Raw, path: Path) -> Iterator[msgspec.Raw]:
    """The same as views: an export may be one object of gigabytes, of which no step makes a copy."""
    held = _leaf(raw)
    if not path:
        yield held
        return
    step, rest = path[0], path[1:]
    try:
        if step is EACH:
            for item in _LIST.decode(held):
                yield from _at(item, rest)
            return
        inner = _LIST.decode(held)[step] if isinstance(step, int) else _DECODE.decode(held)[step]
    except (ValueError, KeyError, IndexError, RecursionError):
        yield held
        return
    yield from _at(inner, rest)


def _leaf(raw: msgspec.Raw) -> msgspec.Raw:
    """A value as JSON, out of what `_opened` would open; anything else as it is."""
    begin = bytes(memoryview(raw)[:200])
    if begin[:1] not in (b'"', b"["):
        return raw
    try:
        if begin[:1] == b'"':
            return msgspec.Raw(_json_in(_TEXT.decode(raw)) or raw)
        if begin[1:].lstrip()[:3] == b"123":
            return msgspec.Raw(bytes(msgspec.json.decode(raw, type=list[int])))
        held = cells(msgspec.json.decode(raw)) if b'"field"' in begin else None
        return raw if held is None else msgspec.Raw(msgspec.json.encode(held))
    except (ValueError, RecursionError):
        return raw


def named(path: Path) -> str:
    """A path as people write it."""
    return ".".join("*" if step is EACH else str(step) for step in path)
