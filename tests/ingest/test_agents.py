"""Calls that coding agents tell by OpenTelemetry under names of their own: each once, with all of its tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.reading import read, write_jsonl

AT = 1_793_613_600
MOMENT = "2026-11-02T10:00:00.000Z"
CLAUDE = {
    "model": "claude-opus-4-5", "input_tokens": "100", "output_tokens": "50", "cache_read_tokens": "4000",
    "cache_creation_tokens": "300", "request_id": "req_011CSxyzabcdefgh", "session.id": "s", "duration_ms": "1500",
}  # fmt: skip
CODEX = {
    "event.kind": "response.completed", "event.timestamp": MOMENT, "conversation.id": "c", "model": "gpt-5-codex",
    "input_token_count": 4400, "output_token_count": 50, "cached_token_count": 4000, "reasoning_token_count": 10,
}  # fmt: skip
GEMINI = {
    "event.timestamp": MOMENT, "session.id": "s", "prompt_id": "p", "model": "gemini-2.5-pro", "duration_ms": 1500,
    "input_token_count": 4400, "output_token_count": 40, "cached_content_token_count": 4000, "thoughts_token_count": 10,
}  # fmt: skip
CALLS = {
    "claude_code.api_request": {**CLAUDE, "cost_usd": "0.0123"},
    "codex.sse_event": CODEX,
    "gemini_cli.api_response": GEMINI,
}
REFUSED = {
    "claude_code.api_error": {"model": "claude-opus-4-5", "error": "overloaded", "status_code": "529"},
    "codex.api_request": {"model": "gpt-5-codex", "http.response.status_code": 429, "error.message": "slow down"},
    "gemini_cli.api_error": {"model": "gemini-2.5-pro", "error": "quota", "status_code": 429},
}
OTHER = {
    "claude_code.tool_result": {"tool_name": "Bash"},
    "codex.sse_event": {"event.kind": "response.output_text.delta", "model": "gpt-5-codex"},
    "codex.api_request": {"model": "gpt-5-codex", "http.response.status_code": 200},
    "gemini_cli.api_request": {"model": "gemini-2.5-pro", "prompt_id": "p"},
}


def pairs(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as OTLP has them."""
    return [{"key": k, "value": {"intValue" if type(v) is int else "stringValue": str(v)}} for k, v in found.items()]


def record(name: str, found: dict[str, Any], place: str, *, scope: str = "agent", second: int = 0) -> dict[str, Any]:
    """A log record; an agent's name stands in its name, in an attribute or in its body."""
    named = {"eventName": {"eventName": name}, "body": {"body": {"stringValue": name}}}.get(place, {})
    found = {"event.name": name, **found} if place == "attribute" else found
    log = {"timeUnixNano": f"{AT + second}000000000", "spanId": "9" * 16, "attributes": pairs(found), **named}
    return {"resourceLogs": [{"scopeLogs": [{"scope": {"name": scope}, "logRecords": [log]}]}]}


def span(found: dict[str, Any]) -> dict[str, Any]:
    """Claude Code's span of a request."""
    times = {"startTimeUnixNano": f"{AT}000000000", "endTimeUnixNano": f"{AT + 1}000000000"}
    own = {"gen_ai.system": "anthropic", "gen_ai.request.model": found["model"], **found}
    one = {
        "spanId": "1" * 16,
        "traceId": "2" * 32,
        "name": "claude_code.llm_request",
        "attributes": pairs(own),
        **times,
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


@pytest.mark.parametrize("place", ["eventName", "attribute", "body"])
@pytest.mark.parametrize("name", CALLS)
def test_each_record_of_a_call_is_one_with_all_its_tokens(name: str, place: str, tmp_path: Path) -> None:
    """Counts are inclusive whatever the agent's are, and records of one span are calls of their own."""
    later = {
        key: f"{value}1" if key in ("request_id", "event.timestamp") else value for key, value in CALLS[name].items()
    }
    others = [record(*other, place) for other in OTHER.items()]
    log = [record(name, CALLS[name], place), *others, record(name, later, place, second=9)]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert (got.report.requests, got.report.unknown, got.report.not_calls) == (2, 0, len(others))
    for row in got.rows():
        assert (row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]) == (4400, 4000, 50)
        assert row["model_key"] == CALLS[name]["model"]
        assert row["status"] == "ok"
    assert got.report.spend_usd.get("platform_pricetable", 0) == pytest.approx(
        0.0246 if "cost_usd" in CALLS[name] else 0
    )


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_of_a_refusal_is_a_failure(name: str, tmp_path: Path) -> None:
    """It is one attempt that failed, with its class."""
    log = [record("claude_code.api_request", CLAUDE, "attribute"), record(name, REFUSED[name], "attribute")]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert (got.report.requests, got.report.failures) == (1, 1)
    assert got.rows()[1]["error_type"] in ("overloaded", "rate_limit")


