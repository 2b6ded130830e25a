"""A streamed response of OpenAI's Responses: events in, the body that the same call would have without a stream.

Source: openai 3.57.0, `types/responses/response_stream_event.py`. The last event holds the whole response.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.protocols.shared import Whole, obj, place_of, text

ENDS = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "response.done"}
)


def whole(events: Iterable[Any]) -> Whole:
    """The response of the event that ends the stream; its items as they were finished, where it has none.

    Special cases:
        An `error` event: the body is that error. A stream that was cut: its items as far as they came, and their text.
    """
    body: dict[str, Any] = {}
    items: dict[int, Any] = {}
    texts: dict[int, str] = {}
    ended = False
    for event in map(obj, events):
        kind = text(event.get("type"))
        if kind == "error":
            return Whole({"type": "error", "error": obj(event.get("error")) or dict(event)}, ended=True)
        if kind == "response.output_item.done" and (place := place_of(event.get("output_index"))) is not None:
            items[place] = event.get("item")
        if kind == "response.output_text.delta" and (place := place_of(event.get("output_index"))) is not None:
            texts[place] = texts.get(place, "") + (text(event.get("delta")) or "")
        if isinstance(response := event.get("response"), dict):
            body = dict(response)
        ended |= kind in ENDS
    if not ended:
        items = {place: _begun(words) for place, words in texts.items()} | items
        body |= {"status": "incomplete"} if items else {}
    if items and not body.get("output"):
        body["output"] = [items[place] for place in sorted(items)]
    return Whole(body, ended=ended)


def _begun(words: str) -> dict[str, Any]:
    """A message of which some text has come."""
    part = {"type": "output_text", "text": words, "annotations": []}
    return {"type": "message", "role": "assistant", "status": "in_progress", "content": [part]}
