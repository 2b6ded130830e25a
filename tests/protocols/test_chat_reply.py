"""Replies as endpoints really send them: every habit is an answer with a note, or a fault; nothing else comes out."""

from __future__ import annotations

import json
from contextlib import suppress
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


ANSWER = {"role": "assistant", "content": "42"}
CHOICE = {"index": 0, "message": ANSWER, "finish_reason": "stop"}
CALL = {"name": "add", "arguments": '{"a": 1}'}


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [CHOICE]},
        {"choices": [{"index": 1, "message": {"content": "7"}, "finish_reason": "stop"}, CHOICE]},
        {"choices": [{"index": 0, "delta": ANSWER, "finish_reason": "stop"}]},
        {"choices": [{**CHOICE, "message": {"content": [{"type": "text", "text": {"value": "42"}}]}}]},
        {"choices": [CHOICE], "error": None},
        {"choices": [CHOICE], "error": {"message": "", "code": 0}},
        {"result": {"choices": [CHOICE]}, "success": True, "errors": [], "messages": []},
        {"code": 0, "msg": "ok", "data": {"choices": [CHOICE]}},
    ],
)
@pytest.mark.parametrize("place", ["body", "x_groq", "metadata", "choice"])
def test_an_answer_is_read_wherever_it_stands(body: dict[str, Any], place: str) -> None:
    """Choice 0 by its number, in a gateway's envelope or as a piece of a stream; its usage in any known place."""
    found: dict[str, Any] = json.loads(json.dumps(body))
    holder = next((found[name] for name in ("result", "data") if name in found), found)
    for choice in holder["choices"]:
        if place == "choice":
            choice["usage"] = USAGE
    holder |= {"body": {"usage": USAGE}, "choice": {}}.get(place, {place: {"usage": USAGE}})
    answer = answer_of(found, "m")
    assert (answer.text, answer.finish_reason) == ("42", "stop")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (20, 3)


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [{"function": CALL}]},
        {"tool_calls": [CALL]},
        {"tool_calls": [{"function": {"name": "add", "parameters": {"a": 1}}}]},
        {"content": [{"type": "tool_use", "id": "c", "name": "add", "input": {"a": 1}}]},
        {"function_call": CALL},
    ],
)
def test_a_call_is_read_in_every_shape(message: dict[str, Any]) -> None:
    """With its function beside it, flat, or as a part of the content; arguments as text or as an object."""
    (call,) = answer_of({"choices": [{"message": message, "finish_reason": "stop"}]}, "m").tool_calls
    assert (call["function"]["name"], json.loads(call["function"]["arguments"])) == ("add", {"a": 1})


