"""Streams that a log kept event by event, put together into the answer that the client saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.ingest import values
from audit.ingest.values import obj, small, text


def joined_events(events: Sequence[Any]) -> dict[str, Any]:
    """One message from the events of Anthropic's stream: texts appended, inputs of calls put together, last usage kept.

    Source: docs.anthropic.com, "Streaming messages".
    """
    message: dict[str, Any] = {"type": "message", "role": "assistant"}
    blocks: dict[int, dict[str, Any]] = {}
    pieces: dict[int, str] = {}
    for event in map(obj, events):
        kind, index = event.get("type"), event.get("index")
        if kind == "message_start":
            message |= obj(event.get("message"))
        elif kind == "content_block_start" and isinstance(index, int):
            blocks[index] = dict(obj(event.get("content_block")))
        elif kind == "content_block_delta" and index in blocks:
            _extend(blocks[index], obj(event.get("delta")), pieces, index)
        elif kind == "message_delta":
            message |= {key: value for key, value in obj(event.get("delta")).items() if value is not None}
            message["usage"] = obj(message.get("usage")) | obj(event.get("usage"))
    for index, piece in pieces.items():
        value = values.unpacked(piece or "{}")
        blocks[index]["input"] = value if isinstance(value, dict) else {"INVALID_JSON": piece}
    message["content"] = [blocks[index] for index in sorted(blocks)]
    return message


def _extend(block: dict[str, Any], delta: Mapping[str, Any], pieces: dict[int, str], index: int) -> None:
    for key, own in (("text", "text"), ("thinking", "thinking"), ("signature", "signature")):
        if isinstance(delta.get(key), str):
            block[own] = (block.get(own) or "") + delta[key]
    if isinstance(delta.get("partial_json"), str):
        pieces[index] = pieces.get(index, "") + delta["partial_json"]


def joined_chunks(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One completion from the chunks of a stream: texts appended, tool calls merged by index, last usage kept."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in map(obj, chunks):
        for key in ("id", "model", "service_tier", "usage"):
            if chunk.get(key):
                whole[key] = chunk[key]
        for part in map(obj, chunk["choices"] if isinstance(chunk.get("choices"), list) else ()):
            index = small(part.get("index")) or 0
            choice = choices.setdefault(index, {"index": index, "message": {"role": "assistant", "content": None}})
            if part.get("finish_reason"):
                choice["finish_reason"] = part["finish_reason"]
            _append(choice["message"], obj(part.get("delta")))
    whole["choices"] = [choices[index] for index in sorted(choices)]
    return whole


def _append(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for key in ("content", "refusal", "reasoning_content"):
        if isinstance(delta.get(key), str):
            message[key] = (message.get(key) or "") + delta[key]
    pieces = delta.get("tool_calls")
    for piece in map(obj, pieces if isinstance(pieces, list) else ()):
        calls = message.setdefault("tool_calls", [])
        index = small(piece.get("index")) or 0
        while len(calls) <= min(index, 127):  # the API's limit of tools
            calls.append({"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
        call, function = calls[min(index, 127)], obj(piece.get("function"))
        call["id"] = text(piece.get("id")) or call["id"]
        for key in ("name", "arguments"):
            if isinstance(function.get(key), str):
                call["function"][key] += function[key]
