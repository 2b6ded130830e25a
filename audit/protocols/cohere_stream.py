"""A stream of Cohere's Chat put together: events in, the body that the same call would have without a stream.

A piece of a call is an object; servers that copy the protocol send a list of one. Source: cohere-python 7.0.9,
`types/chat_*_event.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit.protocols.shared import Whole, obj, objects, place_of, text


def whole(events: Iterable[Any]) -> Whole:
    """One answer from all events.

    Special cases:
        An error, in the event that ends the message or as an event of its own: the body has it as `error`.
    """
    body: dict[str, Any] = {}
    said: dict[str, Any] = {"role": "assistant"}
    blocks: dict[int, dict[str, Any]] = {}
    calls: dict[int, dict[str, Any]] = {}
    begun, ended = False, False
    for event in map(obj, events):
        kind, delta, place = text(event.get("type")), obj(event.get("delta")), place_of(event.get("index", 0))
        message = obj(delta.get("message"))
        if error := event.get("error") or (kind is None and event.get("message")):
            return Whole({**body, "error": error}, ended=True)
        begun = begun or kind is not None
        if kind == "message-start":
            body |= {name: event[name] for name in ("id",) if name in event}
        elif kind in ("content-start", "content-delta") and place is not None:
            _add(blocks.setdefault(place, {}), obj(message.get("content")))
        elif kind == "tool-plan-delta":
            said["tool_plan"] = said.get("tool_plan", "") + (text(message.get("tool_plan")) or "")
        elif kind in ("tool-call-start", "tool-call-delta") and place is not None:
            _add_call(calls.setdefault(place, {"function": {"name": "", "arguments": ""}}), message.get("tool_calls"))
        elif kind == "message-end":
            ended = True
            body |= {name: delta[name] for name in ("finish_reason", "usage", "error") if delta.get(name) is not None}
    if begun:
        said["content"] = [block for _, block in sorted(blocks.items()) if block]
        if calls:
            said["tool_calls"] = [calls[place] for place in sorted(calls)]
        body["message"] = said
    return Whole(body, ended=ended)


def _add(block: dict[str, Any], piece: Mapping[str, Any]) -> None:
    for name in ("text", "thinking"):
        if isinstance(words := piece.get(name), str):
            block.setdefault("type", name)
            block[name] = (text(block.get(name)) or "") + words


def _add_call(call: dict[str, Any], piece: Any) -> None:
    found = piece if isinstance(piece, Mapping) else next(objects(piece), {})
    function = obj(found.get("function"))
    call |= {name: found[name] for name in ("id", "type") if isinstance(found.get(name), str)}
    call["function"]["name"] = text(function.get("name")) or call["function"]["name"]
    call["function"]["arguments"] += text(function.get("arguments")) or ""
