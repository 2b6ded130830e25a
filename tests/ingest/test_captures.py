"""Files of what came over the wire: as many calls as streams, whatever the protocol and however they were saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.llm.logprices import rates_of
from tests.ingest.reading import read


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


STREAMS = (chat, message, response, gemini)


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