@pytest.mark.parametrize("share", range(1, 4))
def test_a_span_and_a_record_of_one_request_are_one_call(share: int, tmp_path: Path) -> None:
    """Traces, logs, or both: one call with its tokens, which Claude Code counts beside each other."""
    told = [span(CLAUDE), record("claude_code.api_request", CLAUDE, "body")]
    log = [one for bit, one in enumerate(told) if share >> bit & 1]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert (got.report.requests, got.report.failures, got.report.unknown) == (1, 0, 0)
    (row,) = got.rows()
    assert (row["prompt_tokens"], row["cache_write_tokens"], row["completion_tokens"]) == (4400, 300, 50)


@pytest.mark.parametrize("share", range(1, 4))
def test_what_a_request_cost_is_told_by_its_record(share: int, tmp_path: Path) -> None:
    """Claude Code's span has no cost: the record's counts beside it, once, and another request's failure does not."""
    failed = {**REFUSED["claude_code.api_error"], "request_id": "req_011CSotherother"}
    told = [span(CLAUDE), record("claude_code.api_request", {**CLAUDE, "cost_usd": "0.0123"}, "attribute")]
    log = [one for bit, one in enumerate(told) if share >> bit & 1]
    log.append(record("claude_code.api_error", failed, "attribute", second=5))
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert (got.report.requests, got.report.failures) == (1, 1)
    assert got.report.spend_usd.get("platform_pricetable", 0) == pytest.approx(0.0123 if share > 1 else 0)


def test_gemini_cli_tells_a_call_three_times(tmp_path: Path) -> None:
    """Its own record counts thoughts and cache, those of the conventions hold what was said: together one call."""
    common = {"session.id": "s", "gen_ai.operation.name": "generate_content", "gen_ai.request.model": "gemini-2.5-pro"}
    asked = '[{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]'
    said = '[{"role": "assistant", "parts": [{"type": "text", "content": "yo"}], "finish_reason": "stop"}]'
    details = "gen_ai.client.inference.operation.details"
    answer = {
        **common, "event.timestamp": MOMENT, "gen_ai.response.id": "r", "gen_ai.output.messages": said,
        "gen_ai.input.messages": asked, "gen_ai.usage.input_tokens": 4400, "gen_ai.usage.output_tokens": 40,
    }  # fmt: skip
    log = [
        record(
            details,
            {**common, "event.timestamp": "before", "gen_ai.input.messages": asked},
            "attribute",
            scope="gemini-cli",
        ),
        record("gemini_cli.api_response", GEMINI, "attribute", scope="gemini-cli"),
        record(details, answer, "attribute", scope="gemini-cli"),
    ]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    (row,) = got.rows()
    assert (row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]) == (4400, 4000, 50)
    assert (row["response_text"], row["latency_ms"]) == ("yo", 1500.0)
    assert "hi" in row["messages"]


def call_span(**found: Any) -> dict[str, Any]:
    """A span of any framework."""
    times = {"startTimeUnixNano": f"{AT}000000000", "endTimeUnixNano": f"{AT + 1}000000000"}
    one = {"spanId": "1" * 16, "traceId": "2" * 32, "name": "call", "attributes": pairs(found), **times}
    return {"resourceSpans": [{"scopeSpans": [{"spans": [one]}]}]}


@pytest.mark.parametrize("call", ["embed.doEmbed", "embedMany.doEmbed"])
def test_embeddings_of_the_ai_sdk_are_paid_calls(call: str, tmp_path: Path) -> None:
    """They have one count, which is the prompt's; they were no calls, and in no sum."""
    found = {"ai.operationId": f"ai.{call}", "ai.model.id": "text-embedding-3-small", "ai.usage.tokens": 1000}
    outer = {**found, "ai.operationId": f"ai.{call.partition('.')[0]}"}
    got = read(write_jsonl(tmp_path / "log.jsonl", [call_span(**found), call_span(**outer)]), tmp_path / "run")
    (row,) = got.rows()
    assert (row["operation"], row["status"], row["prompt_tokens"]) == ("embeddings", "ok", 1000)
    assert row["model_key"] == "text-embedding-3-small"


