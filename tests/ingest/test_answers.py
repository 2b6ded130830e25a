"""Records with more than one answer: each is counted once or named, whatever the field, the form and the protocol."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from audit.core.doubts import Doubt
from tests.ingest.reading import Read, read, write_jsonl

WHEN = "2026-11-02T10:00:00Z"


def chat(number: int, tokens: int, said: str) -> dict[str, Any]:
    """An answer of OpenAI's chat API."""
    return {
        "id": f"chatcmpl-{number:020d}", "object": "chat.completion", "model": "gpt-4o",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": said}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": 10},
    }  # fmt: skip


def message(number: int, tokens: int, said: str) -> dict[str, Any]:
    """An answer of Anthropic's."""
    return {
        "id": f"msg_{number:022d}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5",
        "content": [{"type": "text", "text": said}], "stop_reason": "end_turn",
        "usage": {"input_tokens": tokens, "output_tokens": 10},
    }  # fmt: skip


def response(number: int, tokens: int, said: str) -> dict[str, Any]:
    """An answer of the Responses API."""
    return {
        "id": f"resp_{number:020d}", "object": "response", "status": "completed", "model": "gpt-4o",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": said}]}],
        "usage": {"input_tokens": tokens, "output_tokens": 10},
    }  # fmt: skip


Made = Callable[[int, int, str], dict[str, Any]]
ANSWERS: tuple[Made, ...] = (chat, message, response)
ASKED = {"model": "gpt-4o", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}


def of(record: dict[str, Any], folder: Path) -> Read:
    """The one record, read."""
    asked = {"model": "gpt-4o", "input": "hi"} if "resp_" in json.dumps(record) else ASKED
    return read(write_jsonl(folder / "log.jsonl", [{"timestamp": WHEN, "request": asked, **record}]), folder / "run")


@pytest.mark.parametrize("made", ANSWERS)
@pytest.mark.parametrize("written", [lambda answer: answer, json.dumps])
def test_a_list_of_answers_is_as_many_calls(made: Made, written: Callable[[Any], Any], tmp_path: Path) -> None:
    """Whole answers are no events of a stream: of three, the last one alone was counted."""
    answers = [written(made(number, 100 * number, "a")) for number in (1, 2, 3)]
    got = of({"responses": answers}, tmp_path)
    assert sorted(row["prompt_tokens"] for row in got.rows()) == [100, 200, 300]
    assert {row["streaming"] for row in got.rows()} <= {None, False}
    assert all("hi" in row["messages"] for row in got.rows())


@pytest.mark.parametrize("made", ANSWERS)
@pytest.mark.parametrize("field", ["retry_response", "fallback", "shadow", "raw"])
def test_an_answer_beside_another_is_named(made: Made, field: str, tmp_path: Path) -> None:
    """It may be a retry that was paid, or the last turn's: no amount is made of it, and the record says so."""
    for number, beside in enumerate(
        (
            made(2, 7, "b"),
            {"body": made(2, 7, "b")},
            json.dumps(made(2, 7, "b")),
            {"request": {}, "answer": made(2, 7, "b")},
        )
    ):
        (folder := tmp_path / str(number)).mkdir()
        got = of({"response": made(1, 100, "a"), field: beside}, folder)
        assert got.report.requests == 1
        assert got.report.warnings.get(Doubt.ANOTHER_ANSWER) == 1, number


@pytest.mark.parametrize("made", ANSWERS)
def test_one_answer_in_two_forms_is_one(made: Made, tmp_path: Path) -> None:
    """A gateway keeps the vendor's answer beside its own form of it, as an object or as its text."""
    for number, beside in enumerate((made(1, 100, "a"), json.dumps(made(1, 100, "a")), chat(9, 100, "a"))):
        (folder := tmp_path / str(number)).mkdir()
        got = of({"response": made(1, 100, "a"), "raw_response": beside}, folder)
        assert (got.report.requests, got.report.warnings.get(Doubt.ANOTHER_ANSWER, 0)) == (1, 0), number
