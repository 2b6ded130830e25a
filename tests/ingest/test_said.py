"""An answer that is JSON itself is what was said, in every format that keeps answers as texts or as parsed JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from audit.core.settings import FieldMap, IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.row import Row

ASKED = [{"role": "user", "content": "classify"}]
CALLS = [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]


def keywordsai(said: Any) -> dict[str, Any]:
    """A row of Keywords AI."""
    base = {"unique_id": "a", "model": "m", "timestamp": "2026-11-01T00:00:00Z", "status_code": 200, "log_type": "chat"}
    return {**base, "input": json.dumps(ASKED), "output": said}


def braintrust(said: Any) -> dict[str, Any]:
    """A span of Braintrust."""
    base = {"id": "a", "root_span_id": "r", "span_id": "s", "span_attributes": {"type": "llm"}, "metrics": {"start": 1}}
    return {**base, "input": ASKED, "output": said, "metadata": {"model": "m"}}


def langfuse(said: Any) -> dict[str, Any]:
    """A generation of Langfuse."""
    base = {"id": "a", "type": "GENERATION", "trace_id": "t", "start_time": "2026-11-01T00:00:00Z", "usage_details": {}}
    return {**base, "provided_model_name": "m", "input": ASKED, "output": said}


def generic(said: Any) -> dict[str, Any]:
    """A row of a log of one's own, which `ingest.map` reads."""
    return {"q": "classify", "a": said, "m": "m"}


MADE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "keywordsai": keywordsai,
    "braintrust": braintrust,
    "langfuse": langfuse,
    "generic": generic,
}
SAID = [
    '{"label": "spam"}',
    '{"role": "developer", "name": "Ann"}',
    '{"content": "a text", "title": "a name"}',
    '{"model": "Volvo", "output": "x"}',
    '[{"sku": 1}, {"sku": 2}]',
    "[1, 2]",
    '{"type": "message", "to": "Ann"}',
    "42",
    "{not json",
    "plain",
]


def row(name: str, record: dict[str, Any]) -> Row:
    """The one row that a record makes."""
    settings = (
        IngestSettings(map=FieldMap(prompt="q", response="a", model="m")) if name == "generic" else IngestSettings()
    )
    (found,) = FORMATS.get(name).open(settings)(json.dumps(record).encode())
    return found


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("said", SAID)
def test_a_text_that_is_json_stays_as_it_stands(name: str, said: str) -> None:
    """By itself, and within a message, as an object and as its text."""
    message = {"role": "assistant", "content": said}
    for kept in (said, message, json.dumps(message)):
        found = row(name, MADE[name](kept))
        assert (found.status, found.response_text, found.tool_calls) == ("ok", said, None)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("said", [{"label": "spam"}, [{"sku": 1}], {"role": "developer", "name": "Ann"}])
def test_an_answer_that_the_log_parsed_is_its_json(name: str, said: Any) -> None:
    """A platform shows JSON answers as objects: what was said is their JSON, and not nothing."""
    found = row(name, MADE[name](said))
    assert found.status == "ok"
    assert json.loads(found.response_text or "") == said


@pytest.mark.parametrize("name", MADE)
def test_calls_alone_are_an_answer(name: str) -> None:
    """A message without a text."""
    found = row(name, MADE[name]({"role": "assistant", "content": None, "tool_calls": CALLS}))
    assert (found.status, found.response_text) == ("ok", None)
    assert json.loads(found.tool_calls or "") == CALLS


@pytest.mark.parametrize("message", [{"role": "assistant", "content": None, "tool_calls": None}, None])
def test_an_empty_place_gives_way_to_the_rows_own_calls(message: Any) -> None:
    """Keywords AI keeps calls beside the message as well."""
    found = row(
        "keywordsai", {**keywordsai(None), "prompt_messages": ASKED, "completion_message": message, "tool_calls": CALLS}
    )
    assert json.loads(found.tool_calls or "") == CALLS


Q, A = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}
PARTS = ([{**Q, "parts": [{"type": "text", "content": "hi"}]}], [{**A, "parts": [{"type": "text", "content": "yo"}]}])


@pytest.mark.parametrize(
    "events",
    [
        {
            "gen_ai.content.prompt": {"gen_ai.prompt": json.dumps([Q])},
            "gen_ai.content.completion": {"gen_ai.completion": json.dumps([A])},
        },
        {
            "gen_ai.user.message": {"gen_ai.event.content": json.dumps(Q)},
            "gen_ai.choice": {"gen_ai.event.content": json.dumps({"message": A, "finish_reason": "stop"})},
        },
        {
            "gen_ai.client.inference.operation.details": {
                "gen_ai.input.messages": json.dumps(PARTS[0]), "gen_ai.output.messages": json.dumps(PARTS[1]),
            }
        },
    ],
    ids=["content", "messages", "details"],
)  # fmt: skip
def test_what_was_said_may_stand_in_a_spans_events(events: dict[str, dict[str, str]]) -> None:
    """As older conventions, Azure's and those of today have it."""

    def pairs(found: dict[str, str]) -> list[dict[str, Any]]:
        return [{"key": key, "value": {"stringValue": value}} for key, value in found.items()]

    span = {
        "traceId": "0a" * 16, "spanId": "0b" * 8, "startTimeUnixNano": "1793613600000000000",
        "attributes": pairs({"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}),
        "events": [{"name": name, "attributes": pairs(told)} for name, told in events.items()],
    }  # fmt: skip
    line = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    (row,) = FORMATS.get("otlp").open(IngestSettings())(json.dumps(line).encode())
    assert row.messages == '[{"content":"hi","role":"user"}]'
    assert (row.response_text, row.status) == ("yo", "ok")
