"""What our own router and what servers emit reads back: route, tier and decision, once for each call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from audit.core.exchange import Usage
from audit.policy.router import attributes
from sample_logs.make_exports import CALLS, otlp
from tests.ingest.reading import read, write_jsonl
from tests.policy.test_router import RULES, answer, request, router

SECOND = 10**9
CAME = answer("the answer", model_reported="nano-1", usage=Usage(prompt_tokens=30, completion_tokens=2))


def span(number: int, found: dict[str, Any], parent: int | None = None) -> dict[str, Any]:
    """A span of OTLP JSON."""

    def value(of: Any) -> dict[str, Any]:
        if isinstance(of, list):
            return {"arrayValue": {"values": [value(item) for item in of]}}
        kind = {bool: "boolValue", int: "intValue", float: "doubleValue"}.get(type(of), "stringValue")
        return {kind: str(of) if kind == "intValue" else of}

    start = CALLS[0].started * SECOND + number * SECOND
    made = {
        "traceId": "0" * 31 + "1",
        "spanId": f"{number:016x}",
        "name": "call",
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + SECOND),
        "attributes": [{"key": key, "value": value(of)} for key, of in found.items()],
    }
    return made | ({} if parent is None else {"parentSpanId": f"{parent:016x}"})


def rows(spans: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The calls in some spans, by time."""
    record = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {"name": "app"}, "spans": spans}]}]}
    got = read(write_jsonl(folder / "spans.jsonl", [record]), folder / "run").rows()
    return sorted(got, key=lambda row: row["started_at"])


def test_a_decision_reads_back(tmp_path: Path) -> None:
    """The route that was asked for, the tier, the kind of policy, the signal, and whether an answer was escalated."""
    cheap = router(RULES).route("/rules", request("a? b?"))
    kept = router(RULES).route("/rules", request("a"))
    found = rows(
        [span(1, attributes(cheap, completion=CAME)), span(2, attributes(kept, completion=CAME, escalations=1))],
        tmp_path,
    )
    assert [row["route"] for row in found] == ["/rules", "/rules"]
    assert [row["route_source"] for row in found] == ["audit.route", "audit.route"]
    assert [row["model_requested"] for row in found] == [cheap.model_id, kept.model_id]
    assert [json.loads(row["routing"])["tier"] for row in found] == [cheap.tier, kept.tier] == ["small", "large"]
    assert json.loads(found[0]["routing"]) == {
        "tier": "small", "policy.kind": "rules", "signal.value": 1.0, "signal.threshold": 1.0, "escalations": 0,
    }  # fmt: skip
    assert [row["escalated"] for row in found] == [False, True]
    assert [(row["prompt_tokens"], row["status"]) for row in found] == [(30, "ok")] * 2


@pytest.mark.parametrize("calls", [1, 2])
def test_the_sdk_inside_is_not_counted_again(calls: int, tmp_path: Path) -> None:
    """A router's span around the SDK's own is that call; around two of them it is none, and its route is theirs."""
    decision = router(RULES).route("/rules", request("a? b?"))
    own = {"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.usage.input_tokens": 30}
    inside = [
        span(2 + n, own | {"gen_ai.response.id": f"r{n}", "gen_ai.usage.output_tokens": 2}, 1) for n in range(calls)
    ]
    found = rows([span(1, attributes(decision)), *inside], tmp_path)
    assert [(row["route"], row["prompt_tokens"]) for row in found] == [("/rules", 30)] * calls
    assert [row["routing"] is not None for row in found] == ([True] if calls == 1 else [False] * 2)


def test_spans_of_vllm_are_counted_once(tmp_path: Path) -> None:
    """Its own span of a request is a call of one's own machines; inside the client's call it is that call."""
    own = {
        "gen_ai.request.id": "cmpl-1", "gen_ai.latency.e2e": 1.9, "gen_ai.latency.time_to_first_token": 0.5,
        "gen_ai.usage.prompt_tokens": 384, "gen_ai.usage.completion_tokens": 32, "gen_ai.request.n": 1,
    }  # fmt: skip
    (alone,) = rows([span(1, own)], tmp_path)
    assert (alone["provider"], alone["request_id"], alone["ttft_ms"], alone["status"]) == ("vllm", "cmpl-1", 500, "ok")
    assert (alone["prompt_tokens"], alone["completion_tokens"], alone["replayable"]) == (384, 32, "none")
    client = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.response.id": "chatcmpl-9"}
    (inside,) = rows([span(1, client | {"gen_ai.usage.input_tokens": 384}), span(2, own, 1), span(3, own, 1)], tmp_path)
    assert (inside["request_id"], inside["model_key"], inside["prompt_tokens"]) == ("chatcmpl-9", "m", 384)


def test_an_export_that_is_there_twice_says_a_message_once(tmp_path: Path) -> None:
    """Log records that were exported again add no message to a prompt: each call is what it was."""
    records = list(otlp())
    once = read(write_jsonl(tmp_path / "once.jsonl", records), tmp_path / "a")
    twice = read(write_jsonl(tmp_path / "twice.jsonl", records * 2), tmp_path / "b")
    kept = twice.traffic.filter(twice.traffic["duplicate_of"].is_null())
    assert sorted(kept["request_fp"].drop_nulls()) == sorted(once.traffic["request_fp"].drop_nulls())
    assert (twice.report.requests, twice.report.duplicates) == (once.report.requests, len(once.traffic))
