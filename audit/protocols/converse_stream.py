"""A Converse stream put together: events in, the body that the same call would have without a stream.

Source: botocore 1.44.8, `data/bedrock-runtime/2023-09-30/service-2.json`, shape `ConverseStreamOutput`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from audit.protocols.shared import INVALID_JSON, Whole, obj, place_of, text


def whole(events: Iterable[Any]) -> Whole:
    """One response from all events, each `{event type: payload}`.

    Special cases:
        An exception: the body is that error.
    """
    body: dict[str, Any] = {}
    role = "assistant"
    blocks: dict[int, dict[str, Any]] = {}
    ended = False
    for event in events:
        named = obj(event)
        if "error" in named:
            return Whole({"error": named["error"]}, ended=True)
        if started := obj(named.get("messageStart")):
            role = text(started.get("role")) or role
        elif started := obj(named.get("contentBlockStart")):
            if (place := place_of(started.get("contentBlockIndex"))) is not None:
                _start(blocks, place, obj(started.get("start")))
        elif piece := obj(named.get("contentBlockDelta")):
            if (place := place_of(piece.get("contentBlockIndex"))) is not None:
                _add(blocks.setdefault(place, {}), obj(piece.get("delta")))
        elif stopped := obj(named.get("messageStop")):
            ended = True
            body |= stopped
        elif "metadata" in named:
            body |= obj(named["metadata"])
    if blocks or ended:
        content = [_finished(blocks[place]) for place in sorted(blocks)]
        body["output"] = {"message": {"role": role, "content": content}}
    return Whole(body, ended=ended)


def _start(blocks: dict[int, dict[str, Any]], place: int, start: Mapping[str, Any]) -> None:
    if isinstance(call := start.get("toolUse"), Mapping):
        blocks[place] = {"toolUse": {**call, "input": ""}}


def _add(block: dict[str, Any], delta: Mapping[str, Any]) -> None:
    if isinstance(words := delta.get("text"), str):
        block["text"] = (text(block.get("text")) or "") + words
    elif isinstance(call := delta.get("toolUse"), Mapping):
        before = block.setdefault("toolUse", {"input": ""})
        before["input"] += text(call.get("input")) or ""
    elif isinstance(thought := delta.get("reasoningContent"), Mapping):
        if isinstance(hidden := thought.get("redactedContent"), str):
            block["reasoningContent"] = {"redactedContent": hidden}
            return
        before = block.setdefault("reasoningContent", {}).setdefault("reasoningText", {"text": ""})
        before["text"] += text(thought.get("text")) or ""
        if signature := text(thought.get("signature")):
            before["signature"] = signature


def _finished(block: dict[str, Any]) -> dict[str, Any]:
    """A block with its call's arguments as an object; text that is no JSON stays, wrapped."""
    if "toolUse" not in block:
        return block
    words = block["toolUse"]["input"]
    try:
        given = json.loads(words or "{}")
    except (ValueError, RecursionError):
        given = {INVALID_JSON: words}
    return {**block, "toolUse": {**block["toolUse"], "input": given}}
