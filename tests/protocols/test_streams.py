"""Streams of every protocol: the answer is the one that a whole body holds, a stream that was cut is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from audit.core.exchange import ModelAnswer, Text, ToolCall, Usage, completion_of
from audit.protocols import PROTOCOLS
from audit.protocols.errors import diagnose_object
from audit.protocols.event_stream import is_event_stream, read_event_stream
from audit.protocols.faults import Fault
from audit.protocols.reply import NoAnswer, body_of_reply
from audit.protocols.sse import has_token
from tests.protocols.speakers import SPEAKERS, broken_off
from tests.protocols.streaming import bytes_of, events_of
from tests.protocols.test_matrix import ANSWERS

LONG = ModelAnswer(
    parts=(
        Text("Grüße, 今日は 😀 …"),
        ToolCall("c1", "f", '{"a":"\\"x\\"","n":[1,2.5,null]}'),
        ToolCall("c2", "g", "{}"),
    ),
    finish_reason="tool_calls",
    usage=Usage(prompt_tokens=120, completion_tokens=33, cached_tokens=20),
    model="m-1",
)


def read(name: str, raw: bytes) -> Any:
    """The typed answer in a reply."""
    protocol = PROTOCOLS.get(name)
    return protocol.answer_from(body_of_reply(raw, protocol.stream_from))[0]


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("says", [*ANSWERS, "long"])
def test_a_streamed_answer_is_the_whole_one(name: str, says: str) -> None:
    """Text, calls, refusal, finish reason, usage and model are those of the body without a stream."""
    body, _ = PROTOCOLS.get(name).answer_to({**ANSWERS, "long": LONG}[says])
    body = json.loads(json.dumps(body))
    raw = bytes_of(name, events_of(name, body))
    streamed, plain = completion_of(read(name, raw)), completion_of(read(name, json.dumps(body).encode()))
    assert (streamed.text or "") == (plain.text or "")
    assert [_call(call) for call in streamed.tool_calls] == [_call(call) for call in plain.tool_calls]
    assert streamed.usage == plain.usage
    assert (streamed.refusal, streamed.finish_reason, streamed.model_reported) == (
        plain.refusal,
        plain.finish_reason,
        plain.model_reported,
    )
    assert has_token(raw) is bool(plain.text or plain.tool_calls or plain.refusal or says == "thinking")


def _call(call: Any) -> Any:
    return call["id"], call["function"]["name"], json.loads(call["function"]["arguments"])


@pytest.mark.parametrize("name", PROTOCOLS.names)
def test_a_stream_that_was_cut_is_no_answer_and_keeps_its_usage(name: str) -> None:
    """Wherever it breaks off before its end: undecodable, worth another attempt, never text."""
    events = events_of(name, PROTOCOLS.get(name).answer_to(LONG)[0])
    for count in range(1, len(events) - SPEAKERS[name].closing + 1):
        whole = bytes_of(name, events[:count])
        for raw in (whole.removesuffix(b"data: [DONE]\n\n"), whole[: -len(whole) // (count + 1)]):
            with pytest.raises(NoAnswer) as raised:
                read(name, raw)
            assert raised.value.diagnosis.fault is Fault.UNDECODABLE, (count, raw[-80:])


@pytest.mark.parametrize("name", PROTOCOLS.names)
@pytest.mark.parametrize("after", [0, 1, 4])
def test_an_error_in_a_stream_is_that_error(name: str, after: int) -> None:
    """Whatever came before it."""
    before = events_of(name, PROTOCOLS.get(name).answer_to(LONG)[0])[:after]
    with pytest.raises(NoAnswer) as raised:
        read(name, broken_off(name, before))
    assert raised.value.diagnosis.fault is SPEAKERS[name].fault


def test_a_response_that_failed_is_its_error() -> None:
    """`response.failed` carries the response with its error."""
    event = {
        "type": "response.failed",
        "response": {"status": "failed", "output": [], "error": {"code": "server_error"}},
    }
    with pytest.raises(NoAnswer) as raised:
        read("openai_responses", bytes_of("openai_responses", [event]))
    assert raised.value.diagnosis.fault is diagnose_object({"code": "server_error"}).fault


def test_items_that_were_finished_stand_in_for_an_end_without_them() -> None:
    """Some servers end a stream of Responses with an empty list."""
    events = events_of("openai_responses", PROTOCOLS.get("openai_responses").answer_to(LONG)[0])
    events[-1] = {**events[-1], "response": {**events[-1]["response"], "output": []}}
    assert completion_of(read("openai_responses", bytes_of("openai_responses", events))).text == "Grüße, 今日は 😀 …"


def test_gemini_streams_an_array_where_nobody_asks_for_events() -> None:
    """The chunks of `streamGenerateContent` without `alt=sse` are one JSON list."""
    events = events_of("gemini", PROTOCOLS.get("gemini").answer_to(LONG)[0])
    assert completion_of(read("gemini", json.dumps(events).encode())).text == "Grüße, 今日は 😀 …"


def test_broken_arguments_of_a_call_stay_the_text_that_they_were() -> None:
    """Where a model wrote no JSON, the scorers see what it wrote."""
    start = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    events = [
        {"type": "message_start", "message": {"type": "message", "usage": {"input_tokens": 3, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"a": '}},
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 9}},
    ]
    got = completion_of(read("anthropic_messages", bytes_of("anthropic_messages", events)))
    assert got.tool_calls[0]["function"]["arguments"] == '{"a": '
    converse = [
        {"contentBlockStart": {"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "c", "name": "f"}}}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"toolUse": {"input": '{"a": '}}}},
        {"messageStop": {"stopReason": "max_tokens"}},
    ]
    got = completion_of(read("bedrock_converse", bytes_of("bedrock_converse", converse)))
    assert got.tool_calls[0]["function"]["arguments"] == '{"a": '


def test_frames_are_those_that_amazons_own_library_reads() -> None:
    """The same headers and payloads as botocore's buffer finds, however the frames are cut."""
    from botocore.eventstream import EventStreamBuffer

    events = events_of("bedrock_converse", PROTOCOLS.get("bedrock_converse").answer_to(LONG)[0])
    raw = bytes_of("bedrock_converse", events)
    buffer = EventStreamBuffer()
    buffer.add_data(raw)
    theirs = [{message.headers[":event-type"]: json.loads(message.payload)} for message in buffer]
    assert is_event_stream(raw)
    assert list(read_event_stream(raw).payloads) == theirs == events
    damaged = bytearray(raw)
    damaged[len(raw) // 2] ^= 1
    assert read_event_stream(bytes(damaged)).damaged == 1
