"""Whole answers as each vendor streams them: the events of a body, and the bytes that carry them."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Body = Mapping[str, Any]
PIECE = 3
"""Characters of a text in one event."""


def pieces(text: str) -> list[str]:
    """A text in pieces."""
    return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]


def events_of(protocol: str, body: Body) -> list[Any]:
    """The events with which the vendor streams the answer."""
    makers: dict[str, Callable[[Body], Iterator[Any]]] = {
        "openai_chat": _chat,
        "openai_responses": _responses,
        "anthropic_messages": _anthropic,
        "bedrock_converse": _converse,
        "cohere_chat": _cohere,
        "gemini": _gemini,
    }
    return list(makers[protocol](body))


def bytes_of(protocol: str, events: Sequence[Any]) -> bytes:
    """Events on the wire."""
    if protocol == "bedrock_converse":
        return b"".join(frame(*next(iter(event.items()))) for event in events)
    named = protocol in ("anthropic_messages", "cohere_chat", "openai_responses")
    heads = [f"event: {event.get('type')}\n" if named and isinstance(event, Mapping) else "" for event in events]
    lines = [f"{head}data: {json.dumps(event)}\n\n" for head, event in zip(heads, events, strict=True)]
    return "".join([*lines, *(["data: [DONE]\n\n"] if protocol == "openai_chat" else [])]).encode("utf-8", "replace")


def content_type(protocol: str) -> str:
    """Of a stream."""
    return "application/vnd.amazon.eventstream" if protocol == "bedrock_converse" else "text/event-stream"


def frame(kind: str, payload: Any, message: str = "event") -> bytes:
    """One frame of Amazon's event stream."""
    named = {f":{message}-type": kind, ":content-type": "application/json", ":message-type": message}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in named.items()
    )
    content = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(content), len(headers))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + content
    return start + struct.pack(">I", zlib.crc32(start))


def _chat(body: Body) -> Iterator[Any]:
    shared = {"id": body.get("id", "c"), "object": "chat.completion.chunk", "created": 0, "model": body["model"]}

    def chunk(delta: Body, finish: str | None = None) -> dict[str, Any]:
        return {**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    choice = body["choices"][0]
    yield chunk({"role": "assistant", "content": ""})
    for name in ("content", "refusal"):
        yield from (chunk({name: piece}) for piece in pieces(choice["message"].get(name) or ""))
    for index, call in enumerate(choice["message"].get("tool_calls") or ()):
        function = call["function"]
        head = {"index": index, "id": call["id"], "type": "function"}
        yield chunk({"tool_calls": [{**head, "function": {"name": function["name"], "arguments": ""}}]})
        for piece in pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, choice["finish_reason"])
    yield {**shared, "choices": [], "usage": body["usage"]}


