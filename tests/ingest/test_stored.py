"""Spans and log records as SDKs print them and stores keep them: the same calls as in the export that they came in."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from audit.ingest.telemetry.otel import attributes
from audit.llm.logprices import rates_of
from tests.ingest.reading import SAMPLES, Read, read, sample, write_jsonl

Item = dict[str, Any]
SAME = (
    *("request_id", "status", "error_type", "route", "tenant", "environment", "session_id", "model_key", "provider"),
    *("prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd_recomputed", "started_at", "latency_ms"),
    *("request_fp", "replayable", "response_text", "tool_calls"),
)


def items(kind: str) -> Iterator[tuple[Item, Item]]:
    """The spans or the log records of the sample, each with its resource's attributes and its own as objects."""
    scopes, inner = {"resourceSpans": ("scopeSpans", "spans"), "resourceLogs": ("scopeLogs", "logRecords")}[kind]
    for record in sample("otlp.jsonl"):
        for part in record.get(kind, ()):
            around = attributes(part.get("resource", {}).get("attributes"))
            for scope in part[scopes]:
                for item in scope[inner]:
                    own = {"attributes": attributes(item.get("attributes")), "scope": scope.get("scope", {})}
                    yield around, {**item, **own}


def iso(nanoseconds: str) -> str:
    """A time as text."""
    seconds, rest = divmod(int(nanoseconds), 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def at(log: Item) -> str:
    """When a log record was written."""
    return str(log.get("timeUnixNano") or log["observedTimeUnixNano"])


def texts(found: Item) -> Item:
    """Attributes of a store that knows texts alone."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}


def nested(found: Item) -> Item:
    """Attributes whose names' dots became objects within objects."""
    made: Item = {}
    for key, value in found.items():
        *way, last = key.split(".")
        place = made
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
    return made


def failed(span: Item) -> bool:
    """Whether a span says so."""
    return span.get("status", {}).get("code") in (2, "STATUS_CODE_ERROR")


def took(span: Item) -> int:
    """Nanoseconds."""
    return int(span["endTimeUnixNano"]) - int(span["startTimeUnixNano"])


def body_of(log: Item) -> Any:
    """What a log record says, as JSON."""
    return attributes([{"key": "body", "value": log.get("body")}])["body"]


def of_python(around: Item, span: Item) -> Item:
    """What `ReadableSpan.to_json` prints."""
    return {
        "name": span["name"],
        "context": {"trace_id": f"0x{span['traceId']}", "span_id": f"0x{span['spanId']}", "trace_state": "[]"},
        "kind": "SpanKind.CLIENT",
        "parent_id": f"0x{span['parentSpanId']}" if span.get("parentSpanId") else None,
        "start_time": iso(span["startTimeUnixNano"]),
        "end_time": iso(span["endTimeUnixNano"]),
        "status": {"status_code": "ERROR" if failed(span) else "UNSET", "description": span["status"].get("message")},
        "attributes": span["attributes"],
        "events": [],
        "resource": {"attributes": around, "schema_url": ""},
    }


def log_of_python(around: Item, log: Item) -> Item:
    """What its log records print."""
    return {
        "body": body_of(log), "severity_number": 9, "attributes": log["attributes"], "dropped_attributes": 0,
        "timestamp": iso(at(log)), "trace_id": f"0x{log['traceId']}", "span_id": f"0x{log['spanId']}",
        "resource": {"attributes": around}, "event_name": log.get("eventName"),
    }  # fmt: skip


def of_clickhouse(around: Item, span: Item) -> Item:
    """A row of `otel_traces`."""
    return {
        "Timestamp": iso(span["startTimeUnixNano"]).replace("T", " ").removesuffix("Z"),
        "TraceId": span["traceId"], "SpanId": span["spanId"], "ParentSpanId": span.get("parentSpanId", ""),
        "SpanName": span["name"], "ServiceName": "shop", "ResourceAttributes": around,
        "ScopeName": span["scope"].get("name", ""), "SpanAttributes": texts(span["attributes"]),
        "Duration": str(took(span)), "StatusCode": "Error" if failed(span) else "Unset",
        "StatusMessage": span["status"].get("message", ""), "Events.Name": [], "Events.Attributes": [],
    }  # fmt: skip


def log_of_clickhouse(around: Item, log: Item) -> Item:
    """A row of `otel_logs`."""
    return {
        "Timestamp": iso(at(log)), "TraceId": log["traceId"], "SpanId": log["spanId"],
        "Body": json.dumps(body_of(log)), "ResourceAttributes": around, "LogAttributes": texts(log["attributes"]),
        "EventName": log.get("eventName", ""),
    }  # fmt: skip


def of_elastic(around: Item, span: Item) -> Item:
    """A hit of `traces-*.otel-*`."""
    source = {
        "@timestamp": iso(span["startTimeUnixNano"]), "trace_id": span["traceId"], "span_id": span["spanId"],
        "parent_span_id": span.get("parentSpanId"), "name": span["name"], "duration": took(span),
        "attributes": nested(span["attributes"]), "resource": {"attributes": around}, "scope": span["scope"],
        "status": {"code": "Error" if failed(span) else "Unset", "message": span["status"].get("message")},
    }  # fmt: skip
    return {"_index": "traces-generic.otel-default", "_id": span["spanId"], "_source": source}


def log_of_elastic(around: Item, log: Item) -> Item:
    """A hit of `logs-*.otel-*`."""
    source = {
        "@timestamp": iso(at(log)), "trace_id": log["traceId"], "span_id": log["spanId"],
        "attributes": log["attributes"], "body": {"structured": body_of(log)}, "event_name": log.get("eventName"),
        "resource": {"attributes": around},
    }  # fmt: skip
    return {"_index": "logs-generic.otel-default", "_id": log["spanId"], "_source": source}


def of_cloudwatch(around: Item, span: Item) -> Item:
    """An event of `aws/spans`."""
    times = {name: int(span[name]) for name in ("startTimeUnixNano", "endTimeUnixNano")}
    own = {name: span[name] for name in ("traceId", "spanId", "name", "attributes", "scope")}
    status = {"code": "ERROR" if failed(span) else "UNSET", "message": span["status"].get("message")}
    return {
        "resource": {"attributes": around},
        **own,
        **times,
        "parentSpanId": span.get("parentSpanId"),
        "status": status,
    }


def log_of_cloudwatch(around: Item, log: Item) -> Item:
    """An event beside them."""
    own = {name: log.get(name) for name in ("traceId", "spanId", "attributes", "scope", "eventName")}
    return {"resource": {"attributes": around}, **own, "timeUnixNano": int(at(log)), "body": body_of(log)}


def of_azure(around: Item, span: Item) -> Item:
    """A row of `AppDependencies`: what the resource says stands among the rest."""
    return {
        "TimeGenerated": iso(span["startTimeUnixNano"]), "OperationId": span["traceId"], "Id": span["spanId"],
        "ParentId": span.get("parentSpanId", ""), "Name": span["name"], "DurationMs": took(span) / 1e6,
        "Success": not failed(span), "Properties": json.dumps(texts(around | span["attributes"])),
    }  # fmt: skip


def log_of_azure(around: Item, log: Item) -> Item:
    """A row of `AppTraces`."""
    properties = texts(log["attributes"]) | {"event.name": log.get("eventName") or log["attributes"].get("event.name")}
    return {
        "TimeGenerated": iso(at(log)), "OperationId": log["traceId"], "ParentId": log["spanId"],
        "Id": log["spanId"], "Message": json.dumps(body_of(log)), "Properties": properties,
    }  # fmt: skip


def of_logfire(around: Item, span: Item) -> Item:
    """A row of `records`."""
    return {
        "start_timestamp": iso(span["startTimeUnixNano"]), "end_timestamp": iso(span["endTimeUnixNano"]),
        "trace_id": span["traceId"], "span_id": span["spanId"], "parent_span_id": span.get("parentSpanId"),
        "span_name": span["name"], "message": span["name"], "duration": took(span) / 1e9,
        "otel_scope_name": span["scope"].get("name"), "otel_resource_attributes": around,
        "otel_status_code": "ERROR" if failed(span) else None, "otel_status_message": span["status"].get("message"),
        "attributes": json.dumps(span["attributes"]),
    }  # fmt: skip


STORES: dict[str, tuple[Callable[[Item, Item], Item], Callable[[Item, Item], Item] | None]] = {
    "python": (of_python, log_of_python),
    "clickhouse": (of_clickhouse, log_of_clickhouse),
    "elasticsearch": (of_elastic, log_of_elastic),
    "cloudwatch": (of_cloudwatch, log_of_cloudwatch),
    "application insights": (of_azure, log_of_azure),
    "logfire": (of_logfire, log_of_cloudwatch),
}


def seen(got: Read) -> pl.DataFrame:
    """What must be the same."""
    return pl.DataFrame([{name: str(row[name]) for name in SAME} for row in got.rows()]).sort(SAME)


@pytest.mark.parametrize("store", STORES)
def test_a_span_is_what_it_is_in_any_store(store: str, tmp_path: Path) -> None:
    """Rows of stores were refused; spans around a call and log records beside it count as in the export."""
    plain = read(SAMPLES / "otlp.jsonl", tmp_path / "plain", rates_of=rates_of())
    of_span, of_log = STORES[store]
    rows = [of_span(*one) for one in items("resourceSpans")]
    rows += [of_log(*one) for one in items("resourceLogs")] if of_log else []
    got = read(write_jsonl(tmp_path / "rows.jsonl", rows), tmp_path / "run", rates_of=rates_of())
    assert seen(got).equals(seen(plain))
    assert (got.report.requests, got.report.failures, got.report.duplicates) == (
        plain.report.requests, plain.report.failures, plain.report.duplicates,
    )  # fmt: skip
    assert (got.report.rejected, got.report.formats) == (0, plain.report.formats)


def test_python_prints_spans_over_many_lines(tmp_path: Path) -> None:
    """The console exporter indents them, one after the other."""
    log = tmp_path / "console.txt"
    log.write_text("\n".join(json.dumps(of_python(*one), indent=4) for one in items("resourceSpans")), "utf-8")
    assert read(log, tmp_path / "run").report.requests == 7


def test_tempo_and_jaeger_hand_out_traces(tmp_path: Path) -> None:
    """Tempo names an export's parts `batches`; Jaeger has lists of tags, and processes beside the spans."""
    parts = [part for record in sample("otlp.jsonl") for part in record.get("resourceSpans", ())]
    coded = json.loads(json.dumps(parts))
    for span in (span for part in coded for scope in part["scopeSpans"] for span in scope["spans"]):
        for name in ("traceId", "spanId", "parentSpanId"):
            if span.get(name):
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    traces: dict[str, Any] = {}
    for around, span in items("resourceSpans"):
        trace = traces.setdefault(span["traceId"], {"traceID": span["traceId"], "spans": [], "processes": {}})
        tags = [{"key": key, "type": "string", "value": value} for key, value in texts(around).items()]
        trace["processes"]["p1"] = {"serviceName": "shop", "tags": tags}
        own = texts(span["attributes"]) | ({"error": True} if failed(span) else {})
        trace["spans"].append({
            "traceID": span["traceId"], "spanID": span["spanId"], "operationName": span["name"], "processID": "p1",
            "references": [{"refType": "CHILD_OF", "spanID": span.get("parentSpanId")}],
            "startTime": int(span["startTimeUnixNano"]) // 1000, "duration": took(span) // 1000,
            "tags": [{"key": key, "type": "string", "value": value} for key, value in own.items()], "logs": [],
        })  # fmt: skip
    for name, document in {"tempo": {"batches": coded}, "jaeger": {"data": list(traces.values())}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document), "utf-8")
        got = read(tmp_path / f"{name}.json", tmp_path / name)
        assert (got.report.requests, got.report.failures) == (7, 1), name
        assert got.traffic.filter(status="ok")["prompt_tokens"].sum() == 60 + 61 + 62 + 63 + 64 + 66 + 67


def test_what_no_model_was_asked_for_is_no_such_log(tmp_path: Path) -> None:
    """A store's other spans are no log of calls, and beside calls they are none."""
    plain = {"trace_id": "1" * 32, "span_id": "2" * 16, "name": "GET /", "attributes": {"http.route": "/"}}
    plain |= {"start_time": "2026-11-02T10:00:00Z", "end_time": "2026-11-02T10:00:01Z"}
    calls = [of_python(*one) for one in items("resourceSpans")]
    got = read(write_jsonl(tmp_path / "log.jsonl", [plain, *calls]), tmp_path / "run")
    assert (got.report.requests, got.report.rejected) == (7, 0)
