"""Answers that a log keeps as the stream that they came in: each protocol, envelope and form, whole and cut.

What a stream says is what the same body says without one. A stream that the log shows to be cut is a partial answer;
tokens that it does not tell are not known, and nothing is priced by a guess.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from audit.core.exchange import Message as Said
from audit.core.exchange import ModelAnswer, ModelRequest, Text, ToolCall, Usage
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.row import Row
from audit.protocols import PROTOCOLS
from tests.protocols.speakers import SPEAKERS, broken_off
from tests.protocols.streaming import bytes_of, events_of

WORDS = "Grüße, 今日は 😀 …"
ANSWER = ModelAnswer(
    parts=(Text(WORDS), ToolCall("c1", "look_up", '{"number":"4471"}')),
    finish_reason="tool_calls",
    usage=Usage(prompt_tokens=120, completion_tokens=33),
    id="answer-1",
    model="m-1",
)
REQUEST = ModelRequest(model="m-1", messages=(Said(role="user", parts=(Text("Where is 4471?"),)),))
WHEN = "2026-11-02T10:00:00Z"
MAP = FieldMap(
    messages="asked.messages|asked.input|asked.contents",
    response="said",
    model="asked.model",
    started_at="at",
    status="outcome",
)

Envelope = Callable[[dict[str, Any], Any], dict[str, Any]]
ENVELOPES: dict[str, tuple[str, Envelope]] = {
    "pair": ("openai-chat", lambda asked, said: {"request": asked, "response": said, "timestamp": WHEN}),
    "deep pair": (
        "openai-chat",
        lambda asked, said: {"ts": WHEN, "call": {"body": json.dumps(asked), "result": {"status": 200, "raw": said}}},
    ),
    "flat pair": ("openai-chat", lambda asked, said: {**asked, "completion": said, "timestamp": WHEN}),
    "helicone": (
        "helicone",
        lambda asked, said: {
            "request_id": "r", "request_created_at": WHEN, "response_status": 200, "request_body": asked,
            "response_body": {"streamed_data": said},
        },
    ),
    "portkey": (
        "portkey",
        lambda asked, said: {
            "id": "r", "created_at": WHEN, "ai_org": "openai", "ai_model": "m-1", "response_status_code": 200,
            "request": {"body": asked}, "response": {"body": said},
        },
    ),
    "cloudflare": (
        "cloudflare",
        lambda asked, said: {
            "Gateway": "g", "Provider": "openai", "Model": "m-1", "StatusCode": 200, "Timestamp": WHEN,
            "RequestBody": json.dumps(asked), "ResponseBody": said,
        },
    ),
    "bifrost": (
        "bifrost",
        lambda asked, said: {
            "id": "r", "fallback_index": 0, "selected_key_id": "k", "status": "success", "timestamp": WHEN,
            "raw_request": json.dumps(asked), "raw_response": said, "stream": True,
        },
    ),
    "keywordsai": (
        "keywordsai",
        lambda asked, said: {
            "unique_id": "r", "prompt_messages": [], "completion_message": {}, "timestamp": WHEN, "model": "m-1",
            "full_request": asked, "full_response": said,
        },
    ),
    "vertex": (
        "vertex",
        lambda asked, said: {
            "full_request": asked, "full_response": said, "api_method": "streamGenerateContent", "logging_time": WHEN,
            "model": "m-1",
        },
    ),
    "litellm": (
        "litellm",
        lambda asked, said: {
            "id": "r", "call_type": "acompletion", "status": "success", "custom_llm_provider": "openai",
            "startTime": 1793606400.0, "endTime": 1793606401.0, "model": "m-1", "response": said,
            "messages": [{"role": "user", "content": "Where is 4471?"}], "model_parameters": {"stream": True},
        },
    ),
    "litellm-spend": (
        "litellm-spend",
        lambda asked, said: {
            "request_id": "r", "call_type": "acompletion", "startTime": WHEN, "model": "m-1", "status": "success",
            "proxy_server_request": asked, "response": said,
        },
    ),
    "tensorzero": (
        "tensorzero",
        lambda asked, said: {
            "id": "r", "inference_id": "i", "raw_request": json.dumps(asked), "raw_response": said,
            "model_name": "m-1", "model_provider_name": "openai", "timestamp": WHEN,
        },
    ),
    "braintrust": (
        "braintrust",
        lambda asked, said: {
            "id": "r", "span_id": "s", "root_span_id": "s", "span_attributes": {"type": "llm", "name": "x"},
            "created": WHEN, "input": asked.get("messages") or asked, "output": said, "metadata": {"model": "m-1"},
            "metrics": {},
        },
    ),
    "map": ("generic", lambda asked, said: {"asked": asked, "said": said, "at": WHEN}),
}  # fmt: skip


def _wire(name: str, raw: bytes, *, cut: bool = False) -> str:
    """As it came over the wire; a binary stream in base64."""
    if name == "bedrock_converse":
        return base64.b64encode(raw).decode()
    return raw.decode().removesuffix("data: [DONE]\n\n" if cut else "")


def _text(name: str, events: list[Any], cut: bool) -> Any:
    return _wire(name, bytes_of(name, events), cut=cut)


def _framed(_name: str, events: list[Any], _cut: bool) -> Any:
    return [{"event": event.get("type"), "data": json.dumps(event)} for event in events]


FORMS: dict[str, Callable[[str, list[Any], bool], Any]] = {
    "text": _text,
    "events": lambda _name, events, _cut: events,
    "texts of events": lambda _name, events, _cut: [json.dumps(event) for event in events],
    "lines": lambda _name, events, _cut: "\n".join(map(json.dumps, events)) + "\n",
    "framed": _framed,
    "list as text": lambda _name, events, _cut: json.dumps(events),
    "chunks of bytes": lambda _name, events, _cut: [
        {"chunk": {"bytes": base64.b64encode(json.dumps(event).encode()).decode()}} for event in events
    ],
    "pieces off the wire": lambda name, events, cut: [
        raw[at : at + 50] for raw in [_text(name, events, cut)] for at in range(0, len(raw), 50)
    ],
}
"""Ways in which logs keep the events of a stream."""


def row_of(envelope: str, asked: dict[str, Any], said: Any) -> Row:
    """The row of a record, read by its format as a worker reads it."""
    name, wrapped = ENVELOPES[envelope]
    record = wrapped(asked, said)
    (row,) = FORMATS.get(name).open(IngestSettings(map=MAP if name == "generic" else None))(json.dumps(record).encode())
    return row


def bodies(name: str) -> tuple[dict[str, Any], list[Any]]:
    """A request of a protocol, and the events of its answer."""
    protocol = PROTOCOLS.get(name)
    asked = {"model": "m-1", **protocol.request_to(REQUEST)[0]}
    return asked, json.loads(json.dumps(events_of(name, protocol.answer_to(ANSWER)[0])))


CELLS = [pytest.param(name, envelope, id=f"{name}-{envelope}") for name in PROTOCOLS.names for envelope in ENVELOPES]


@pytest.mark.parametrize(("name", "envelope"), CELLS)
def test_a_stream_is_the_answer_that_it_brings(name: str, envelope: str) -> None:
    """Text, call, tokens and status, in whatever form the stream is kept."""
    asked, events = bodies(name)
    for form, made in FORMS.items():
        row = row_of(envelope, asked, made(name, events, False))
        assert (row.status, row.response_text, row.streaming) == ("ok", WORDS, True), form
        assert json.loads(row.tool_calls or "[]")[0]["function"]["name"] == "look_up", form
        assert (row.prompt_tokens, row.completion_tokens) == (120, 33), form


@pytest.mark.parametrize(("name", "envelope"), CELLS)
def test_a_stream_that_was_cut_is_partial_and_its_tokens_are_not_guessed(name: str, envelope: str) -> None:
    """Its text stands as far as it came; no vendor has told of all tokens before the end."""
    asked, events = bodies(name)
    cut = events[: len(events) - SPEAKERS[name].closing - 1]
    for form, made in FORMS.items():
        row = row_of(envelope, asked, made(name, cut, True))
        assert (row.status, row.finish_reason) == ("partial", "aborted"), form
        assert row.completion_tokens is None, form
        assert row.replayable == "none", form


@pytest.mark.parametrize(("name", "envelope"), CELLS)
def test_an_error_that_ends_a_stream_is_the_outcome(name: str, envelope: str) -> None:
    """What came before it is no answer."""
    asked, events = bodies(name)
    said = _wire(name, broken_off(name, events[:2]), cut=True)
    assert row_of(envelope, asked, said).status == "error"


def _ollama(*, whole: bool) -> str:
    lines = [
        {"model": "m-1", "message": {"role": "assistant", "content": piece}, "done": False} for piece in ("Grü", "ße")
    ]
    calls = [{"function": {"name": "look_up", "arguments": {"number": "4471"}}}]
    lines.append({"model": "m-1", "message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False})
    last = {"done_reason": "stop", "prompt_eval_count": 26, "eval_count": 298, "total_duration": 5_191_566_416}
    lines.append({"model": "m-1", "message": {"role": "assistant", "content": ""}, "done": True, **last})
    return "\n".join(json.dumps(line) for line in (lines if whole else lines[:2]))


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_lines_of_ollama_are_a_chat(envelope: str) -> None:
    """Its counts, its calls and its options have other names and places; a stream without its last line was cut."""
    asked = {"model": "m-1", "messages": [{"role": "user", "content": "Hi"}], "options": {"num_predict": 64, "seed": 1}}
    row = row_of(envelope, asked, _ollama(whole=True))
    assert (row.status, row.response_text, row.prompt_tokens, row.completion_tokens) == ("ok", "Grüße", 26, 298)
    assert json.loads(row.tool_calls or "[]")[0]["function"]["arguments"] == '{"number":"4471"}'
    if envelope not in ("braintrust", "map", "litellm"):  # they keep the parameters apart
        assert json.loads(row.params or "{}") == {"max_tokens": 64, "seed": 1}
    cut = row_of(envelope, asked, _ollama(whole=False))
    assert (cut.status, cut.response_text, cut.prompt_tokens) == ("partial", "Grüße", None)
