"""TensorZero's two tables: joined wherever they lie, and never counted twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.core.errors import InputError
from tests.ingest.reading import SAMPLES, read, sample, write_jsonl

RECORDS = sample("tensorzero.jsonl")
CALLS = [record for record in RECORDS if "raw_request" in record]
INFERENCES = [record for record in RECORDS if "function_name" in record]


def test_the_tables_may_lie_in_two_files(tmp_path: Path) -> None:
    """Routes and tenants come from the other file; the calls are those of one table alone."""
    whole = read(SAMPLES / "tensorzero.jsonl", tmp_path / "whole")
    apart = [write_jsonl(tmp_path / "calls.jsonl", CALLS), write_jsonl(tmp_path / "inferences.jsonl", INFERENCES)]
    split = read(apart, tmp_path / "split")
    columns = ["route", "tenant", "session_id", "started_at", "prompt_tokens", "cost_usd_recomputed"]
    assert split.traffic.select(columns).equals(whole.traffic.select(columns))
    assert (split.report.requests, split.report.not_calls) == (len(CALLS), len(INFERENCES))


def test_calls_alone_are_read_without_a_route(tmp_path: Path) -> None:
    """The second table is not obligatory; tokens and times are in the first."""
    got = read(write_jsonl(tmp_path / "calls.jsonl", CALLS), tmp_path / "run")
    assert got.report.requests == len(CALLS)
    assert got.traffic["route"].null_count() == len(CALLS)
    assert got.traffic["started_at"].null_count() == 0


def test_inferences_alone_are_refused(tmp_path: Path) -> None:
    """They have neither a model nor tokens, so a log of them alone is an error that says what is missing."""
    with pytest.raises(InputError, match="without its ModelInference"):
        read(write_jsonl(tmp_path / "inferences.jsonl", INFERENCES), tmp_path / "run")


def test_an_inference_with_two_calls_is_one_request_in_two_attempts(tmp_path: Path) -> None:
    """As after a retry: both were billed, and they share the inference."""
    again = CALLS[0] | {
        "id": CALLS[0]["id"][:-2] + "ff",
        "raw_response": CALLS[0]["raw_response"].replace("call-", "x-"),
    }
    got = read(write_jsonl(tmp_path / "log.jsonl", [CALLS[0], again, INFERENCES[0]]), tmp_path / "run")
    assert got.report.requests == 2
    assert got.traffic["logical_request_id"].n_unique() == 1


def test_a_stream_and_an_answer_from_the_cache(tmp_path: Path) -> None:
    """A stream is its chunks, a line each; the table has its tokens and its end. The cache's answer is not billed."""
    chunks = "\n".join(json.dumps({"choices": [{"delta": {"content": part}}]}) for part in ("Hel", "lo"))
    log = [CALLS[0] | {"raw_response": chunks, "ttft_ms": 90}, CALLS[1] | {"cached": True}]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert (got.report.requests, got.report.cache_hits) == (1, 1)
    (streamed,) = [row for row in got.rows() if row["ttft_ms"] is not None]
    assert (streamed["status"], streamed["prompt_tokens"]) == ("ok", CALLS[0]["input_tokens"])
    assert (streamed["response_text"], streamed["unreplayable_reasons"]) == ("Hello", [])
