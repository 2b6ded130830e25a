"""Spans and log records as stores and SDKs keep them, one a record, made the export requests that they came in.

A store names the same few things in its own way: ids, a name, times, attributes, a status, a body. Attributes are
objects there, or JSON in a text; what has dots in its name may have become an object within an object.

Sources, read 2026-11-30: opentelemetry-python, `ReadableSpan.to_json` and `ReadableLogRecord.to_json`;
https://clickhouse.com/docs/use-cases/observability/clickstack/ingesting-data/schemas (ClickHouse, and SigNoz alike);
https://www.elastic.co/docs/reference/enrich-processor/normalize-for-stream (Elasticsearch);
github.com/opensearch-project/data-prepper, `docs/schemas/trace-analytics` (OpenSearch);
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search-ingesting-span-log-groups.html
(`aws/spans`); https://learn.microsoft.com/azure/azure-monitor/reference/tables/appdependencies (Application Insights);
https://logfire.pydantic.dev/docs/reference/sql (Logfire); https://docs.cloud.google.com/stackdriver/docs/reference/
telemetry/trace-schema (Google Cloud); https://docs.snowflake.com/en/developer-guide/logging-tracing/event-table-columns;
https://grafana.com/docs/tempo/latest/api_docs/ (Tempo); https://www.jaegertracing.io/docs/latest/apis/ (Jaeger).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.ingest.values import microseconds, number, obj, objects, text, unpacked, walk

_TRACE = (
    *("trace_id", "traceId", "TraceId", "traceID", "context.trace_id", "OperationId", "operation_Id", "TRACE.trace_id"),
    *("trace",),
)
_SPAN = ("span_id", "spanId", "SpanId", "spanID", "context.span_id", "TRACE.span_id", "Id", "id")
_PARENT = (
    *("parent_id", "parentSpanId", "parent_span_id", "ParentSpanId", "ParentId", "operation_ParentId"),
    *("RECORD.parent_span_id",),
)
_NAME = ("name", "SpanName", "span_name", "Name", "RECORD.name", "operationName")
_STARTED = (
    *("startTimeUnixNano", "start_time", "start_timestamp", "startTime", "START_TIMESTAMP", "Timestamp", "@timestamp"),
    *("TimeGenerated", "timestamp", "time"),
)
_ENDED = ("endTimeUnixNano", "end_time", "end_timestamp", "endTime", "TIMESTAMP")
_TOOK = {
    **dict.fromkeys(("durationNano", "duration_nano", "durationInNanos", "Duration"), 1e-3),
    **dict.fromkeys(("DurationMs", "duration_ms"), 1e3),
}
"""Fields that say how long a span took, with their unit in microseconds."""
_AT = (
    *("timeUnixNano", "timestamp", "Timestamp", "@timestamp", "TimeGenerated", "time", "TIMESTAMP"),
    *("observedTimeUnixNano", "observed_timestamp"),
)
_ATTRIBUTES = (
    *("attributes", "SpanAttributes", "LogAttributes", "Properties", "customDimensions", "RECORD_ATTRIBUTES", "labels"),
)
_RESOURCE = (
    *("resource.attributes", "ResourceAttributes", "resource_attributes", "otel_resource_attributes", "resources"),
    *("RESOURCE_ATTRIBUTES",),
)
_SCOPE = ("scope.name", "ScopeName", "otel_scope_name", "instrumentation_scope.name", "SCOPE.name")
_STATUS = ("status.status_code", "status.code", "StatusCode", "otel_status_code", "RECORD.status.code", "Success")
_MESSAGE = ("status.description", "status.message", "StatusMessage", "otel_status_message", "RECORD.status.message")
_BODY = ("body.structured", "body.text", "body", "Body", "jsonPayload", "message", "Message", "VALUE")
_EVENT = ("event_name", "eventName", "EventName")
_FAILED = frozenset({"2", "ERROR", "STATUS_CODE_ERROR", "FALSE"})
_OF_CALLS = ("gen_ai", "llm", "openinference", "ai.", "langfuse", "traceloop")
"""How names of attributes begin by which a span is told to be of a model's call, or around one."""


OTLP = ("resourceSpans", "resourceLogs", "resource_spans", "resource_logs")
"""Fields of an export request."""


def is_export(record: Mapping[str, Any]) -> bool:
    """Whether a record is an export request."""
    return any(isinstance(record.get(name), list) for name in OTLP)


def tells_a_call(record: Mapping[str, Any]) -> bool:
    """Whether a record is a span or a log record of a store, and of a model's call."""
    if (found := as_export(record)) is None:
        return False
    told = () if "batches" in record else _told(found)
    return "batches" in record or any(
        name.startswith(_OF_CALLS) or str(value).startswith("gen_ai.") for name, value in told
    )


