"""MLflow traces: `Trace.to_json()`, and `search_traces()` as CSV or Parquet.

Attributes of spans are JSON texts. The tokens of a trace are the sum of its spans' and are not added. Source: mlflow
3.17.2, `mlflow/entities/trace.py`, `mlflow/tracing/constant.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import bodies, chat
from audit.ingest.calls.usage import put_usage, told_cost
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.telemetry.span_labels import unpacked_text
from audit.ingest.values import microseconds, obj, text, unpacked
from audit.ingest.words import maker, model_key, provider

_KEYS = {
    "route": (*labels.ROUTE_KEYS, "mlflow.traceName"),
    "tenant": labels.TENANT_KEYS,
    "environment": labels.ENVIRONMENT_KEYS,
    "region": labels.REGION_KEYS,
    "session": ("mlflow.trace.session", "session_id"),
    "end_user": ("mlflow.trace.user", "user_id"),
}
_CALLS = frozenset({"CHAT_MODEL", "LLM"})
Attributes = Mapping[str, Any]


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a trace."""
    if "trace_id" in obj(record.get("info")) and "spans" in obj(record.get("data")):
        return "has info.trace_id and data.spans"
    return "has trace, trace_metadata and spans" if {"trace", "trace_metadata", "spans"} <= record.keys() else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one trace per record: a row for each span that called a model."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        trace = obj(unpacked(line["trace"])) if isinstance(line, dict) and "trace" in line else line
        if not isinstance(trace, dict) or not isinstance(obj(trace.get("data")).get("spans"), list):
            raise Unusable("no spans: not an MLflow trace")
        info = obj(trace.get("info"))
        spans = [obj(span) for span in trace["data"]["spans"]]
        return [_row(span, found, info, wanted) for span, found in _calls(spans)]

    return read


def _calls(spans: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Spans of model calls with their attributes; one that holds another such span is a framework's view of it."""
    found = {}
    for span in spans:
        made = {key: unpacked_text(value) for key, value in obj(span.get("attributes")).items()}
        if str(made.get("mlflow.spanType")).upper() in _CALLS:
            found[str(span.get("span_id"))] = (span, made)
    holders = {str(span.get("parent_span_id", span.get("parent_id"))) for span, _ in found.values()}
    yield from (pair for name, pair in found.items() if name not in holders)


def _row(span: dict[str, Any], found: Attributes, info: Mapping[str, Any], wanted: labels.Finders) -> Row:
    row = Row(emitter="mlflow", trace_id=text(info.get("trace_id")), span_id=text(span.get("span_id")))
    row.parent_span_id = text(span.get("parent_span_id")) or text(span.get("parent_id"))
    request, answer = obj(found.get("mlflow.spanInputs")), found.get("mlflow.spanOutputs")
    held = bodies.put_exchange(row, request, answer)
    row.request_id = row.request_id or row.span_id
    _put_tokens(row, obj(found.get("mlflow.chat.tokenUsage")))
    row.model_called = row.model_requested
    row.model_responded = text(found.get("mlflow.llm.model")) or row.model_responded
    row.model_key = model_key(row.model_responded or row.model_requested)
    row.provider = provider(found.get("mlflow.llm.provider")) or maker(row.model_key)
    if cost := told_cost(row, obj(found.get("mlflow.llm.cost")).get("total_cost")):
        row.cost_usd_logged, row.cost_basis = cost, "platform_pricetable"
    status = obj(span.get("status"))
    failed = str(status.get("code", span.get("status_code"))).endswith("ERROR")
    error = {"message": text(status.get("message")) or _raised(span)} if failed else None
    bodies.put_outcome(row, error or held.error, None, answered=held.answered)
    _put_times(row, span)
    _put_labels(row, info, wanted)
    row.dedupe_key = call_key(row)
    chat.judge_replayable(row, held.reasons, "exact")
    return row


def _raised(span: Mapping[str, Any]) -> str:
    """What the exception of a span says, which some instrumentors write beside an empty status."""
    events = span.get("events")
    told = (obj(obj(event).get("attributes")) for event in events) if isinstance(events, list) else ()
    return next((message for found in told if (message := text(found.get("exception.message")))), "error")


def _put_tokens(row: Row, counted: Mapping[str, Any]) -> None:
    if not counted:
        return
    raw = row.usage_raw
    details = {
        "cached_tokens": counted.get("cache_read_input_tokens"),
        "cache_write_tokens": counted.get("cache_creation_input_tokens"),
    }
    usage = {"input_tokens": counted.get("input_tokens"), "output_tokens": counted.get("output_tokens")}
    put_usage(row, usage | {"input_tokens_details": details} if any(details.values()) or raw is None else usage)
    row.usage_raw = raw or row.usage_raw


def _put_times(row: Row, span: Mapping[str, Any]) -> None:
    row.started_at, row.started_at_resolution = microseconds(span.get("start_time_unix_nano", span.get("start_time")))
    row.ended_at, _ = microseconds(span.get("end_time_unix_nano", span.get("end_time")))
    if row.started_at is not None and row.ended_at is not None:
        row.latency_ms = (row.ended_at - row.started_at) / 1000


def _put_labels(row: Row, info: Mapping[str, Any], wanted: labels.Finders) -> None:
    tags, kept = obj(unpacked(info.get("tags"))), obj(unpacked(info.get("trace_metadata")))
    places = ((tags, "tags."), (kept, "trace_metadata."))
    everything = {**kept, **tags}
    labels.put(row, wanted, everything.get, places)
    own = {key: value for key, value in tags.items() if not key.startswith("mlflow.")}
    row.metadata = values.scalars(own, "tags.") or None


FORMAT = Format(
    name="mlflow",
    summary="MLflow traces: JSON, and search_traces() as CSV or Parquet",
    fields=("info", "data", "trace", "trace_metadata", "spans", "assessments", "execution_duration"),
    detects=detects,
    open=open_reader,
)
