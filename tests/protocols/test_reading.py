"""What real bodies look like beside the tidy ones, and that no body, however odd, breaks a reader."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from audit.core.exchange import CachePoint, Loss, Message, Text, Thinking, ToolCall, ToolResult, completion_of
from audit.protocols import PROTOCOLS
from audit.protocols.openai_chat import request_to as chat_to
from audit.protocols.shared import NotAnAnswer, NotARequest
from tests.protocols.test_matrix import ANSWERS, CASES


def read(name: str, body: dict[str, Any]) -> Any:
    """The request of a body, and its losses."""
    return PROTOCOLS.get(name).request_from(body)


def test_state_at_the_vendor_is_a_named_loss() -> None:
    """A conversation that the vendor keeps is not in the body, whatever field points to it."""
    for field in ("previous_response_id", "conversation", "prompt"):
        _, losses = read("openai_responses", {"model": "m", "input": "And now?", field: "x-1"})
        assert [(lost.loss, lost.what) for lost in losses] == [(Loss.SERVER_STATE, field)]
    _, losses = read("gemini", {"contents": "And now?", "cachedContent": "cachedContents/1"})
    assert [lost.loss for lost in losses] == [Loss.SERVER_STATE]
    _, losses = read("openai_responses", {"input": [{"type": "item_reference", "id": "msg_1"}]})
    assert [lost.loss for lost in losses] == [Loss.SERVER_STATE]


def test_text_after_a_call_is_sent_before_it_where_there_is_no_other_place() -> None:
    """Anthropic's models may go on writing after a call; the chat API has one place for words and one for calls."""
    content = [{"type": "tool_use", "id": "c1", "name": "f", "input": {}}, {"type": "text", "text": "I wait."}]
    request, _ = read("anthropic_messages", {"messages": [{"role": "assistant", "content": content}]})
    body, losses = chat_to(request)
    assert [lost.loss for lost in losses] == [Loss.PART_ORDER]
    assert body["messages"][0]["content"] == "I wait."


def test_results_in_one_turn_of_anthropic_are_messages_of_their_own_in_chat() -> None:
    """Two results and a question in one user's turn become two tool messages and a user's."""
    results = [{"type": "tool_result", "tool_use_id": f"c{n}", "content": str(n)} for n in (1, 2)]
    turn = {"role": "user", "content": [*results, {"type": "text", "text": "And?"}]}
    request, _ = read("anthropic_messages", {"messages": [turn]})
    body, losses = chat_to(request)
    assert [m["role"] for m in body["messages"]] == ["tool", "tool", "user"]
    assert not losses


def test_the_reasoning_of_chat_servers_goes_back_under_its_own_name_and_nowhere_else() -> None:
    """`reasoning_content` and `reasoning` stay with servers that write them."""
    for field in ("reasoning_content", "reasoning"):
        messages = [{"role": "assistant", field: "Two and two.", "content": "4"}]
        request, _ = read("openai_chat", {"messages": messages})
        assert isinstance(request.messages[0].parts[0], Thinking)
        assert chat_to(request)[0]["messages"] == messages
        _, losses = PROTOCOLS.get("anthropic_messages").request_to(request)
        assert Loss.THINKING in [lost.loss for lost in losses]