def _told(export: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What the spans and the log records of an export request say, with the names and the bodies of the latter."""
    for kind, scopes, items in (("resourceSpans", "scopeSpans", "spans"), ("resourceLogs", "scopeLogs", "logRecords")):
        for part in export.get(kind, ()):
            for item in (one for scope in part[scopes] for one in scope[items]):
                yield from ((str(name), value) for name, value in item["attributes"].items())
                yield "eventName", item.get("eventName")
                yield from flat(obj(unpacked(obj(item.get("body")).get("value")))).items()


def export_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The export request that a record is, or that it came in; what is neither stays as it is."""
    return record if is_export(record) else as_export(record) or record


def as_export(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The export request that a span or a log record came in; None for what is neither."""
    if isinstance(batches := record.get("batches"), list) and any("resource" in one for one in objects(batches)):
        return {"resourceSpans": batches}
    if isinstance(spans := record.get("spans"), list) and "processes" in record:
        return _of_jaeger(spans, obj(record["processes"]))
    if "context" in record and "span_kind" in record:
        return None  # Phoenix, whose format knows more of it
    attributes = _attributes(record)
    if attributes is None or _first(record, _TRACE) is None or (span := _span_id(record)) is None:
        return None
    resource = {"attributes": flat(obj(unpacked(_first(record, _RESOURCE))))}
    ids = {"traceId": _bare(_first(record, _TRACE)), "spanId": _bare(span)}
    scope = {"name": text(_first(record, _SCOPE))}
    if (name := text(_first(record, _NAME))) is not None and (times := _times(record)) is not None:
        made = ids | times | {"name": name, "attributes": attributes, "status": _status(record)}
        made |= {"parentSpanId": _bare(_first(record, _PARENT)), "events": _events(record)}
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": [made]}]}]}
    body, event = _first(record, _BODY), text(_first(record, _EVENT))
    if body is None and event is None and "event.name" not in attributes:
        return None
    said = ids | {"attributes": attributes, "eventName": event, "timeUnixNano": _first(record, _AT)}
    said |= {} if body is None else {"body": {"value": unpacked(body)}}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": [said]}]}]}


def _first(record: Mapping[str, Any], paths: tuple[str, ...]) -> Any:
    """What stands at the first of some paths that leads to something."""
    for path in paths:
        root, _, rest = path.partition(".")
        if root in record and (found := walk(record[root], rest) if rest else record[root]) not in (None, ""):
            return found
    return None


def _span_id(record: Mapping[str, Any]) -> Any:
    """The span's id; a plain `id` is one beside Application Insights' id of an operation alone."""
    own = _SPAN if {"OperationId", "operation_Id"} & record.keys() else _SPAN[:-2]
    return _first(record, own)


def _bare(name: Any) -> str | None:
    """An id as OTLP writes it: without the `0x` that an SDK prints before it, and none where it is empty."""
    found = text(name)
    return (found.removeprefix("0x") or None) if found else None


def _attributes(record: Mapping[str, Any]) -> dict[str, Any] | None:
    found = unpacked(_first(record, _ATTRIBUTES))
    return flat(found) if isinstance(found, dict) else None


def flat(held: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Objects within objects as one, whose names have dots: as attributes are."""
    made: dict[str, Any] = {}
    for name, value in held.items():
        if isinstance(value, dict) and value:
            made |= flat(value, f"{prefix}{name}.")
        else:
            made[prefix + name] = value
    return made


def _times(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """When a span began and ended; None for what has no duration."""
    started, ended = _first(record, _STARTED), _first(record, _ENDED)
    if ended is not None and started is not None:
        return {"startTimeUnixNano": started, "endTimeUnixNano": ended}
    took = next((us for name, unit in _TOOK.items() if (us := _scaled(record.get(name), unit)) is not None), None)
    if took is None:  # Elasticsearch counts nanoseconds, Application Insights milliseconds
        took = _scaled(record.get("duration"), 1e3 if "customDimensions" in record else 1e-3)
    at, _ = microseconds(started)
    if took is None or at is None:
        return None
    return {"startTimeUnixNano": started, "endTimeUnixNano": at + round(took)}


def _scaled(value: Any, unit: float) -> float | None:
    found = number(value)
    return None if found is None or found < 0 else found * unit


def _status(record: Mapping[str, Any]) -> dict[str, Any]:
    failed = str(_first(record, _STATUS)).upper() in _FAILED
    return {"code": 2, "message": _first(record, _MESSAGE)} if failed else {}


def _events(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was noted inside a span, in a list of objects or, as in ClickHouse's tables, in a list for each field."""
    if isinstance(names := record.get("Events.Name"), list):
        held = record.get("Events.Attributes")
        told = held if isinstance(held, list) else []
        return [{"name": name, "attributes": obj(unpacked(one))} for name, one in zip(names, told, strict=False)]
    return [
        {"name": event.get("name", event.get("event_name")), "attributes": obj(unpacked(event.get("attributes")))}
        for event in objects(unpacked(_first(record, ("events", "otel_events"))))
    ]


def _of_jaeger(spans: list[Any], processes: Mapping[str, Any]) -> dict[str, Any]:
    """A trace as Jaeger hands it out: times in microseconds, and what was called what, as lists of tags."""
    parts = []
    for span in objects(spans):
        tags, process = _tags(span.get("tags")), obj(processes.get(str(span.get("processID"))))
        parents = (one.get("spanID") for one in objects(span.get("references")) if one.get("refType") != "FOLLOWS_FROM")
        at, took = number(span.get("startTime")) or 0, number(span.get("duration")) or 0
        made = {"traceId": span.get("traceID"), "spanId": span.get("spanID"), "parentSpanId": next(parents, None)}
        made |= {"name": span.get("operationName"), "attributes": tags, "startTimeUnixNano": at}
        made |= {"endTimeUnixNano": at + took, "events": [_event_of(log) for log in objects(span.get("logs"))]}
        failed = tags.get("error") in (True, "true") or tags.get("otel.status_code") == "ERROR"
        made["status"] = {"code": 2, "message": tags.get("otel.status_description")} if failed else {}
        scope = {"name": text(tags.get("otel.scope.name")) or text(tags.get("otel.library.name"))}
        resource = {"attributes": {**_tags(process.get("tags")), "service.name": process.get("serviceName")}}
        parts.append({"resource": resource, "scopeSpans": [{"scope": scope, "spans": [made]}]})
    return {"resourceSpans": parts}


def _event_of(log: Mapping[str, Any]) -> dict[str, Any]:
    fields = _tags(log.get("fields"))
    return {"name": fields.pop("event", None), "attributes": fields}


def _tags(pairs: Any) -> dict[str, Any]:
    return {str(pair.get("key")): pair.get("value") for pair in objects(pairs)}
