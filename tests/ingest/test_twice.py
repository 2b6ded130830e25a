"""One call that a log tells twice, and attempts at one request, under whatever wrapper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.reading import read, write_jsonl
from tests.ingest.test_answers import ANSWERS, ASKED, Made, chat, message, response
from tests.ingest.test_wrappers import spellings

FIRST, LATER = "2026-11-02T10:00:00Z", "2026-11-09T08:30:00Z"


def gemini(number: int, tokens: int, said: str) -> dict[str, Any]:
    """An answer of Gemini's."""
    return {
        "candidates": [{"content": {"role": "model", "parts": [{"text": said}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": tokens, "candidatesTokenCount": 10},
        "modelVersion": "gemini-2.5-flash", "responseId": f"aBcDeFgH{number:016d}",
    }  # fmt: skip


def asked(made: Made, words: str = "hi") -> dict[str, Any]:
    """A request of the answer's protocol."""
    if made is gemini:
        return {"model": "gemini-2.5-flash", "contents": [{"role": "user", "parts": [{"text": words}]}]}
    if made is response:
        return {"model": "gpt-4o", "input": words}
    return {**ASKED, "messages": [{"role": "user", "content": words}]}


def record(made: Made, when: str, said: str = "a", words: str = "hi", number: int = 1) -> dict[str, Any]:
    """A pair."""
    return {"timestamp": when, "request": asked(made, words), "response": made(number, 100, said)}


@pytest.mark.parametrize("made", [*ANSWERS, gemini])
def test_an_answer_exported_again_under_another_time_is_one_call(made: Made, tmp_path: Path) -> None:
    """The vendor's id tells, whether or not its answer says when it was made."""
    log = [record(made, FIRST), record(made, LATER), record(made, LATER, number=2)]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert (got.report.requests, got.report.duplicates) == (2, 1)


@pytest.mark.parametrize("made", [message, gemini])
def test_an_id_that_a_server_always_gives_names_no_call(made: Made, tmp_path: Path) -> None:
    """Other words, or another prompt, are another call: servers of one's own and mocks may have one id for all."""
    log = [record(made, FIRST), record(made, LATER, said="b"), record(made, LATER, words="hello")]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert (got.report.requests, got.report.duplicates) == (3, 0)


@pytest.mark.parametrize("name", ["operation_id", "correlation_id", "request_id", "idempotency_key"])
def test_attempts_that_share_an_operation_are_one_request(name: str, tmp_path: Path) -> None:
    """Those with the same prompt; a failure of another call of the same task is one of its own."""
    failed = {"error": {"message": "overloaded"}, "status": 503}
    for written in spellings(name):
        log = [
            {written: "op", "timestamp": FIRST, "request": asked(chat), **failed},
            {written: "op", "timestamp": FIRST, "request": asked(chat, "another"), **failed},
            {written: "op", **record(chat, LATER)},
        ]
        got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
        final = [(row["status"], row["is_final_attempt"]) for row in got.rows()]
        assert final == [("error", False), ("error", True), ("ok", True)], written
        assert (got.report.requests, got.report.failures) == (1, 2)


def test_what_a_platform_sampled_is_said(tmp_path: Path) -> None:
    """Databricks keeps a part of the calls; a refused one, whose request names no model, is a failure."""
    refused = {"request": {"messages": ASKED["messages"]}, "response": {"error_code": "x", "message": "y"}}
    log = [
        {"sampling_fraction": 0.25, "status_code": 200, "execution_duration_ms": 1200, **record(chat, FIRST)},
        {"sampling_fraction": 1.0, "status_code": 429, "request_time": LATER, **refused},
    ]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert [(row["sampling_weight"], row["status"], row["latency_ms"]) for row in got.rows()] == [
        (4.0, "ok", 1200.0),
        (1.0, "error", None),
    ]
    assert got.report.warnings["stands_for_several_calls"] == 1
