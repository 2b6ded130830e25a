"""A streamed response of Gemini put together: chunks in, the body that the same call would have without a stream.

Source: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from audit.protocols.shared import Whole, obj, objects, text

_LAST = ("usageMetadata", "modelVersion", "responseId", "promptFeedback")


def whole(chunks: Iterable[Any]) -> Whole:
    """One response from all chunks: parts follow each other, and of all else the last one counts.

    Special cases:
        A chunk with an `error`: the body is that error.
    """
    body: dict[str, Any] = {}
    candidate: dict[str, Any] = {}
    parts: list[Any] = []
    for chunk in map(obj, chunks):
        if chunk.get("error"):
            return Whole({"error": chunk["error"]}, ended=True)
        body |= {name: chunk[name] for name in _LAST if chunk.get(name) is not None}
        found = next((one for one in objects(chunk.get("candidates")) if one.get("index") in (None, 0)), None)
        if found is not None:
            candidate |= {name: value for name, value in found.items() if value is not None}
            parts += objects(obj(found.get("content")).get("parts"))
    if candidate:
        body["candidates"] = [{**candidate, "content": {"role": "model", "parts": parts}}]
    blocked = text(obj(body.get("promptFeedback")).get("blockReason"))
    return Whole(body, ended=text(candidate.get("finishReason")) is not None or blocked is not None)
