"""Logs that have counts and costs of a call, and not always its bodies: what must come out, row by row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.core.settings import FieldMap, IngestSettings
from sample_logs.make_exports import CALLS
from sample_logs.make_gateways import COST
from tests.ingest.reading import SAMPLES, Read, read, sample, write_jsonl


def by_time(got: Read) -> list[dict[str, Any]]:
    """Rows in the order of the calls."""
    return sorted(got.rows(), key=lambda row: row["started_at"])


def test_cloudflare_reads_both_of_its_exports(tmp_path: Path) -> None:
    """The API's rows cost what it says, without a prompt; Logpush's can be replayed once decrypted."""
    got = read(SAMPLES / "cloudflare.jsonl", tmp_path / "run")
    rows = by_time(got)
    assert [row["cost_usd_logged"] for row in rows[:5]] == [round(COST * (n + 1), 6) for n in range(5)]
    assert [row["prompt_tokens"] for row in rows] == [60, 61, 62, 63, 64, None, 66, None]
    assert [row["replayable"] for row in rows] == ["none"] * 4 + ["equivalent", "none", "equivalent", "none"]
    assert "encrypted" in rows[7]["unreplayable_reasons"]
    assert (rows[5]["status"], rows[5]["error_type"], got.report.failures) == ("error", "rate_limit", 1)
    assert {row["tenant"] for row in rows} == {"north", "south"}
    assert (got.report.requests, got.report.rejected) == (7, 0)


def test_openrouter_counts_native_tokens_and_bills(tmp_path: Path) -> None:
    """Native tokens, the provider's bill with the upstream's where the key is the customer's, a cancelled stream."""
    got = read(SAMPLES / "openrouter.jsonl", tmp_path / "run")
    rows, calls = by_time(got), [call for call in CALLS if not call.failed]
    assert [(row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]) for row in rows] == [
        call.tokens for call in calls
    ]
    assert [row["status"] for row in rows] == ["ok", "ok", "ok", "partial", "ok", "ok", "ok"]
    assert rows[4]["cost_usd_logged"] == pytest.approx(0.00041)
    assert {row["cost_basis"] for row in rows} == {"provider"}
    assert (rows[0]["provider"], rows[0]["route"], rows[0]["route_source"]) == (
        "openrouter", "https://shop.example/triage", "origin",
    )  # fmt: skip
    assert got.report.requests == 7


def test_helicone_without_bodies_keeps_the_dollars(tmp_path: Path) -> None:
    """The placeholder of an export without bodies is no prompt; the call and its cost stay in the books."""
    away = {"helicone_message": "fetching body from signed_url... contact support for more information"}
    record = sample("helicone.jsonl")[1] | {"request_body": away, "response_body": away}
    got = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run")
    (row,) = got.rows()
    assert (row["status"], row["cost_usd_logged"], row["prompt_tokens"]) == ("ok", 0.0002, 61)
    assert "body_external" in row["unreplayable_reasons"]
    assert row["messages"] is None


def test_portkey_costs_are_cents_and_hits_are_free(tmp_path: Path) -> None:
    """The older export has its bodies under `body` and says what the cache answered."""
    record = sample("portkey.jsonl")[0]
    old = record | {"request": {"body": record["request"]}, "response": {"body": record["response"]}}
    hit = old | {"id": "other", "cache_status": "HIT", "cost": 0, "created_at": "2026-09-02T00:00:00Z"}
    got = read(write_jsonl(tmp_path / "log.jsonl", [old, hit]), tmp_path / "run")
    assert by_time(got)[0]["cost_usd_logged"] == pytest.approx(0.0001)
    assert (got.report.requests, got.report.cache_hits) == (1, 1)
    assert by_time(got)[0]["response_text"] == "Answer 0."


