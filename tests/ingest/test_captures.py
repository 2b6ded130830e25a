"""What came over the wire: as many calls as streams, whatever the protocol and however their events were saved."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from audit.llm.logprices import rates_of
from tests.ingest.reading import Read, read, write_jsonl


def chat(number: int) -> list[Any]:
    """A stream of OpenAI's chat API."""
    one = {"id": f"chatcmpl-{number:020d}", "object": "chat.completion.chunk", "model": "gpt-4o"}
    said = [{"index": 0, "delta": {"role": "assistant", "content": part}, "finish_reason": None} for part in ("y", "o")]
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    counts = {"prompt_tokens": 100 * number, "completion_tokens": 10}
    return [
        *({**one, "choices": [choice]} for choice in (*said, end)),
        {**one, "choices": [], "usage": counts},
        "[DONE]",
    ]


def message(number: int) -> list[Any]:
    """A stream of Anthropic's."""
    begun = {
        "id": f"msg_{number:022d}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [], "stop_reason": None, "usage": {"input_tokens": 100 * number, "output_tokens": 1},
    }  # fmt: skip
    return [
        {"type": "message_start", "message": begun},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "ping"},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "yo"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 10}},
        {"type": "message_stop"},
    ]


def response(number: int) -> list[Any]:
    """A stream of the Responses API."""
    one = {"id": f"resp_{number:020d}", "object": "response", "model": "gpt-4o", "output": []}
    said = [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "yo"}]}]
    counts = {"input_tokens": 100 * number, "output_tokens": 10}
    return [
        {"type": "response.created", "response": {**one, "status": "in_progress"}},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "yo"},
        {"type": "response.completed", "response": {**one, "status": "completed", "output": said, "usage": counts}},
    ]


def gemini(number: int) -> list[Any]:
    """A stream of Gemini's."""
    one = {"modelVersion": "gemini-2.5-flash", "responseId": f"aBcDeFgH{number:016d}"}
    counts = {"promptTokenCount": 100 * number, "candidatesTokenCount": 10}
    parts = [{"content": {"role": "model", "parts": [{"text": part}]}} for part in ("y", "o")]
    parts[-1]["finishReason"] = "STOP"  # type: ignore[assignment]
    return [{**one, "candidates": [part], "usageMetadata": counts} for part in parts]


def converse(number: int) -> list[Any]:
    """A stream of Bedrock's Converse; none of its events names the answer or the model."""
    counts = {"inputTokens": 100 * number, "outputTokens": 10}
    return [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "yo"}}},
        {"contentBlockStop": {"contentBlockIndex": 0}},
        {"messageStop": {"stopReason": "end_turn"}},
        {"metadata": {"usage": counts, "metrics": {"latencyMs": 9}}},
    ]


def cohere(number: int) -> list[Any]:
    """A stream of Cohere's Chat."""
    counts = {"tokens": {"input_tokens": 100 * number, "output_tokens": 10}}
    said = {"message": {"content": {"type": "text", "text": "yo"}}}
    return [
        {"type": "message-start", "id": f"{number:036d}", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-start", "index": 0, "delta": said},
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": counts}},
    ]


def ollama(number: int) -> list[Any]:
    """A stream of Ollama's own API, whose lines are its events."""
    one = {"model": "llama3.2", "created_at": f"2026-11-02T10:00:0{number}Z"}
    said = [{"message": {"role": "assistant", "content": part}, "done": False} for part in ("y", "o")]
    counts = {"prompt_eval_count": 100 * number, "eval_count": 10}
    end = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop", **counts}
    return [{**one, **part} for part in (*said, end)]


def azure(number: int) -> list[Any]:
    """A stream of Azure's: what its filter says of the prompt goes ahead, without a name."""
    ahead = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": []}
    return [ahead, *chat(number)]


def completion(number: int) -> list[Any]:
    """A stream of a text completion, whose last piece looks like a whole one."""
    one = {"id": f"cmpl-{number:024d}", "object": "text_completion", "model": "gpt-3.5-turbo-instruct"}
    said = [{"index": 0, "text": text, "finish_reason": end} for text, end in (("y", None), ("o", None), ("", "stop"))]
    counts = {"prompt_tokens": 100 * number, "completion_tokens": 10}
    return [*({**one, "choices": [choice]} for choice in said), {**one, "choices": [], "usage": counts}, "[DONE]"]


STREAMS = (chat, message, response, gemini)
EVENTS = (*STREAMS, converse, cohere, ollama, azure, completion)
NAMED = (chat, response, gemini, azure, completion)
"""Protocols whose events that count say whose they are."""


def text(events: list[Any], end: str = "\n") -> str:
    """Events as they came over the wire."""
    lines = []
    for event in events:
        named = [f"event: {event['type']}"] if isinstance(event, dict) and "type" in event else []
        lines += [*named, f"data: {event if isinstance(event, str) else json.dumps(event)}", ""]
    return end.join(lines) + end


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["", ": OPENROUTER PROCESSING\n\n", "HTTP/1.1 200 OK\r\nserver: x\r\n\r\n"])
@pytest.mark.parametrize("made", STREAMS)
def test_a_file_of_streams_is_as_many_calls(made: Any, before: str, end: str, tmp_path: Path) -> None:
    """It was refused, or its events were calls of unknown outcome."""
    path = tmp_path / "capture.txt"
    path.write_text(before + "".join(text(made(number), end) for number in (1, 2, 3)), "utf-8", newline="")
    got = read(path, tmp_path / "run")
    assert (got.report.requests, got.report.unknown, got.report.rejected) == (3, 0, 0)
    told = [(row["prompt_tokens"], row["completion_tokens"], row["response_text"]) for row in got.rows()]
    assert told == [(100, 10, "yo"), (200, 10, "yo"), (300, 10, "yo")]


