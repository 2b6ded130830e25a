"""What Vercel's AI SDK keeps of a call, in the chat API's shape: what is replayed is what was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.ingest.telemetry.ai_sdk import answer_of, messages_of, tools_of

CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": '{"city":"Rome"}'}}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}


@pytest.mark.parametrize(
    "sent", [{"input": {"city": "Rome"}}, {"args": {"city": "Rome"}}, {"input": '{"city":"Rome"}'}]
)
@pytest.mark.parametrize(
    "result", [{"output": {"type": "text", "value": "20"}}, {"output": {"type": "json", "value": 20}}, {"result": 20}]
)
def test_calls_and_results_are_those_of_the_chat_api(sent: dict[str, Any], result: dict[str, Any]) -> None:
    """Of the versions that have args and results, and of those that have inputs and outputs with their kinds."""
    of = {"toolCallId": "c", "toolName": "look"}
    given = [
        {"role": "user", "content": [{"type": "text", "text": "hot?"}]},
        {"role": "assistant", "content": [
            {"type": "reasoning", "text": "hm"}, {"type": "text", "text": "wait"}, {"type": "tool-call", **of, **sent},
        ]},
        {"role": "tool", "content": [{"type": "tool-result", **of, **result}]},
    ]  # fmt: skip
    said = {"content": [{"type": "text", "text": "wait"}], "tool_calls": [CALL], "reasoning_content": "hm"}
    assert messages_of(given) == [
        {"role": "user", "content": [{"type": "text", "text": "hot?"}]},
        {"role": "assistant", **said},
        {"role": "tool", "tool_call_id": "c", "content": "20"},
    ]


def test_images_are_data_or_addresses() -> None:
    """Base64 gets its type; other files are named, and are not at hand."""
    parts = [
        {"type": "image", "image": "https://acme.example/a.png"},
        {"type": "file", "mediaType": "image/png", "data": "aGk="},
        {"type": "file", "mediaType": "application/pdf", "data": "aGk="},
    ]
    (message,) = messages_of([{"role": "user", "content": parts}])
    assert [part.get("image_url", {}).get("url") for part in message["content"]] == [
        "https://acme.example/a.png", "data:image/png;base64,aGk=", None,
    ]  # fmt: skip
    assert message["content"][2]["type"] == "file"


def test_tools_and_the_choice_among_them() -> None:
    """Each tool is a text of JSON in a list; the choice may name one."""
    tool = {"type": "function", "name": "look", "description": "d", "inputSchema": SCHEMA}
    made = {"type": "function", "function": {"name": "look", "description": "d", "parameters": SCHEMA}}
    for choice, word in (({"type": "auto"}, "auto"), ({"type": "required"}, "required")):
        found = {"ai.prompt.tools": [json.dumps(tool)], "ai.prompt.toolChoice": json.dumps(choice)}
        assert tools_of(found) == {"tools": [made], "tool_choice": word}
    named = {"ai.prompt.tools": [json.dumps(tool)], "ai.prompt.toolChoice": '{"type":"tool","toolName":"look"}'}
    assert tools_of(named)["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert tools_of({"ai.prompt.toolChoice": '{"type":"auto"}'}) == {}


@pytest.mark.parametrize(
    ("found", "content", "calls"),
    [
        ({"ai.response.text": "hi"}, "hi", None),
        ({"ai.response.object": '{"a": 1}'}, '{"a": 1}', None),
        ({"ai.response.text": "", "ai.response.finishReason": "stop"}, "", None),
        (
            {"ai.response.toolCalls": '[{"toolCallId":"c","toolName":"look","input":"{\\"city\\":\\"Rome\\"}"}]'},
            None,
            [CALL],
        ),
    ],
)
def test_an_answer_is_text_an_object_or_calls(found: dict[str, Any], content: str | None, calls: Any) -> None:
    """An empty text is an answer; nothing at all is none."""
    choice = answer_of(found)
    assert choice is not None
    assert (choice["message"]["content"], choice["message"].get("tool_calls")) == (content, calls)
    assert answer_of({"ai.response.finishReason": "error"}) is None