def test_phoenix_columns_of_a_data_frame_are_its_attributes(tmp_path: Path) -> None:
    """`get_spans_dataframe()` has a column for each attribute, with lists of messages as they are."""
    frame = {
        "name": "ChatCompletion",
        "span_kind": "LLM",
        "parent_id": None,
        "start_time": "2026-09-01T00:00:00+00:00",
        "end_time": "2026-09-01T00:00:01+00:00",
        "status_code": "OK",
        "status_message": "",
        "context.span_id": "0000000100000001",
        "context.trace_id": "0" * 31 + "1",
        "attributes.llm.model_name": "gpt-4o-mini-2024-07-18",
        "attributes.llm.input_messages": [{"message.role": "user", "message.content": "Hello"}],
        "attributes.llm.output_messages": [{"message": {"role": "assistant", "content": "Good day"}}],
        "attributes.llm.token_count.prompt": 12.0,
        "attributes.llm.token_count.completion": 3.0,
        "attributes.metadata": {"tenant": "north"},
    }
    got = read(write_jsonl(tmp_path / "log.jsonl", [frame]), tmp_path / "run", IngestSettings(route="metadata.nothing"))
    (row,) = got.rows()
    assert (row["prompt_tokens"], row["completion_tokens"], row["tenant"]) == (12, 3, "north")
    assert (row["response_text"], row["latency_ms"], row["status"]) == ("Good day", 1000.0, "ok")
    assert '"Hello"' in row["messages"]


def test_a_row_of_braintrust_counts_once_in_its_last_version(tmp_path: Path) -> None:
    """Versions come in any order; the last one has the score."""
    records = sample("braintrust.jsonl")[:3]
    got = read(write_jsonl(tmp_path / "log.jsonl", records[::-1]), tmp_path / "run")
    (row,) = got.rows()
    assert (row["route"], row["tenant"], row["prompt_tokens"]) == ("triage", "north", 60)
    assert row["feedback"][0]["name"] == "helpful"
    assert got.report.not_calls == 2


@pytest.mark.parametrize(
    ("file", "model"),
    [
        ("claude_code.jsonl", "claude-haiku-4-5"),
        ("codex.jsonl", "gpt-4o-mini"),
        ("gemini_cli.jsonl", "gemini-2.5-flash"),
    ],
)
def test_a_transcript_counts_each_answer_once(file: str, model: str, tmp_path: Path) -> None:
    """Answers in several lines, repeated lines and repeated counts are one call; its project is its route."""
    got = read(SAMPLES / file, tmp_path / "run")
    rows = [row for row in by_time(got) if row["status"] == "ok" and row["duplicate_of"] is None]
    tokens = [(row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]) for row in rows]
    assert tokens == [call.tokens for call in CALLS if not call.failed]
    assert {(row["route"], row["session_id"], row["model_key"]) for row in rows} == {("shop", "session-1", model)}
    assert {row["replayable"] for row in rows} == {"none"}
    assert got.report.read == len(got.traffic) + got.report.not_calls
    assert got.report.rejected == 0


def test_a_limit_of_an_agent_is_a_failure(tmp_path: Path) -> None:
    """What the agent writes in place of an answer is no call that cost anything."""
    got = read(SAMPLES / "claude_code.jsonl", tmp_path / "run")
    (failed,) = [row for row in got.rows() if row["status"] == "error"]
    assert (failed["error_type"], failed["model_key"], got.report.failures) == ("rate_limit", None, 1)