PIECES = [{"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in "42"]
LAST = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
ERRORS: list[Any] = [
    {"error": {"message": "boom"}},
    {"error": "boom"},
    {"object": "error", "message": "EngineDeadError", "code": 500},
    {"detail": "Internal Server Error"},
    {"code": "InternalError", "message": "boom", "request_id": "1"},
    {"success": False, "errors": [{"code": 7009, "message": "Upstream service unavailable"}], "result": None},
    {"base_resp": {"status_code": 1000, "status_msg": "unknown error"}},
    {"error_code": 2, "error_msg": "Service temporarily unavailable"},
]


@pytest.mark.parametrize("error", ERRORS, ids=str)
def test_an_error_is_one_in_every_shape_and_place(error: Any) -> None:
    """Whole, as the first event of a stream, and in its middle with `[DONE]` behind it: never an answer, and worth
    another try."""
    streams = [sse([error]), sse([*PIECES, error]), sse([*PIECES, error, LAST])]
    for raw in (json.dumps(error).encode(), json.dumps({**error, "choices": None}).encode(), *streams):
        with pytest.raises(NoAnswer) as raised:
            read_reply(raw, "m")
        assert raised.value.diagnosis.fault in (Fault.SERVER, Fault.OVERLOADED)


@pytest.mark.parametrize(
    "usages",
    [
        [USAGE],
        [{"prompt_tokens": 20, "completion_tokens": n} for n in (0, 1, 3)],
        [{"prompt_tokens": 20, "completion_tokens": 0}, {"completion_tokens": 3}],
        [USAGE, {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}],
        [USAGE, None],
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_usage_of_a_stream_is_what_its_chunks_say_together(usages: list[Any], *, first: bool) -> None:
    """Once, growing, one side first and the other last, zeros or nothing at the end; before the answer or after."""
    chunks = [{"choices": [], "usage": usage} for usage in usages]
    answer = read_reply(sse([*chunks, *PIECES, LAST] if first else [*PIECES, LAST, *chunks]), "m")
    assert answer.usage is not None
    assert (answer.text, answer.usage.prompt_tokens, answer.usage.completion_tokens) == ("42", 20, 3)


def test_a_stream_ends_by_its_usage_too_and_not_without_a_piece() -> None:
    """Usage without a choice comes last. A piece that cannot be read is missing in the answer; words that keep a
    connection alive are none, nor is a frame around a frame."""
    assert read_reply(sse([*PIECES, {"choices": [], "usage": USAGE}], done=False), "m").text == "42"
    whole = sse([*PIECES, LAST])
    assert read_reply(b"data: ping\n\n" + whole, "m").text == "42"
    assert read_reply(whole.replace(b"data: ", b"data: data: "), "m").text == "42"
    with pytest.raises(NoAnswer) as raised:
        read_reply(whole.replace(b'"content": "2"', b'"content": "2'), "m")
    assert raised.value.again


@pytest.mark.parametrize("names", [["add"], ["add", "add"], ["a", "dd"], ["a", "ad", "add"], ["add", ""]])
def test_a_name_is_whole_however_a_stream_tells_it(names: list[str]) -> None:
    """Once, with every piece, piece by piece, or growing."""
    calls = [{"index": 0, "function": {"name": name, "arguments": ""}} for name in names]
    calls.append({"index": 0, "function": {"arguments": "{}"}})
    chunks = [{"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]} for call in calls]
    (call,) = read_reply(sse([*chunks, LAST]), "m").tool_calls
    assert call["function"] == {"name": "add", "arguments": "{}"}


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("<think>\n1 and 1\n</think>\n\n2", True),
        ("1 and 1\n</think>\n\n2", True),
        ("<|channel|>analysis<|message|>1 and 1<|end|>2", True),
        ("I think 2", False),
        ("Use the tag <think> for it", False),
    ],
)
def test_reasoning_in_the_text_is_noted(text: str, *, noted: bool) -> None:
    """Before the answer, with or without the tag that opens it: templates write that one themselves."""
    answer = answer_of({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}, "m")
    assert ("reasoning_as_text" in answer.notes) is noted


@pytest.mark.parametrize(
    ("word", "finish"),
    [
        ("content_filter: PROHIBITED_CONTENT", "content_filter"),
        ("function_call_filter: MALFORMED_FUNCTION_CALL", "error"),
        ("EndTurn", "stop"),
        ("eos_found", "stop"),
        ("token_limit", "length"),
        ("max_length", "length"),
        ("input_guardrail_triggered", "content_filter"),
        ("no such word: stop", "unknown"),
    ],
)
def test_words_for_the_end_are_read_in_every_spelling(word: str, finish: str) -> None:
    """Of watsonx, Databricks, DeepInfra, TensorRT-LLM and Gemini's endpoint for this protocol."""
    assert answer_of({"choices": [{"message": ANSWER, "finish_reason": word}]}, "m").finish_reason == finish


def _lines(*values: Any, between: str = "\n") -> bytes:
    return between.join(map(json.dumps, values)).encode()


def _ollama(text: str, *, done: bool = False, **rest: Any) -> dict[str, Any]:
    """A line of Ollama's own stream."""
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": done, **rest}


LAST = {"done_reason": "stop", "prompt_eval_count": 20, "eval_count": 3}
ANSWER = body_of({"message": {"content": "10"}})
LINES_OF_CHUNKS = [
    {"model": "m", "choices": [{"index": 0, "delta": {"content": "1"}}]},
    {"model": "m", "choices": [{"index": 0, "delta": {"content": "0"}, "finish_reason": "stop"}], "usage": USAGE},
]


@pytest.mark.parametrize("between", ["", "\n", "\r\n\n "])
@pytest.mark.parametrize(
    "values",
    [
        (ANSWER, ANSWER), (ANSWER, ANSWER, ANSWER), LINES_OF_CHUNKS,
        (_ollama("1"), _ollama("0"), _ollama("", done=True, **LAST)), (_ollama("10", done=True, **LAST),),
    ],
)  # fmt: skip
def test_objects_behind_each_other_are_one_answer(values: tuple[Any, ...], between: str) -> None:
    """An answer that stands twice, and a stream of lines, whoever's; cut anywhere it is none."""
    body = _lines(*values, between=between)
    answer = read_reply(body, "m")
    assert (answer.text, answer.finish_reason) == ("10", "stop")
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (20, 3)
    first = len(json.dumps(values[0])) + len(between)  # a piece alone may be a proxy's whole answer
    for end in range(first + 1, len(body) - 1):
        with suppress(NoAnswer):  # where the cut leaves a whole answer, it is that
            assert read_reply(body[:end], "m").text == "10"


@pytest.mark.parametrize(
    "values",
    [
        (ANSWER, body_of({"message": {"content": "11"}})), (ANSWER, {"error": {"message": "boom"}}),
        (_ollama("1"), _ollama("0")), (_ollama("1"), {"error": "boom"}), (ANSWER, "more"), (_ollama("1"),),
    ],
)  # fmt: skip
def test_objects_that_say_two_things_are_none(values: tuple[Any, ...]) -> None:
    """Two answers that differ, an error behind one, a stream without its end."""
    with pytest.raises(NoAnswer):
        read_reply(_lines(*values), "m")


def test_cloudflares_own_shape_is_an_answer() -> None:
    """Text, an object for JSON mode, calls; what did not succeed is an error."""
    said = {"result": {"response": "10", "usage": USAGE}, "success": True, "errors": [], "messages": []}
    answer = answer_of(said, "m")
    assert answer.text == "10"
    assert answer.usage is not None
    assert answer_of({**said, "result": {"response": {"a": 1}}}, "m").text == '{"a": 1}'
    called = answer_of({**said, "result": {"response": "", "tool_calls": [{"name": "f", "arguments": {"a": 1}}]}}, "m")
    assert called.tool_calls[0]["function"] == {"name": "f", "arguments": '{"a": 1}'}
    with pytest.raises(NoAnswer):
        answer_of({"result": None, "success": False, "errors": [{"code": 5007, "message": "No such model"}]}, "m")