def _responses(body: Body) -> Iterator[Any]:
    begun = {**body, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    number = 0
    yield {"type": "response.created", "sequence_number": number, "response": begun}
    for place, item in enumerate(body["output"]):
        number += 1
        yield {
            "type": "response.output_item.added", "sequence_number": number, "output_index": place, "item": item,
        }  # fmt: skip
        for part in item.get("content") or () if item["type"] == "message" else ():
            for piece in pieces(part.get("text") or ""):
                number += 1
                where = {"output_index": place, "content_index": 0, "item_id": item["id"], "sequence_number": number}
                yield {"type": "response.output_text.delta", "delta": piece, "logprobs": [], **where}
        number += 1
        yield {
            "type": "response.output_item.done", "sequence_number": number, "output_index": place, "item": item,
        }  # fmt: skip
    end = "response.incomplete" if body["status"] == "incomplete" else "response.completed"
    yield {"type": end, "sequence_number": number + 1, "response": dict(body)}


def _anthropic(body: Body) -> Iterator[Any]:
    start = {**body["usage"], "output_tokens": 1}
    start.pop("output_tokens_details", None)
    begun = {**body, "content": [], "stop_reason": None, "usage": start}
    yield {"type": "message_start", "message": begun}
    yield {"type": "ping"}
    for place, block in enumerate(body["content"]):
        empty, deltas = dict(block), list[dict[str, Any]]()
        if block["type"] == "text":
            empty["text"] = ""
            deltas = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        elif block["type"] == "thinking":
            empty |= {"thinking": "", "signature": ""}
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            deltas.append({"type": "signature_delta", "signature": block["signature"]})
        elif block["type"] == "tool_use":
            empty["input"] = {}
            deltas = [{"type": "input_json_delta", "partial_json": p} for p in pieces(json.dumps(block["input"]))]
        yield {"type": "content_block_start", "index": place, "content_block": empty}
        yield from ({"type": "content_block_delta", "index": place, "delta": delta} for delta in deltas)
        yield {"type": "content_block_stop", "index": place}
    told = {"stop_reason": body["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": told, "usage": {"output_tokens": body["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


def _converse(body: Body) -> Iterator[Any]:
    yield {"messageStart": {"role": "assistant"}}
    for place, block in enumerate(body["output"]["message"]["content"]):
        at = {"contentBlockIndex": place}
        deltas: list[Any] = []
        if "toolUse" in block:
            call = block["toolUse"]
            yield {"contentBlockStart": {**at, "start": {"toolUse": {k: call[k] for k in ("toolUseId", "name")}}}}
            deltas = [{"toolUse": {"input": piece}} for piece in pieces(json.dumps(call["input"]))]
        elif "reasoningContent" in block:
            thought = block["reasoningContent"]["reasoningText"]
            deltas = [{"reasoningContent": {"text": piece}} for piece in pieces(thought["text"])]
            deltas.append({"reasoningContent": {"signature": thought.get("signature", "")}})
        elif "text" in block:
            deltas = [{"text": piece} for piece in pieces(block["text"])]
        yield from ({"contentBlockDelta": {**at, "delta": delta}} for delta in deltas)
        yield {"contentBlockStop": at}
    yield {"messageStop": {"stopReason": body["stopReason"]}}
    yield {"metadata": {"usage": body["usage"], "metrics": body["metrics"]}}


def _cohere(body: Body) -> Iterator[Any]:
    message = body["message"]
    yield {"type": "message-start", "id": body["id"], "delta": {"message": {"role": "assistant", "content": []}}}
    for piece in pieces(message.get("tool_plan", "")):
        yield {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}}
    for place, part in enumerate(message["content"]):
        kind, at = part["type"], {"index": place}
        yield {"type": "content-start", **at, "delta": {"message": {"content": {"type": kind, kind: ""}}}}
        for piece in pieces(part[kind]):
            yield {"type": "content-delta", **at, "delta": {"message": {"content": {kind: piece}}}}
        yield {"type": "content-end", **at}
    for place, call in enumerate(message.get("tool_calls", ())):
        at, function = {"index": place}, call["function"]
        begun = {**call, "function": {**function, "arguments": ""}}
        yield {"type": "tool-call-start", **at, "delta": {"message": {"tool_calls": begun}}}
        for piece in pieces(function["arguments"]):
            more = {"function": {"arguments": piece}}
            yield {"type": "tool-call-delta", **at, "delta": {"message": {"tool_calls": more}}}
        yield {"type": "tool-call-end", **at}
    yield {"type": "message-end", "delta": {"finish_reason": body["finish_reason"], "usage": body["usage"]}}


def _gemini(body: Body) -> Iterator[Any]:
    candidate = body["candidates"][0]
    rest = {name: body[name] for name in ("responseId", "modelVersion")}

    def chunk(part: Body) -> dict[str, Any]:
        return {**rest, "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]}

    for part in candidate["content"]["parts"]:
        if set(part) == {"text"}:
            yield from (chunk({"text": piece}) for piece in pieces(part["text"]))
        else:
            yield chunk(part)
    end = {"index": 0, "content": {"role": "model", "parts": []}, "finishReason": candidate["finishReason"]}
    yield {**rest, "candidates": [end], "usageMetadata": body["usageMetadata"]}
