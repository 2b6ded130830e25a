"""Vercel's AI SDK, as its telemetry keeps a call: messages of its own parts, tools and calls, in the chat API's shape.

Source: vercel/ai, `packages/provider/src/language-model/v2` and `v3` (prompt and content), `packages/ai/src/telemetry`;
https://ai-sdk.dev/docs/ai-sdk-core/telemetry, read 2026-11-30.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.ingest.values import canonical, obj, objects, text, unpacked

_FINISHES = {"tool-calls": "tool_calls", "content-filter": "content_filter"}


def messages_of(given: Sequence[Any]) -> list[dict[str, Any]]:
    """Messages in the chat shape; each result of a tool is a message of its own."""
    made: list[dict[str, Any]] = []
    for message in map(obj, given):
        content = message.get("content")
        if not isinstance(content, list):
            made.append(dict(message))
            continue
        parts = objects(content)
        results = [part for part in parts if part.get("type") == "tool-result"]
        calls = [_call(part) for part in parts if part.get("type") == "tool-call"]
        thought = "".join(str(part.get("text") or "") for part in parts if part.get("type") == "reasoning")
        said = [_part(part) for part in parts if part.get("type") not in ("tool-result", "tool-call", "reasoning")]
        made += [{"role": "tool", "tool_call_id": part.get("toolCallId"), "content": _result(part)} for part in results]
        if said or calls or thought or not results:
            extra = {"tool_calls": calls or None, "reasoning_content": thought or None}
            made.append({
                "role": message.get("role"), "content": said or None, **{k: v for k, v in extra.items() if v},
            })  # fmt: skip
    return made


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind not in ("image", "file"):
        return dict(part)
    held, of = part.get("data", part.get("image")), text(part.get("mediaType", part.get("mimeType"))) or "image/*"
    if kind == "file" and not of.startswith("image/"):
        return {"type": "file", "file": {"file_id": text(held) or "unknown"}}
    where = text(held) or "unknown"
    return {"type": "image_url", "image_url": {"url": where if ":" in where[:8] else f"data:{of};base64,{where}"}}


def _call(part: Mapping[str, Any]) -> dict[str, Any]:
    sent = part.get("input", part.get("args"))
    function = {"name": part.get("toolName"), "arguments": sent if isinstance(sent, str) else canonical(sent or {})}
    return {"id": part.get("toolCallId"), "type": "function", "function": function}


def _result(part: Mapping[str, Any]) -> str:
    """What a tool said: its output with its kind, or what it was before outputs had kinds."""
    output = obj(part.get("output"))
    said = output.get("value", output) if output else part.get("result")
    return said if isinstance(said, str) else canonical(said)


def tools_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """The tools and the choice among them; nothing where there are none."""
    listed = unpacked(found.get("ai.prompt.tools"))
    tools = [obj(unpacked(tool)) for tool in listed] if isinstance(listed, list) else []
    if not tools:
        return {}
    made = [
        {"type": "function", "function": {
            "name": tool.get("name"), "description": tool.get("description"),
            "parameters": tool.get("inputSchema", tool.get("parameters")),
        }} if tool.get("type", "function") == "function" else tool
        for tool in tools
    ]  # fmt: skip
    choice = obj(unpacked(found.get("ai.prompt.toolChoice")))
    word = text(choice.get("type"))
    named = {"type": "function", "function": {"name": choice.get("toolName")}}
    return {"tools": made, "tool_choice": named if word == "tool" else word}


def answer_of(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer's message with its finish; None where the span holds none."""
    words = text(found.get("ai.response.text")) or text(found.get("ai.response.object"))
    listed = unpacked(found.get("ai.response.toolCalls"))
    calls = [_call(call) for call in objects(listed)]
    if words is None and not calls and "ai.response.text" not in found:
        return None
    finish = text(found.get("ai.response.finishReason"))
    message: dict[str, Any] = {"role": "assistant", "content": words if words is not None or calls else ""}
    if calls:
        message["tool_calls"] = calls
    return {"index": 0, "message": message, "finish_reason": _FINISHES.get(finish or "", finish)}