def test_pydantic_ais_requests_have_their_tools_and_messages(tmp_path: Path) -> None:
    """A replay without the tools that were offered would be of another request; its first version kept messages as a
    list of events."""
    sent = {
        "function_tools": [{"name": "look", "description": "d", "parameters_json_schema": {"type": "object"}}],
        "output_tools": [{"name": "final", "parameters_json_schema": {"type": "object"}}],
        "allow_text_output": False, "output_mode": "tool",
    }  # fmt: skip
    said = [
        {"event.name": "gen_ai.user.message", "role": "user", "content": "hi"},
        {"event.name": "gen_ai.choice", "index": 0, "message": {"role": "assistant", "content": "yo"}},
    ]
    found = {
        "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10,
        "model_request_parameters": json.dumps(sent), "events": json.dumps(said),
    }  # fmt: skip
    (row,) = read(write_jsonl(tmp_path / "log.jsonl", [call_span(**found)]), tmp_path / "run").rows()
    assert [tool["function"]["name"] for tool in json.loads(row["tools"])] == ["look", "final"]
    assert (json.loads(row["tool_choice"]), row["response_text"]) == ("required", "yo")
    assert json.loads(row["messages"]) == [{"role": "user", "content": "hi"}]


def test_an_answer_that_no_protocol_reads_is_one(tmp_path: Path) -> None:
    """Bedrock's embeddings are paid; where the log has no answer, nothing is known of one."""
    call = {
        "schemaType": "ModelInvocationLog", "timestamp": "2026-11-02T10:00:00Z", "requestId": "r", "modelId": "m",
        "operation": "InvokeModel", "input": {"inputBodyJson": {"inputText": "x"}, "inputTokenCount": 5},
        "output": {"outputBodyJson": {"embedding": [0.1], "inputTextTokenCount": 5}},
    }  # fmt: skip
    log = [call, {**call, "requestId": "r2", "output": {}}]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert [row["status"] for row in got.rows()] == ["ok", "unknown"]


@pytest.mark.parametrize("key", ["gen_ai.operation.name", "llm.request.type"])
@pytest.mark.parametrize(
    ("word", "operation"),
    [
        ("acompletion", "chat"), ("chat", "chat"), ("aresponses", "responses"), ("responses", "responses"),
        ("anthropic_messages", "messages"), ("aembedding", "embeddings"), ("aimage_generation", "images"),
        ("arerank", "rerank"), ("atranscription", "transcription"),
        ("invoke_agent", None), ("execute_tool", None), ("agent", None),
    ],
)  # fmt: skip
def test_a_call_is_one_under_any_word_for_it(key: str, word: str, operation: str | None, tmp_path: Path) -> None:
    """LiteLLM's spans were no calls, in no sum; agents and tools stay structure."""
    found = {key: word, "gen_ai.request.model": "gpt-4o", "gen_ai.system": "openai"}
    found |= {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}
    log = [record("claude_code.api_request", CLAUDE, "body"), call_span(**found)]
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert [row["operation"] for row in got.rows()][1:] == ([operation] if operation else [])


@pytest.mark.parametrize("outer_id", ["run--1", "msg_outer", None])
@pytest.mark.parametrize("inside", [1, 2, 3])
@pytest.mark.parametrize("adds_up", [True, False])
def test_tokens_that_add_up_are_counted_once(outer_id: str | None, inside: int, adds_up: bool, tmp_path: Path) -> None:
    """A framework's call around a vendor's has an id of its own, and the tokens of what is inside it."""
    common = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.system": "langchain"}
    counts = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 10}
    sums = {name: value * inside + (not adds_up) for name, value in counts.items()}
    named = {} if outer_id is None else {"gen_ai.response.id": outer_id}
    log = [call_span(**common, **sums, **named)]
    for number in range(inside):
        one = call_span(**common, **counts, **{"gen_ai.response.id": f"chatcmpl-{number}"})
        one["resourceSpans"][0]["scopeSpans"][0]["spans"][0] |= {
            "spanId": f"{number + 5}" * 16,
            "parentSpanId": "1" * 16,
        }
        log.append(one)
    got = read(write_jsonl(tmp_path / "log.jsonl", log), tmp_path / "run")
    assert got.report.requests == inside + (outer_id is not None and not adds_up)
    assert {row["provider"] for row in got.rows()} == {"openai"}