@pytest.mark.parametrize("made", STREAMS)
def test_a_stream_that_was_cut_is_a_call_whose_end_is_not_known(made: Any, tmp_path: Path) -> None:
    """It is partial, whole events count, and the stream before it is whole."""
    whole, cut = text(made(1)), text(made(2)[:2])
    path = tmp_path / "capture.sse"
    path.write_text(whole + cut + 'data: {"typ', "utf-8")
    got = read(path, tmp_path / "run")
    assert (got.report.requests, got.report.rejected) == (2, 0)
    assert sorted(row["status"] for row in got.rows()) == (["ok", "partial"] if made is not gemini else ["ok", "ok"])


def test_tokens_that_a_cut_stream_did_not_tell_are_named(tmp_path: Path) -> None:
    """What had come was paid, and is in no amount: the reason is the cut, and no log without counts."""
    path = tmp_path / "capture.sse"
    path.write_text(text(chat(1)) + text(chat(2)[:2]) + text(message(3)[:4]), "utf-8")
    got = read(path, tmp_path / "run", rates_of=rates_of())
    assert got.report.unpriced == {"cut_before_tokens": 2}
    assert got.report.not_priced == 2


def test_events_without_blank_lines_between_are_events(tmp_path: Path) -> None:
    """`grep data:` leaves such a file."""
    path = tmp_path / "capture.txt"
    path.write_text("".join(f"{line}\n" for line in text(chat(1) + chat(2)).splitlines() if line), "utf-8")
    assert told(read(path, tmp_path / "run")) == [(100, 10, "yo"), (200, 10, "yo")]


def told(got: Read) -> list[Any]:
    """Tokens and words of each call."""
    return [(row["prompt_tokens"], row["completion_tokens"], row["response_text"]) for row in got.rows()]


def alternating(*streams: list[Any]) -> list[Any]:
    """Events of several streams that ran at once."""
    return [event for at in zip_longest(*streams) for event in at if event is not None]


def beside(name: str, value: str | None, *, as_text: bool) -> Callable[[Any], Any]:
    """An event in a field of what a proxy notes of it, as itself or as it came over the wire."""
    held = (lambda event: text([event])) if as_text else (lambda event: event)
    noted = {} if value is None else {"request_id": value}
    return lambda event: {"at": "2026-11-02T10:00:00Z", "feature": "triage", **noted, name: held(event)}


@pytest.mark.parametrize("held", ["bare", "object", "text", "array"])
@pytest.mark.parametrize("made", EVENTS)
def test_a_line_for_each_event_is_a_call_for_each_answer(made: Any, held: str, tmp_path: Path) -> None:
    """Chunks were refused, and those of Gemini were a call each, with the tokens of the answer each time."""
    events = [event for number in (1, 2, 3) for event in made(number)]
    wrap = beside("chunk", None, as_text=held == "text")
    lines = [event if held in ("bare", "array") else wrap(event) for event in events if event != "[DONE]"]
    log = tmp_path / "log.json"
    log.write_text(
        json.dumps(lines) if held == "array" else "".join(f"{json.dumps(line)}\n" for line in lines), "utf-8"
    )
    got = read(log, tmp_path / "run")
    assert (got.report.requests, got.report.unknown, got.report.rejected) == (3, 0, 0)
    assert got.report.not_calls == len(lines) - 3
    assert told(got) == [(100, 10, "yo"), (200, 10, "yo"), (300, 10, "yo")]
    assert {row["replayable"] for row in got.rows()} == {"none"}
    assert {row["route"] for row in got.rows()} == ({"triage"} if held in ("object", "text") else {None})


