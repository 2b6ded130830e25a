"""Trimmed requests, over every protocol that logs are written in: what goes, what stays, and what is never parted."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest

from audit.core.exchange import Message, ModelRequest, Request, Text, Tool, ToolCall, ToolChoice, ToolResult
from audit.core.tier import Price, Tier
from audit.core.trim import Trim
from audit.llm.over_protocol import asked
from audit.protocols import PROTOCOLS
from audit.protocols.kept import kept_of, request_of
from audit.protocols.trimming import trimmed

TIER = Tier(name="t", model="m", provider="openai", price=Price(input=1, output=1))
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}


def said(*turns: Sequence[Message], tools: Sequence[str] = (), choice: ToolChoice | None = None) -> ModelRequest:
    """A conversation."""
    offered = tuple(Tool(name, f"what {name} does", SCHEMA) for name in tools)
    return ModelRequest(
        messages=tuple(m for turn in turns for m in turn), tools=offered, tool_choice=choice or ToolChoice()
    )


def turn(number: int, *calls: str) -> list[Message]:
    """What the user says, calls with their results, and the answer."""
    made = [ToolCall(f"call_{number}_{n}", name, "{}") for n, name in enumerate(calls)]
    asking = [Message("assistant", tuple(made))] if made else []
    results = [Message("tool", (ToolResult(call.id, (Text(f"result {number}"),)),)) for call in made]
    return [_user(number), *asking, *results, Message("assistant", (Text(f"answer {number}"),))]


def _user(number: int) -> Message:
    return Message("user", (Text(f"question {number}"),))


SYSTEM = [Message("system", (Text("You help."),))]


def logged(request: ModelRequest, protocol: str) -> Request:
    """As this program keeps a log of that protocol: as logged for chat, and beside the messages of another one."""
    if protocol == "kept":
        return Request(request_fp="f", **_split(kept_of(request)))
    one = PROTOCOLS.get(protocol)
    body, _ = one.request_to(request)
    kept = _split(kept_of(request))
    return Request(request_fp="f", **{**kept, "messages": body[one.shape.field]})


def _split(body: dict[str, Any]) -> dict[str, Any]:
    fields = {name: body.pop(name, None) for name in ("messages", "tools", "tool_choice", "response_format")}
    return {**fields, "params": body}


def texts(request: Request) -> list[str]:
    """Every text of the user and the model that is sent."""
    messages = request_of(request)[0].messages
    return [part.text for one in messages for part in one.parts if isinstance(part, Text)]


@pytest.mark.parametrize("protocol", ["kept", "openai_chat", "anthropic_messages"])
@pytest.mark.parametrize("turns", [1, 2, 3, 9])
def test_the_last_turns_stay_whole(protocol: str, turns: int) -> None:
    """N questions with all that belongs to them; the calls of a turn stay with their results; nothing else changes."""
    system = SYSTEM if protocol != "anthropic_messages" else []
    talk = said(system, turn(1, "look"), turn(2), turn(3, "look", "find"), [_user(4)], tools=["look", "find"])
    request = logged(talk, protocol)
    sent = trimmed(request, Trim(history=turns))
    first = max(5 - turns, 1)
    wanted = [*(["You help."] if system else []), f"question {first}"]
    assert texts(sent)[: len(wanted)] == wanted
    assert texts(sent)[-1] == "question 4"
    typed = request_of(sent)[0]
    calls = {part.id for one in typed.messages for part in one.parts if isinstance(part, ToolCall)}
    results = {part.id for one in typed.messages for part in one.parts if isinstance(part, ToolResult)}
    assert calls == results
    assert (sent.tools, sent.tool_choice, sent.params) == (request.tools, request.tool_choice, request.params)
    if turns >= 4:
        assert sent is request


def test_no_result_is_parted_from_its_call() -> None:
    """A user who speaks between a call and its result keeps the cut from going between them, however long the talk."""
    for seed in range(60):
        chance = random.Random(seed)
        messages: list[Message] = list(SYSTEM)
        waiting: list[str] = []
        for number in range(chance.randrange(2, 12)):
            messages.append(_user(number))
            if chance.random() < 0.5:
                waiting.append(f"c{number}")
                messages.append(Message("assistant", (ToolCall(waiting[-1], "look", "{}"),)))
            while waiting and chance.random() < 0.4:
                messages.append(Message("tool", (ToolResult(waiting.pop(0), (Text("r"),)),)))
        request = logged(said(messages), "kept")
        sent = request_of(trimmed(request, Trim(history=chance.randrange(1, 4))))[0].messages
        calls = {part.id for one in sent for part in one.parts if isinstance(part, ToolCall)}
        results = {part.id for one in sent for part in one.parts if isinstance(part, ToolResult)}
        assert results <= calls
        assert sent[0].role == "system"
        assert tuple(sent[1:]) == tuple(messages[len(messages) - len(sent) + 1 :])


def test_tools_that_the_request_needs_stay() -> None:
    """One that is called in what is sent, and one that the choice names; what leaves with the history is not needed."""
    talk = said(SYSTEM, turn(1, "look"), [_user(2)], tools=["look", "find", "refund"])
    request = logged(talk, "kept")
    every = Trim(tools=("find", "look", "refund"))
    assert _offered(trimmed(request, every)) == ["look"]
    forced = logged(said([_user(1)], tools=["look", "find"], choice=ToolChoice("required", ("find",))), "kept")
    assert _offered(trimmed(forced, every)) == ["find"]
    both = trimmed(request, Trim(tools=every.tools, history=1))
    assert both.tools is None
    assert trimmed(request, Trim(tools=("unheard of",))) is request
    assert trimmed(request, None) is request


def test_what_goes_with_the_last_tool() -> None:
    """An endpoint refuses a choice of tools, and whether to call several, where none is offered."""
    talk = said([_user(1)], tools=["look"], choice=ToolChoice("auto", parallel=False))
    sent = trimmed(logged(talk, "kept"), Trim(tools=("look",)))
    body, _ = PROTOCOLS.get("openai_chat").request_to(asked(sent, TIER))
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & body.keys()


def test_a_vendors_own_tool_and_odd_messages_stay() -> None:
    """A tool without a function has no name to be left out by, and what no protocol reads is sent as it is."""
    tools: list[dict[str, Any]] = [
        {"type": "web_search"},
        {"type": "function", "function": {"name": "look"}},
        {"type": "function"},
    ]
    messages: list[dict[str, Any]] = [{"role": "user", "content": "a"}, {"role": 7}, {"role": "user", "content": "b"}]
    request = Request(request_fp="f", messages=messages, tools=tools)
    sent = trimmed(request, Trim(tools=("look", ""), history=1))
    assert json.dumps(sent.tools) == json.dumps([tools[0], tools[2]])
    assert sent.messages[-1] == messages[-1]


def _offered(request: Request) -> list[str]:
    return [one["function"]["name"] for one in request.tools or ()]