def test_deprecated_functions_are_tools() -> None:
    """`functions`, `function_call` and the role `function` are the same conversation in today's words."""
    body = {
        "functions": [{"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}],
        "function_call": {"name": "f"},
        "messages": [
            {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "done"},
        ],
    }
    written, losses = chat_to(read("openai_chat", body)[0])
    assert written["tools"][0]["function"]["name"] == "f"
    assert written["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert written["messages"][0]["tool_calls"][0]["id"] == written["messages"][1]["tool_call_id"]
    assert not losses


def test_the_python_sdk_of_google_writes_in_snake_case() -> None:
    """Names in snake case are read; names that users chose are left alone."""
    body = {
        "contents": [
            {"role": "user", "parts": [{"text": "?"}]},
            {"role": "model", "parts": [{"function_call": {"name": "my_tool", "args": {"my_arg": 1}}}]},
            {"role": "user", "parts": [{"function_response": {"name": "my_tool", "response": {"my_key": 2}}}]},
        ],
        "system_instruction": "Be brief.",
        "config": {
            "max_output_tokens": 9,
            "response_schema": {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}},
        },
    }
    request, losses = read("gemini", body)
    assert not losses
    assert request.messages[0] == Message("system", (Text("Be brief."),))
    call, result = request.messages[2].parts[0], request.messages[3].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert (call.arguments, result.id) == ('{"my_arg":1}', call.id)
    assert request.sampling.max_tokens == 9
    assert request.response_format.schema == {"type": "object", "properties": {"a_b": {"type": "string"}}}
    written, _ = PROTOCOLS.get("gemini").request_to(request)
    assert "id" not in written["contents"][1]["parts"][0]["functionCall"]
    assert written["contents"][2]["parts"][0]["functionResponse"]["response"] == {"my_key": 2}


def test_parallel_calls_of_one_name_find_their_results_in_order() -> None:
    """Without ids, the first result of a name is the first call's."""
    calls = [{"functionCall": {"name": "f", "args": {"n": n}}} for n in (1, 2)]
    results = [{"functionResponse": {"name": "f", "response": {"output": str(n)}}} for n in (1, 2)]
    request, _ = read("gemini", {"contents": [{"role": "model", "parts": calls}, {"role": "user", "parts": results}]})
    body, _ = chat_to(request)
    ids = [call["id"] for call in body["messages"][0]["tool_calls"]]
    assert len(set(ids)) == 2
    assert [(m["tool_call_id"], m["content"]) for m in body["messages"][1:]] == [(ids[0], "1"), (ids[1], "2")]


def test_the_signature_on_a_call_of_gemini_rides_along() -> None:
    """Gemini seals calls; the seal goes back to Gemini, and elsewhere it is reasoning that stays."""
    part = {"functionCall": {"id": "1", "name": "f", "args": {}}, "thoughtSignature": "c2ln"}
    body = {"contents": [{"role": "model", "parts": [part]}]}
    request, _ = read("gemini", body)
    assert PROTOCOLS.get("gemini").request_to(request)[0]["contents"] == body["contents"]
    assert [lost.loss for lost in chat_to(request)[1]] == [Loss.THINKING]


def test_reasoning_items_go_back_whole() -> None:
    """An item with its encrypted content is what the vendor wrote, to the last field."""
    item = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "So."}],
        "encrypted_content": "e",
    }
    call = {
        "type": "function_call",
        "call_id": "c1",
        "name": "f",
        "arguments": "{}",
        "id": "fc_1",
        "status": "completed",
    }
    body = {"input": [item, call]}
    request, _ = read("openai_responses", body)
    assert len(request.messages) == 1
    assert PROTOCOLS.get("openai_responses").request_to(request)[0]["input"] == [item, call]
    assert [lost.loss for lost in chat_to(request)[1]] == [Loss.THINKING]


def test_cache_points_of_one_hour_keep_their_hour() -> None:
    """In Anthropic's `ttl` and Converse's."""
    block = {"type": "text", "text": "long", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    request, _ = read("anthropic_messages", {"system": [block], "messages": []})
    assert request.messages[0].parts == (Text("long"), CachePoint(ttl="1h"))
    body, losses = PROTOCOLS.get("bedrock_converse").request_to(request)
    assert body["system"] == [{"text": "long"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    assert not losses


def test_a_body_of_invoke_model_is_anthropics() -> None:
    """Bedrock's InvokeModel for Claude differs by a version, and by the model standing in the address."""
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": [{"role": "user", "content": "?"}]}
    request, losses = read("anthropic_messages", body)
    assert (request.model, request.vendor, losses) == (None, None, ())


def test_an_unknown_parameter_of_chat_is_lost_by_name() -> None:
    """A parameter that nobody here knows is named, never dropped in silence."""
    _, losses = read("openai_chat", {"messages": [], "sing_it": True})
    assert [(lost.loss, lost.what) for lost in losses] == [(Loss.PARAMETER, "sing_it")]


ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    float("nan"),
    2**70,
    "",
    "x",
    "\ud800",
    [],
    {},
    [None],
    [[]],
    {"type": "text"},
]


def spoiled(body: Any, seen: set[str], shape: str = "") -> Iterator[Any]:
    """Copies of a body with one place replaced by each odd value, for each shape of place once."""
    inner = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for key, value in inner:
        kind = body.get("type", "") if isinstance(body, dict) else ""
        place = f"{shape}/{kind}.{key if isinstance(body, dict) else ''}/{type(value).__name__}"
        if place not in seen:
            seen.add(place)
            for odd in ODD:
                yield {**body, key: odd} if isinstance(body, dict) else [*body[:key], odd, *body[key + 1 :]]
        for changed in spoiled(value, seen, place):
            yield {**body, key: changed} if isinstance(body, dict) else [*body[:key], changed, *body[key + 1 :]]


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_no_odd_body_breaks_a_reader(name: str) -> None:
    """A request that is odd in one place is read, or refused with the one error; what is read can be written."""
    seen: set[str] = set()
    read_of_them = 0
    for case in CASES:
        for body in spoiled(case["bodies"][name], seen):
            try:
                request, _ = PROTOCOLS.get(name).request_from(body)
            except NotARequest:
                continue
            read_of_them += 1
            for other in PROTOCOLS:
                PROTOCOLS.get(other).request_to(request)
            json.dumps(chat_to(request, extended=True)[0])
    assert read_of_them > 500


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_no_odd_answer_breaks_a_reader(name: str) -> None:
    """An answer that is odd in one place is read, or refused with the one error."""
    protocol, seen = PROTOCOLS.get(name), set[str]()
    for answer in ANSWERS.values():
        for body in spoiled(protocol.answer_to(answer)[0], seen):
            with contextlib.suppress(NotAnAnswer):
                completion_of(protocol.answer_from(body)[0])
