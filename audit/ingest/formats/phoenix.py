"""Exports of Phoenix and of Arize AX: spans of its REST API, and `get_spans_dataframe()` as Parquet, CSV or JSON.

They are OpenInference's spans under Phoenix's names: each becomes the OTLP span that it came from, and is read as one.
Source: arize.com/docs/phoenix, REST API `GET /v1/projects/{project}/spans`, and "Export Data & Query Spans", read
2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import values
from audit.ingest.formats import Format, Reader, otlp
from audit.ingest.row import Row, Unusable
from audit.ingest.telemetry.spans import SpanJoin
from audit.ingest.values import obj, text, unpacked

_FLAT = "attributes."
_KIND = "attributes.openinference.span.kind"
"""The one column with a span's kind in what Arize AX exports."""


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a span of Phoenix's."""
    if "start_time" not in record or not ("span_kind" in record or _KIND in record):
        return None
    if "context.span_id" in record:
        return f"has {'span_kind' if 'span_kind' in record else _KIND} and context.span_id"
    return "has span_kind and context with span_id" if "span_id" in obj(record.get("context")) else None


def _attributes(record: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes by their dotted names: a data frame has a column each, and keeps lists whole."""
    given = obj(unpacked(record.get("attributes")))
    columns = {key[len(_FLAT) :]: value for key, value in record.items() if key.startswith(_FLAT) and value is not None}
    flat: dict[str, Any] = {}
    for key, value in (given | columns).items():
        _flatten(key, value, flat)
    return flat


def _flatten(key: str, value: Any, out: dict[str, Any]) -> None:
    items: Any = ()
    if isinstance(value, dict) and key != "metadata":
        items = value.items()
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        items = enumerate(value)
    elif value is not None:
        out[key] = value
    for name, inner in items:
        _flatten(f"{key}.{name}", inner, out)


def _as_otlp(record: Mapping[str, Any]) -> dict[str, Any]:
    context = obj(record.get("context"))
    found = {"openinference.span.kind": record.get("span_kind") or record.get(_KIND), **_attributes(record)}
    noted = obj(unpacked(found.pop("metadata", None)))
    failed = str(record.get("status_code")).upper() == "ERROR"
    span = {
        "traceId": context.get("trace_id") or record.get("context.trace_id"),
        "spanId": context.get("span_id") or record.get("context.span_id"),
        "parentSpanId": text(record.get("parent_id")),
        "name": record.get("name"),
        "attributes": {**noted, **found},
        "startTimeUnixNano": record.get("start_time"),
        "endTimeUnixNano": record.get("end_time"),
        "status": {"code": 2, "message": record.get("status_message")} if failed else {},
    }
    return {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "phoenix"}, "spans": [span]}]}]}


class PhoenixJoin:
    """What lies around each span, as for OTLP."""

    def __init__(self) -> None:
        self._spans = SpanJoin()

    def see(self, record: Mapping[str, msgspec.Raw], file: str) -> Any:
        """Take a span into account."""
        span = _as_otlp({name: msgspec.json.decode(raw) for name, raw in record.items()})
        return self._spans.see({name: msgspec.Raw(msgspec.json.encode(value)) for name, value in span.items()}, file)

    def join(self, record: dict[str, msgspec.Raw], file: str, seen: Any) -> dict[str, msgspec.Raw]:
        """The span with what lies around it."""
        return record | {"around": self._spans.join({}, file, seen)["context"]}


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one span per record; those that call no model are no calls."""
    inner = otlp.open_reader(settings)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `span_kind` with a context: not a span of Phoenix")
        return inner(msgspec.json.encode(_as_otlp(line) | {"context": line.get("around")}))

    return read


FORMAT = Format(
    name="phoenix",
    summary="Arize Phoenix: spans of the REST API, get_spans_dataframe() as Parquet, CSV or JSON",
    fields=("span_kind", "context", "context.span_id", "parent_id", "status_code", "attributes"),
    detects=detects,
    open=open_reader,
    join=PhoenixJoin,
)