def test_gemini_cli_in_one_object_and_as_telemetry(tmp_path: Path) -> None:
    """An older session is one object with all messages; a telemetry file has events, of which two kinds are calls."""
    lines = sample("gemini_cli.jsonl")
    last = {line["id"]: line for line in lines if line.get("type") in ("user", "gemini")}
    old = read(write_jsonl(tmp_path / "old.json", [lines[0] | {"messages": list(last.values())}]), tmp_path / "old")
    new = read(SAMPLES / "gemini_cli.jsonl", tmp_path / "new")
    columns = ["request_id", "route", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens"]
    assert old.traffic.select(columns).sort("request_id").equals(new.traffic.select(columns).sort("request_id"))
    head = {"session.id": "s", "event.timestamp": "2026-09-01T00:00:00Z", "model": "gemini-2.5-flash"}
    counts = {"input_token_count": 60, "output_token_count": 10, "cached_content_token_count": 20}
    told = head | counts | {"thoughts_token_count": 4, "tool_token_count": 2, "total_token_count": 76}
    events = [
        told | {"event.name": "gemini_cli.api_response", "status_code": 200, "finish_reasons": ["stop"]},
        head | {"event.name": "gemini_cli.api_request"},
        head | {"event.name": "gemini_cli.api_error", "status_code": 429, "error.message": "quota exceeded"},
        told | {"event.name": "gen_ai.client.inference.operation.details"},
    ]
    records = [{"hrTime": [1, 2], "resource": {}, "attributes": event} for event in events]
    pretty = tmp_path / "telemetry.log"
    pretty.write_text("\n".join(json.dumps(record, indent=2) for record in records))
    got = read(pretty, tmp_path / "telemetry")
    assert (got.report.requests, got.report.failures, got.report.not_calls) == (1, 1, 2)
    (row,) = got.traffic.filter(status="ok").to_dicts()
    assert (row["prompt_tokens"], row["cached_tokens"], row["completion_tokens"]) == (62, 20, 14)
    assert (row["session_id"], row["finish_reason"]) == ("s", "stop")
    assert got.traffic.filter(status="error")["error_type"].to_list() == ["rate_limit"]


@pytest.mark.parametrize("chat_first", [True, False])
def test_a_call_of_gemini_cli_counts_once_however_it_is_told(tmp_path: Path, chat_first: bool) -> None:
    """Chat and telemetry of a session, the latter in two files, with calls of equal counts, at times that differ; a
    call that only one of them has, and another session's, are calls of their own."""
    names = ("input", "output", "cached", "thoughts", "tool", "total")
    calls = [(1000, 100, 200, 50, 0, 1150)] * 3 + [(1200 + n, 90, 0, 0, 0, 1290 + n) for n in range(4)]
    chat: list[dict[str, Any]] = [{"sessionId": "s1", "projectHash": "0a" * 32, "kind": "main"}]
    events: list[dict[str, Any]] = []
    for n, counts in enumerate(calls):
        at = f"2026-09-01T00:00:{n:02d}"
        said = {"type": "gemini", "model": "gemini-2.5-flash", "tokens": dict(zip(names, counts, strict=True))}
        chat.append({"id": f"m{n}", "timestamp": f"{at}.250Z", **said})
        told = {"model": "gemini-2.5-flash", "session.id": "s1", "response_id": f"r{n}", "event.timestamp": f"{at}.9Z"}
        told |= {f"{name}_token_count": count for name, count in zip(names, counts, strict=True) if name != "cached"}
        told |= {"event.name": "gemini_cli.api_response", "cached_content_token_count": counts[2]}
        events.append({"attributes": told})
    aside = {"response_id": "aside", "model": "gemini-2.5-flash-lite"}
    events.append({"attributes": events[0]["attributes"] | aside})
    events.append({"attributes": events[0]["attributes"] | {"response_id": "other", "session.id": "s2"}})
    (tmp_path / "logs").mkdir()
    write_jsonl(tmp_path / "logs" / f"{'a' if chat_first else 'z'}.jsonl", chat[:-1])
    for name in ("m.jsonl", "n.jsonl"):
        write_jsonl(tmp_path / "logs" / name, events)
    got = read(tmp_path / "logs", tmp_path / "run")
    assert (got.report.requests, got.report.duplicates) == (len(calls) + 2, len(calls) - 1 + len(events))
    once = got.traffic.filter(pl.col("duplicate_of").is_null())
    assert once["prompt_tokens"].sum() == sum(one[0] for one in calls) + 2000


def test_rows_of_api_management_are_one_call(tmp_path: Path) -> None:
    """Counts, request and response lie in rows of their own, in any order."""
    got = read(SAMPLES / "azure_apim.jsonl", tmp_path / "run")
    rows = by_time(got)
    calls = [call for call in CALLS if not call.failed]
    answered = [row for row in rows if row["status"] == "ok"]
    assert [(row["prompt_tokens"], row["completion_tokens"]) for row in answered] == [
        (call.tokens[0], call.tokens[2]) for call in calls
    ]
    assert [row["response_text"] for row in answered] == [None if call.wants_tool else call.said for call in calls]
    assert [(row["route"], row["tenant"]) for row in answered] == [(call.route, call.tenant) for call in calls]
    assert {row["replayable"] for row in answered} == {"lossy"}
    (failed,) = [row for row in rows if row["status"] == "error"]
    assert (failed["error_type"], failed["http_status"], got.report.failures) == ("rate_limit", 429, 1)
    assert got.report.read == len(rows) + got.report.not_calls
    same = read(SAMPLES / "helicone.jsonl", tmp_path / "same").traffic["prompt_hash"]
    assert {row["prompt_hash"] for row in answered} <= set(same)
    large = [record for record in sample("azure_apim.jsonl") if record["CorrelationId"].startswith("00000000")]
    asked = next(record for record in large if record.get("RequestMessages"))
    pieces = [asked | {"SequenceNumber": 3, "RequestMessages": json.dumps([{"role": "user", "content": "and more"}])}]
    cut = read(write_jsonl(tmp_path / "large.jsonl", large + pieces), tmp_path / "large").rows()
    assert [("truncated_middle" in row["unreplayable_reasons"], row["prompt_tokens"]) for row in cut] == [(True, 60)]
    alone = [record for record in large if record.get("SequenceNumber") == 0]
    (counted,) = read(write_jsonl(tmp_path / "counts.jsonl", alone), tmp_path / "counts").rows()
    assert (counted["status"], counted["prompt_tokens"], counted["replayable"]) == ("ok", 60, "none")


@pytest.mark.parametrize(
    ("written", "weight"), [(20, 20.0), ("2.5", 2.5), (1, 1.0), (0.05, 1.0), ("often", 1.0), (None, 1.0)]
)
def test_a_record_may_stand_for_several_calls(tmp_path: Path, written: Any, weight: float) -> None:
    """Where a map says so; what is no weight is noted, and a weight too, because dollars are those of the log."""
    fields = FieldMap(prompt="q", response="a", sampling_weight="kept.weight")
    record = {"q": "Hello?", "a": "Yes.", "kept": {"weight": written}}
    got = read(write_jsonl(tmp_path / "log.jsonl", [record]), tmp_path / "run", IngestSettings(map=fields))
    (row,) = got.rows()
    assert row["sampling_weight"] == weight
    unread = weight == 1 and written not in (1, None)
    assert ("unreadable_sampling_weight" in row["ingest_warnings"]) is unread
    assert ("stands_for_several_calls" in row["ingest_warnings"]) is (weight > 1)


@pytest.mark.parametrize(
    ("state", "weight"),
    [("ot=th:8", 2.0), ("ot=th:c", 4.0), ("a=b,ot=rv:1234;th:fd70a4", 100.0), ("ot=th:0", 1.0), ("x=th:8", 1.0)],
)
def test_a_span_stands_for_those_that_its_sampler_dropped(tmp_path: Path, state: str, weight: float) -> None:
    """The rejection threshold in the trace state, by its probability."""
    lines = sample("otlp.jsonl")
    for line in lines:
        for resource in line.get("resourceSpans", []):
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    span["traceState"] = state
    got = read(write_jsonl(tmp_path / "log.jsonl", lines), tmp_path / "run")
    assert {round(row["sampling_weight"], 2) for row in got.rows()} == {weight}