@pytest.mark.parametrize("named", [False, True], ids=["no id beside", "an id beside"])
@pytest.mark.parametrize("made", EVENTS)
def test_events_of_answers_at_once_are_never_another_answers(made: Any, named: bool, tmp_path: Path) -> None:
    """Where neither the event nor what stands beside it tells whose it is, the answers are refused, not mixed."""
    streams = [[event for event in made(number) if event != "[DONE]"] for number in (1, 2)]
    wraps = [beside("event", f"request {number}" if named else None, as_text=False) for number in (1, 2)]
    lines = alternating(*([wrap(event) for event in one] for wrap, one in zip(wraps, streams, strict=True)))
    whole = [wraps[0](event) for event in chat(3)[:-1]]
    got = read(write_jsonl(tmp_path / "log.jsonl", [*lines, *whole]), tmp_path / "run")
    if made is ollama:  # whose last line has all that counts, and no name
        assert [row["prompt_tokens"] for row in got.rows()] == [100, 200, 300]
    elif named or made in NAMED:
        assert told(got) == [(100, 10, "yo"), (200, 10, "yo"), (300, 10, "yo")]
        assert got.report.rejected == 0
    else:
        assert told(got) == [(300, 10, "yo")]
        (reason,) = got.report.rejects
        assert "streamed at once" in reason


def test_an_id_that_is_new_in_every_line_tells_nothing(tmp_path: Path) -> None:
    """A line's own name is no answer's: its events go to the answer that began last."""
    lines = [{"id": f"line {at}", "event": event} for at, event in enumerate(message(1) + message(2))]
    got = read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run")
    assert told(got) == [(100, 10, "yo"), (200, 10, "yo")]


def test_ids_that_are_not_unique_are_several_answers(tmp_path: Path) -> None:
    """Some servers name every answer alike: what begins behind an end is another one."""
    lines = [event | {"id": "chatcmpl-1"} for number in (1, 2) for event in chat(number)[:-1]]
    assert told(read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run")) == [
        (100, 10, "yo"),
        (200, 10, "yo"),
    ]


def test_what_else_stands_in_the_file_is_read_or_named(tmp_path: Path) -> None:
    """Whole pairs are pairs, an error ends the stream that it is in, and the end of one begun elsewhere is named."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
    said = {
        "id": "chatcmpl-whole", "object": "chat.completion", "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }  # fmt: skip
    broken = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    lines = [*message(9)[4:], {"request": asked, "response": said}, *message(1)[:3], broken, *message(2)]
    got = read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run")
    assert told(got)[0] == (7, 3, "a")
    assert [row["status"] for row in got.rows()] == ["ok", "error", "ok"]
    assert list(got.report.rejects.items()) == [("an event of a stream whose beginning is not in this log", 3)]


def test_requests_beside_the_events_can_be_replayed(tmp_path: Path) -> None:
    """What a log has of a request is used."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    lines = [{"request": asked, "chunk": event} for event in chat(1)[:-1]]
    (row,) = read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run").rows()
    assert (row["replayable"], row["response_text"], row["prompt_tokens"]) == ("exact", "yo", 100)


def test_a_stream_in_one_text_beside_its_request_is_a_pair(tmp_path: Path) -> None:
    """Nothing has to be put together from several records."""
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    got = read(write_jsonl(tmp_path / "log.jsonl", [{"request": asked, "response": text(chat(1))}]), tmp_path / "run")
    assert got.report.formats == {"openai-chat": 1}


def test_records_behind_data_are_a_log(tmp_path: Path) -> None:
    """A log of pairs that a server sent as events is read as before."""
    said = {
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }  # fmt: skip
    pair = {"request": {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}, "response": said}
    path = tmp_path / "log.txt"
    path.write_text(f"data: {json.dumps(pair)}\n\n", "utf-8")
    (row,) = read(path, tmp_path / "run").rows()
    assert "hi" in row["messages"]
