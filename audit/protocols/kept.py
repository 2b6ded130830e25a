"""Requests as this program keeps them: the chat shape, extended, from any protocol and back into the typed form.

A log of chat completions is kept as it was logged. A log of another protocol is written in the chat shape with the
extensions of `openai_chat`, so that every room reads one shape and nothing is lost. Logs of gateways mix: the messages
of one protocol beside the tools of another; the messages tell whose they are.
"""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from audit.core.exchange import Losses, ModelRequest, Request
from audit.protocols import openai_chat
from audit.protocols.recognition import protocol_of_messages

FIELDS = ("messages", "tools", "tool_choice", "response_format")
"""What a kept request holds beside its parameters."""


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
    protocol = protocol_of_messages(request.messages)
    if protocol is openai_chat.PROTOCOL:
        return openai_chat.request_from({**body, "messages": request.messages})
    rest, lost = openai_chat.request_from({**body, "messages": []})
    said, lost_too = protocol.request_from({protocol.shape.field: list(request.messages)})
    return replace(rest, messages=said.messages), tuple(dict.fromkeys((*lost, *lost_too)))


def kept_of(request: ModelRequest) -> dict[str, Any]:
    """A typed request in the kept shape: `messages`, `tools`, `tool_choice`, `response_format`, and parameters."""
    body, _ = openai_chat.request_to(request, extended=True)
    return {name: value for name, value in body.items() if name != "model"}
