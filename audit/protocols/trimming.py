"""A logged request without what a tier is not sent, in whatever protocol its messages were logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from audit.core.exchange import LoggedMessage, Message, Part, Request, ToolCall, ToolResult
from audit.core.trim import Trim
from audit.protocols.kept import request_of
from audit.protocols.recognition import protocol_of_messages
from audit.protocols.shared import NotARequest

_STAYS = ("system", "developer")
_OF_TOOLS = ("parallel_tool_calls",)
"""Parameters that an endpoint takes only beside tools."""

_Read = Sequence[tuple[Message, ...]]
"""By logged message, what it says: a vendor's one message may hold results of tools and words of the user."""


def trimmed(request: Request, trim: Trim | None) -> Request:
    """The request as a tier with this trim is sent it; the same object where nothing of it goes.

    Of the messages, those of the system and the last turns stay. A turn begins with what the user says, after anything
    else; results of tools begin none. No result is sent without its call: where the cut would part them, the turns
    between stay. Of the tools those go that are named, but for one that a call in the messages that stay has made, or
    that the request's `tool_choice` names: it could not be read without. `tool_choice` goes with the last tool.
    """
    if trim is None or not (trim.tools or trim.history is not None):
        return request
    said = _read(request.messages)
    messages, said = _last_turns(request.messages, said, trim.history)
    tools = _offered(request, trim.tools, said)
    if len(messages) == len(request.messages) and tools is request.tools:
        return request
    if tools is request.tools or tools:
        return replace(request, messages=messages, tools=tools)
    params = {name: value for name, value in request.params.items() if name not in _OF_TOOLS}
    return replace(request, messages=messages, tools=None, tool_choice=None, params=params)


def tool_name(tool: Any) -> str:
    """The name of a function that is offered; "" for what is none of ours to leave out, as a tool that runs at a
    vendor."""
    function = tool.get("function") if isinstance(tool, Mapping) else None
    name = function.get("name") if isinstance(function, Mapping) else None
    return name if isinstance(name, str) else ""


def _read(messages: Sequence[LoggedMessage]) -> _Read:
    protocol = protocol_of_messages(messages)
    found = []
    for message in messages:
        try:
            found.append(protocol.request_from({protocol.shape.field: [message]})[0].messages)
        except NotARequest:
            found.append(())
    return found


def _last_turns(
    messages: Sequence[LoggedMessage], said: _Read, turns: int | None
) -> tuple[Sequence[LoggedMessage], _Read]:
    starts = _starts(said)
    if turns is None or len(starts) <= turns:
        return messages, said
    place = len(starts) - turns
    while place and _parted(said, starts[place]):
        place -= 1
    # What stands before the first turn, such as a greeting, goes with the turns that are cut.
    first = starts[place] if place else 0
    kept = [n for n, one in enumerate(said) if n >= first or any(part.role in _STAYS for part in one)]
    return [messages[n] for n in kept], [said[n] for n in kept]


def _starts(said: _Read) -> list[int]:
    """Places at which a turn begins."""
    found, after_user = [], False
    for n, one in enumerate(said):
        roles = {message.role for message in one}
        if roles and roles <= set(_STAYS):
            continue
        is_user = "user" in roles and "tool" not in roles
        if is_user and not after_user:
            found.append(n)
        after_user = is_user
    return found


def _parted(said: _Read, first: int) -> bool:
    """Whether a result from there on is of a call before."""
    called = {part.id for part in _parts(said[:first]) if isinstance(part, ToolCall)}
    return any(isinstance(part, ToolResult) and part.id in called for part in _parts(said[first:]))


def _parts(said: _Read) -> Iterator[Part]:
    return (part for one in said for message in one for part in message.parts)


def _offered(request: Request, names: Sequence[str], said: _Read) -> Sequence[Mapping[str, Any]] | None:
    """The tools that stay; the same object where all do."""
    tools = request.tools
    if not names or not tools:
        return tools
    typed, _ = request_of(replace(request, messages=[], tools=None))
    needed = {part.name for part in _parts(said) if isinstance(part, ToolCall)}
    leaving = set(names) - needed - {*typed.tool_choice.names, ""}
    kept = [tool for tool in tools if tool_name(tool) not in leaving]
    return tools if len(kept) == len(tools) else kept
