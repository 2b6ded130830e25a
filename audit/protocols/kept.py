"""Requests as this program keeps them: the chat shape, extended, from any protocol and back into the typed form.

A log of chat completions is kept as it was logged. A log of another protocol is written in the chat shape with the
extensions of `openai_chat`, so that every room reads one shape and nothing is lost. Logs of gateways mix: the messages
of one protocol beside the tools of another; the messages tell whose they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from audit.core.exchange import Losses, ModelRequest, Request
from audit.protocols import anthropic_messages, bedrock_converse, gemini, openai_chat, openai_responses
from audit.protocols.shared import objects

FIELDS = ("messages", "tools", "tool_choice", "response_format")
"""What a kept request holds beside its parameters."""

_ITEMS = frozenset({"function_call", "function_call_output", "reasoning", "item_reference", "message"})
_RESPONSES_PARTS = frozenset({"input_image", "input_file"})
_ANTHROPIC = frozenset({
    "tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document", "server_tool_use",
    "web_search_tool_result", "search_result",
})  # fmt: skip
_CONVERSE = frozenset({
    "toolUse", "toolResult", "reasoningContent", "cachePoint", "image", "document", "video", "guardContent",
})  # fmt: skip


def request_of(request: Request) -> tuple[ModelRequest, Losses]:
    """A kept request in the typed form.

    Raises:
        NotARequest: Its messages are none of any protocol.
    """
    body = {
        **request.params,
        "tools": request.tools,
        "tool_choice": request.tool_choice,
        "response_format": request.response_format,
    }
    protocol = protocol_of(request.messages)
    if protocol == openai_chat.NAME:
        return openai_chat.request_from({**body, "messages": request.messages})
    rest, lost = openai_chat.request_from({**body, "messages": []})
    said, lost_too = _SPOKEN[protocol](list(request.messages))
    return replace(rest, messages=said.messages), tuple(dict.fromkeys((*lost, *lost_too)))


def kept_of(request: ModelRequest) -> dict[str, Any]:
    """A typed request in the kept shape: `messages`, `tools`, `tool_choice`, `response_format`, and parameters."""
    body, _ = openai_chat.request_to(request, extended=True)
    return {name: value for name, value in body.items() if name != "model"}


def protocol_of(messages: Sequence[Mapping[str, Any]]) -> str:
    """Whose messages these are: of those whose own words stand in them, the first; chat where there are none."""
    for message in objects(messages):
        if "parts" in message and "content" not in message:
            return gemini.NAME
        if message.get("type") in _ITEMS:
            return openai_responses.NAME
        for part in objects(message.get("content")):
            kind = part.get("type")
            if kind is None and not _CONVERSE.isdisjoint(part):
                return bedrock_converse.NAME
            if isinstance(kind, str) and kind in _RESPONSES_PARTS:
                return openai_responses.NAME
            if isinstance(kind, str) and kind in _ANTHROPIC:
                return anthropic_messages.NAME
    return openai_chat.NAME


_SPOKEN: Mapping[str, Any] = {
    anthropic_messages.NAME: lambda messages: anthropic_messages.request_from({"messages": messages}),
    bedrock_converse.NAME: lambda messages: bedrock_converse.request_from({"messages": messages}),
    gemini.NAME: lambda messages: gemini.request_from({"contents": messages}),
    openai_responses.NAME: lambda messages: openai_responses.request_from({"input": messages}),
}
