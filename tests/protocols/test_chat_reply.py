"""Replies as endpoints really send them: every habit is an answer with a note, or a fault; nothing else comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.core.exchange import Completion
from audit.protocols.chat_reply import NoAnswer, answer_of, read_reply
from audit.protocols.faults import Fault
from audit.protocols.oddities import same_model
from audit.protocols.sse import has_token, is_stream, read_stream, without_comments

FILE = Path(__file__).parent / "cases" / "replies.jsonl"
CASES: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
USAGE = {"prompt_tokens": 20, "completion_tokens": 3}


def body_of(case: dict[str, Any]) -> Any:
    """The whole body of a case."""
    if "whole" in case:
        return case["whole"]
    choice = {
        "index": 0,
        "message": {"role": "assistant", **case["message"]},
        "finish_reason": case.get("finish", "stop"),
    }
    return {"model": "m", "choices": [choice], "usage": USAGE, **case.get("body", {})}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_a_body_is_an_answer_or_a_fault(case: dict[str, Any]) -> None:
    """Text, calls, finish reason, refusal, notes; or the fault, with what was billed for it."""
    if "fault" in case:
        with pytest.raises(NoAnswer) as raised:
            answer_of(body_of(case), "m")
        assert raised.value.diagnosis.fault == Fault(case["fault"])
        billed = raised.value.counts.usage
        assert (billed.prompt_tokens + billed.completion_tokens if billed else 0) == case.get("billed", 0)
        return
    got = answer_of(body_of(case), "m")
    finish = case.get("finish_reason", "stop")
    assert (got.text, list(got.tool_calls), got.finish_reason) == (case["text"], case.get("tool_calls", []), finish)
    assert (got.refusal, got.beside_bytes) == (case.get("refusal"), case.get("beside", 0))
    assert list(got.notes) == case.get("notes", [])


@pytest.mark.parametrize(
    ("asked", "reported", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("openai/gpt-4o", "gpt-4o", True),
        ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", True),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307", True),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b", True),
        ("models/gemini-2.5-flash", "gemini-2.5-flash", True),
        ("gpt-4o-2024-05-13", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "gpt-4.1", False),
        ("claude-opus-4", "claude-sonnet-4", False),
        ("m:wrong", "some-other-model-9000", False),
    ],
)
def test_names_of_one_model(asked: str, reported: str, *, same: bool) -> None:
    """Dates, versions and vendors aside; a smaller sibling is another model."""
    assert same_model(asked, reported) is same


def chunks_of(body: dict[str, Any], size: int = 3) -> list[dict[str, Any]]:
    """A body as a stream sends it: text in pieces, tool calls by index, usage at the end."""
    choice = body["choices"][0]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for name in ("reasoning_content", "content", "refusal"):
        text = message.get(name) or ""
        deltas += [{name: text[at : at + size]} for at in range(0, len(text), size)]
    for index, call in enumerate(message.get("tool_calls") or ()):
        function = call["function"]
        head = {"id": call["id"], "type": "function", "function": {"name": function["name"], "arguments": ""}}
        deltas.append({"tool_calls": [{"index": index, **head}]})
        arguments = function["arguments"]
        deltas += [
            {"tool_calls": [{"index": index, "function": {"arguments": arguments[at : at + size]}}]}
            for at in range(0, len(arguments), size)
        ]
    plain = [
        {"model": body["model"], "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas
    ]
    end = {"model": body["model"], "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    return [*plain, end, {"model": body["model"], "choices": [], "usage": body["usage"]}]


def sse(chunks: list[Any], end: str = "\n", *, done: bool = True) -> bytes:
    """Chunks as bytes of a stream."""
    lines = [f"data: {json.dumps(chunk)}{end}{end}" for chunk in chunks] + ([f"data: [DONE]{end}{end}"] if done else [])
    return "".join(lines).encode()


ANSWERS = [
    {"content": "forty-two \u00e9\u4eca"},
    {"content": "42", "reasoning_content": "let me think"},
    {"content": None, "refusal": "I cannot"},
    {
        "content": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": '{"b": [2]}'}},
        ],
    },
]


@pytest.mark.parametrize("message", ANSWERS, ids=lambda m: next(iter(k for k, v in m.items() if v)))
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_a_stream_is_the_answer_that_it_streams(message: dict[str, Any], end: str) -> None:
    """The same completion, however the body comes, with comments between the events too."""
    finish = "tool_calls" if "tool_calls" in message else "stop"
    body = {"model": "m", "choices": [{"message": message, "finish_reason": finish}], "usage": USAGE}
    raw = b": OPENROUTER PROCESSING" + end.encode() * 2 + sse(chunks_of(body), end)
    streamed, plain = read_reply(raw, "m"), read_reply(json.dumps(body).encode(), "m")
    assert plain == Completion(**{**{f: getattr(streamed, f) for f in Completion.__slots__}, "text": plain.text})
    assert (streamed.text or "") == (plain.text or "")


CALL = {"id": "a", "function": {"name": "f", "arguments": '{"n": 1}'}}
OTHER = {"id": "b", "function": {"name": "f", "arguments": '{"n": 2}'}}
HALF = {"id": "a", "function": {"name": "f", "arguments": "{"}}
REST = {"function": {"arguments": '"n": 1}'}}
NAMED = {"id": "a", "function": {"name": "f", "arguments": '"n": 1}'}}


@pytest.mark.parametrize("index", [{"index": 0}, {}, {"index": None}])
@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        ([CALL, OTHER], ['{"n": 1}', '{"n": 2}']),
        ([HALF, REST, OTHER], ['{"n": 1}', '{"n": 2}']),
        ([HALF, {**REST, "id": "a"}], ['{"n": 1}']),
        ([HALF, {**REST, "id": ""}], ['{"n": 1}']),
        ([HALF, {**REST, "id": "other"}], ['{"n": 1}']),
        ([HALF, NAMED], ['{"n": 1}']),
    ],
)  # fmt: skip
def test_calls_that_a_stream_numbers_alike_are_told_by_their_ids(
    index: dict[str, Any], pieces: list[dict[str, Any]], arguments: list[str]
) -> None:
    """A name under another id begins a call; an id that is repeated, left out or made up goes on with the last."""
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": {"tool_calls": [{**index, **piece}]}}]} for piece in pieces]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
    made = read_reply(sse(chunks), "m").tool_calls
    assert [call["function"]["arguments"] for call in made] == arguments


def test_a_stream_that_was_cut_is_no_answer() -> None:
    """No end and no finish reason: the text before it is not taken for an answer."""
    chunks = chunks_of(body_of(CASES[0]))
    for cut in range(1, len(chunks) - 2):
        with pytest.raises(NoAnswer) as raised:
            read_reply(sse(chunks[:cut], done=False), "m")
        assert raised.value.diagnosis.fault is Fault.UNDECODABLE


def test_a_stream_may_carry_an_error() -> None:
    """An error event is the fault that it names, whatever text came before."""
    chunks: list[Any] = [*chunks_of(body_of(CASES[0]))[:2], {"error": {"code": 429, "message": "slow"}, "choices": []}]
    with pytest.raises(NoAnswer) as raised:
        read_reply(sse(chunks), "m")
    assert raised.value.diagnosis.fault is Fault.RATE_LIMITED


def test_odd_wrappings_of_a_body() -> None:
    """White space, comments, a byte order mark and NaN before and in JSON do no harm; Latin-1 is not guessed at."""
    plain = json.dumps(body_of(CASES[0]))
    for prefix in ("\n\n   \n", ": PROCESSING\n\n: PROCESSING\n\n", "\ufeff"):
        assert read_reply((prefix + plain).encode(), "m").text == "42"
    assert read_reply(plain.replace('"usage"', '"x": NaN, "usage"').encode(), "m").text == "42"
    with pytest.raises(NoAnswer):
        read_reply(plain.replace("42", "42 \u00e9").encode("latin-1"), "m")
    with pytest.raises(NoAnswer) as raised:
        read_reply(b"<html>login</html>", "m")
    assert raised.value.diagnosis.fault is Fault.NOT_AN_API


def test_the_first_token_is_told_from_the_first_bytes() -> None:
    """Comments, the role and an empty piece are no token."""
    assert not has_token(b": PROCESSING\n\n" + sse([{"choices": [{"delta": {"role": "assistant", "content": ""}}]}]))
    assert has_token(sse([{"choices": [{"delta": {"content": "4"}}]}]))
    assert not is_stream(b'{"data": 1}')
    assert without_comments(b": a\r\n\r\n: b\n{}") == b"{}"
    assert without_comments(b": only\n") == b""
    assert read_stream(b"data: {\ndata: }\n\ndata: {").damaged == 1


def test_depth_of_a_reply_costs_nothing() -> None:
    """A body that nests for ever is a fault."""
    for raw in (b"[" * 200_000, b'{"choices":' * 100_000, b"data: " + b"[" * 200_000):
        with pytest.raises(NoAnswer):
            read_reply(raw, "m")
