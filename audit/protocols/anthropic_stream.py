"""A streamed message of Anthropic's put together: events in, the body that the same call would have without a stream.

Source: https://platform.claude.com/docs/en/build-with-claude/streaming
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from audit.protocols.shared import INVALID_JSON, Whole, obj, place_of, text

_PIECES = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
}
"""Type of a delta to its field, and the field of the block that it adds to."""


def whole(events: Iterable[Any]) -> Whole:
    """One message from all events. Counts of tokens are running totals: the last of each name counts.

    What the first event counts of the output is the beginning of it: without a later count it is left out.

    Special cases:
        An `error` event: the body is that error.
    """
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    arguments: dict[int, str] = {}
    ended = False
    for event in events:
        kind = text(obj(event).get("type"))
        if kind == "error":
            return Whole({"type": "error", "error": event.get("error")}, ended=True)
        if kind == "message_start":
            message = dict(obj(event.get("message")))
            begun = dict(obj(message.get("usage")))
            message["usage"] = {name: count for name, count in begun.items() if name != "output_tokens"}
        elif kind == "content_block_start" and (place := place_of(event.get("index"))) is not None:
            blocks[place] = dict(obj(event.get("content_block")))
        elif kind == "content_block_delta" and (place := place_of(event.get("index"))) is not None:
            _add(blocks, arguments, place, obj(event.get("delta")))
        elif kind == "message_delta":
            message |= {k: v for k, v in obj(event.get("delta")).items() if v is not None}
            counts = {k: v for k, v in obj(event.get("usage")).items() if v is not None}
            message["usage"] = {**obj(message.get("usage")), **counts}
        ended |= kind == "message_stop"
    for place, words in arguments.items():
        blocks[place]["input"] = _arguments(words)
    if message or blocks:
        message["content"] = [blocks[place] for place in sorted(blocks)]
    return Whole(message, ended=ended or text(message.get("stop_reason")) is not None)


def _add(blocks: dict[int, dict[str, Any]], arguments: dict[int, str], place: int, delta: Mapping[str, Any]) -> None:
    kind = delta.get("type")
    if kind == "input_json_delta":
        blocks.setdefault(place, {"type": "tool_use"})
        arguments[place] = arguments.get(place, "") + (text(delta.get("partial_json")) or "")
    elif isinstance(kind, str) and kind in _PIECES:
        name, field = _PIECES[kind]
        block = blocks.setdefault(place, {"type": "thinking" if field == "signature" else field})
        block[field] = (text(block.get(field)) or "") + (text(delta.get(name)) or "")
    elif kind == "citations_delta" and place in blocks:
        before = blocks[place].get("citations")
        blocks[place]["citations"] = [*(before if isinstance(before, list) else ()), delta.get("citation")]


def _arguments(words: str) -> Any:
    """A call's arguments from their pieces; text that is no JSON stays, wrapped."""
    try:
        return json.loads(words or "{}")
    except (ValueError, RecursionError):
        return {INVALID_JSON: words}
