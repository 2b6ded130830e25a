"""A streamed response of OpenAI's Responses: events in, the body that the same call would have without a stream.

Source: openai 3.57.0, `types/responses/response_stream_event.py`. The last event holds the whole response.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.protocols.shared import Whole, obj, place_of, text

_ENDS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done"}
)


def whole(events: Iterable[Any]) -> Whole:
    """The response of the event that ends the stream; its items as they were finished, where it has none.

    Special cases:
        An `error` event: the body is that error.
    """
    body: dict[str, Any] = {}
    items: dict[int, Any] = {}
    ended = False
    for event in map(obj, events):
        kind = text(event.get("type"))
        if kind == "error":
            return Whole({"type": "error", "error": obj(event.get("error")) or dict(event)}, ended=True)
        if kind == "response.output_item.done" and (place := place_of(event.get("output_index"))) is not None:
            items[place] = event.get("item")
        if isinstance(response := event.get("response"), dict):
            body = dict(response)
        ended |= kind in _ENDS
    if items and not body.get("output"):
        body["output"] = [items[place] for place in sorted(items)]
    return Whole(body, ended=ended)
