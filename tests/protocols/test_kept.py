"""What is kept of a logged request is read back whole, whatever protocol the log is of, mixed ones included."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.core.exchange import Request, content_text
from audit.protocols import PROTOCOLS, openai_chat
from audit.protocols.kept import FIELDS, kept_of, request_of
from tests.protocols.test_matrix import CASES, NAMES, builtins, value_of


def logged(kept: dict[str, Any]) -> Request:
    """The kept shape as the log's tables hold it."""
    kept = json.loads(json.dumps(kept))
    params = {name: value for name, value in kept.items() if name not in FIELDS}
    held = {name: kept.get(name) for name in FIELDS[1:]}
    return Request(request_fp="f", messages=kept["messages"], params=params, **held)


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_body_of_any_protocol_is_kept_whole(case: dict[str, Any], name: str) -> None:
    """What a body says is what its kept form says, but for the model, which is the tier's to choose."""
    read, losses = PROTOCOLS.get(name).request_from(case["bodies"][name])
    kept = kept_of(read)
    back, lost = request_of(logged(kept))
    assert {**builtins(back), "model": read.model} == builtins(read)
    assert (lost, losses) == ((), ())


@pytest.mark.parametrize("name", [name for name in PROTOCOLS.names if name != openai_chat.NAME])
def test_messages_of_one_protocol_beside_tools_of_another(name: str) -> None:
    """A gateway logs messages as they came and the rest in the chat shape; the conversation is read all the same."""
    case = next(case for case in CASES if case["says"] == "parallel tool calls")
    body = case["bodies"][name]
    messages = body[PROTOCOLS.get(name).shape.field]
    tools = case["bodies"]["openai_chat"]["tools"]
    read, losses = request_of(Request(request_fp="f", messages=messages, tools=tools, params={"max_tokens": 64}))
    assert {**builtins(read), "model": "m-1"} == builtins(value_of(case))
    assert not losses


def test_a_kept_conversation_has_its_words_where_every_room_looks_for_them() -> None:
    """Text stands under `content`, in parts or as a string, whatever the log's protocol called it."""
    case = next(case for case in CASES if case["says"] == "multi-turn")
    for name in PROTOCOLS:
        kept = kept_of(PROTOCOLS.get(name).request_from(case["bodies"][name])[0])
        said = [(message["role"], content_text(message["content"])) for message in kept["messages"]]
        assert said == [("system", "Be brief."), ("user", "2+2?"), ("assistant", "4"), ("user", "And 3+3?")]
