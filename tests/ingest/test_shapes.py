"""Records in shapes that vendors really write and samples seldom have: each with what must be read of it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from audit.core.doubts import Doubt
from audit.core.settings import IngestSettings
from audit.ingest.formats import FORMATS
from audit.ingest.values import microseconds

ASKED = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}]}
WHEN = "2026-11-02T10:00:00Z"
FILTERED = {"message": "The response was filtered", "type": None, "code": "content_filter", "status": 400}
CHOICE: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": "a"}, "finish_reason": "stop"}


def pair(answer: Any, **beside: Any) -> dict[str, Any]:
    """A request and what stands in the place of its answer."""
    return {"timestamp": WHEN, "request": ASKED, "response": answer, **beside}


def langchain(model: str, **counts: Any) -> dict[str, Any]:
    """A run of LangSmith whose counts stand at its message alone."""
    kwargs = {
        "content": "yo",
        "usage_metadata": {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110, **counts},
    }
    asked = {"id": ["langchain", "schema", "messages", "HumanMessage"], "kwargs": {"content": "hi"}}
    said = {"text": "yo", "message": {"id": ["langchain", "schema", "messages", "AIMessage"], "kwargs": kwargs}}
    return {
        "id": "r", "name": "Chat", "run_type": "llm", "start_time": WHEN, "end_time": "2026-11-02T10:00:02",
        "inputs": {"messages": [[asked]]}, "outputs": {"generations": [[said]]},
        "extra": {"metadata": {"ls_model_name": model}},
    }  # fmt: skip


CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "an error in the place of the answer": (
        "openai-chat",
        pair({"error": FILTERED}, status_code=400),
        {"status": "error", "error_type": "content_policy", "error_code": "content_filter"},
    ),
    "the same without a status": (
        "openai-chat",
        pair({"body": json.dumps({"error": FILTERED})}),
        {"status": "error", "error_type": "content_policy"},
    ),
    "choices in the order in which they ended": (
        "openai-chat",
        pair({"choices": [{**CHOICE, "index": 1, "message": {"content": "b"}, "finish_reason": "length"}, CHOICE]}),
        {"response_text": "a", "finish_reason": "stop"},
    ),
    "a provider that failed in the middle, billed": (
        "openai-chat",
        pair({"choices": [{**CHOICE, "finish_reason": "error", "error": {"code": 502}}], "usage": {"cost": 0.0005}}),
        {"status": "partial", "finish_reason": "aborted", "cost_usd_logged": 0.0005, "replayable": "none"},
    ),
    "tools that ran at the vendor": (
        "anthropic",
        pair({
            "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "a"}],
            "usage": {"input_tokens": 9, "output_tokens": 2, "server_tool_use": {"web_search_requests": 3}},
        }),
        {"status": "ok", "ingest_warnings": (Doubt.TOOL_FEES,)},
    ),
    "a body in words that are not read": (
        "bedrock",
        {
            "schemaType": "ModelInvocationLog", "timestamp": WHEN, "operation": "InvokeModel",
            "modelId": "meta.llama3-1-70b-instruct-v1:0",
            "input": {"inputBodyJson": {"prompt": "hi"}, "inputTokenCount": 10},
            "output": {"outputBodyJson": {"generation": "hello"}, "outputTokenCount": 4},
        },
        {"status": "ok", "prompt_tokens": 10, "completion_tokens": 4, "replayable": "none"},
    ),
    "one time for start and end": (
        "vertex",
        {
            "full_request": {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
            "api_method": "generateContent",
            "full_response": {"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]},
            "logging_time": "2026-11-02 10:00:00.123 UTC", "model": "gemini-2.5-flash",
        },
        {"status": "ok", "started_at": 1_793_613_600_123_000, "latency_ms": None},
    ),
    "cache writes by how long they live": (
        "langsmith",
        langchain("claude-sonnet-4-5", input_token_details={
            "cache_read": 60, "cache_creation": 0, "ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 15,
        }),
        {"prompt_tokens": 100, "cached_tokens": 60, "cache_write_tokens": 20, "cache_write_1h_tokens": 15},
    ),
    "the cache's counts beside the input's": (
        "langfuse",
        {
            "id": "o", "trace_id": "t", "type": "GENERATION", "name": "g", "start_time": WHEN,
            "model": "claude-sonnet-4-5", "input": ASKED["messages"],
            "output": {"role": "assistant", "content": "a"},
            "usage_details": {
                "input": 100, "output": 10, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 20,
            },
            "cost_details": {"input": 0.001, "total": 0.0012},
        },
        {"prompt_tokens": 180, "cached_tokens": 60, "cache_write_tokens": 20, "cost_usd_logged": 0.0012},
    ),
    "counts of a row without its answer": (
        "litellm-spend",
        {
            "request_id": "r", "call_type": "acompletion", "spend": 0.002, "startTime": WHEN, "prompt_tokens": 100,
            "completion_tokens": 10, "model": "gpt-4o", "status": "success", "messages": {}, "response": {},
            "metadata": {"usage_object": {
                "prompt_tokens": 100, "completion_tokens": 10, "prompt_tokens_details": {"cached_tokens": 64},
            }},
        },
        {"status": "ok", "prompt_tokens": 100, "cached_tokens": 64, "cost_usd_logged": 0.002},
    ),
    "counts under a service tier": (
        "langsmith",
        langchain(
            "gpt-5-mini", input_token_details={"flex_cache_read": 64, "flex": 36}, output_token_details={"flex": 10}
        ),
        {"prompt_tokens": 100, "cached_tokens": 64, "service_tier": "flex"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_record_is_read_as_its_vendor_means_it(name: str) -> None:
    """Outcome, tokens and dollars; the rest of the row is held by the matrix of formats."""
    name_of_format, record, expected = CASES[name]
    (row,) = FORMATS.get(name_of_format).open(IngestSettings())(json.dumps(record).encode())
    assert {column: getattr(row, column) for column in expected} == expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-02 10:00:00.5 UTC", "10:00:00.5"),  # BigQuery
        ("2026-11-02T11:00:00+01:00[Europe/Berlin]", "10:00"),  # Java
        ("2026-11-02 11:00:00 +0100 CET", "10:00"),  # Go
        ("Nov 2, 2026, 10:00:00 PM", "22:00"),
        ("Nov 2, 2026, 12:30:00 AM", "00:30"),
        ("Nov 2, 2026, 12:30:00\u202fPM", "12:30"),
        ("Mon, 02 Nov 2026 10:00:00 GMT", "10:00"),
        ("Mon, 02 Nov 2026 10:00:00", "10:00"),
        ("02/Nov/2026:11:00:00 +0100", "10:00"),  # access logs
        ("/Date(1793613600000)/", "10:00"),  # .NET
        ({"$date": "2026-11-02T10:00:00Z"}, "10:00"),  # MongoDB
        ({"$date": {"$numberLong": "1793613600000"}}, "10:00"),
        ("20261102100000", "10:00"),
        (20261102100000, "10:00"),
        ("20261102100000500", "10:00:00.5"),
        (20261102, "00:00"),
        (1793613600, "10:00"),
        ("1793613600000", "10:00"),
        (1793613600000000000, "10:00"),
    ],
)
def test_a_time_is_the_moment_that_its_writer_means(written: Any, read: str) -> None:
    """Zones that are named behind the offset, and halves of the day."""
    at, _ = microseconds(written)
    assert at is not None
    assert datetime.fromtimestamp(at / 1e6, UTC) == datetime.fromisoformat(f"2026-11-02T{read}+00:00")


@pytest.mark.parametrize(
    "written",
    [
        "11/02/2026 10:00",
        "1970-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        0,
        253402300799,
        46328.4,
        20261302,
        99991102100000,
        "Mon, 02 Nov 2026 10:00:00 CET",
        {"$oid": "x"},
        -1,
        "",
    ],
)
def test_what_may_be_several_moments_is_none(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day before or after its month, the digits of no date, an hour in an unknown place, what stands for no time."""
    for zone in ("UTC", "America/New_York"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert microseconds(written)[0] is None
    monkeypatch.undo()
    time.tzset()
