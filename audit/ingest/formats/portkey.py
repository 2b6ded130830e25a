"""Portkey logs exports, JSON lines: any field but the id may have been left out; a cost is in cents.

Source: portkey.ai/docs/product/observability/logs-export, the older page with `request.body`, `req_units` and
`cache_status` and the present one; read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, first, lowered, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, obj, small, text, unpacked

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "prompt_slug"),
    "session": ("session_id", "conversation_id"),
    "end_user": ("_user",),
}
_CENTS = 100
_HITS = frozenset({"HIT", "SEMANTIC HIT"})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is Portkey's."""
    named = {"ai_org", "ai_model"} <= record.keys() or {"ai_provider", "ai_model"} <= record.keys()
    return "has ai_model and its provider" if named and "created_at" in record else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one request per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `ai_model`: not a log of Portkey")
        row = row_of(_envelope(line))
        row.trace_id, row.retries = text(line.get("trace_id")), small(line.get("retry_success_count"))
        noted = obj(unpacked(line.get("metadata")))
        labels.put(row, wanted, line.get, ((noted, "metadata."), (line, "")))
        row.metadata = values.scalars(noted, "metadata.") or None
        return (row,)

    return read


def _body(value: Any) -> Any:
    """A body, from text and from under `body`, where the older export keeps it."""
    held = unpacked(value)
    return unpacked(held["body"]) if isinstance(held, dict) and "body" in held else held


def _envelope(line: Mapping[str, Any]) -> Envelope:
    status = small(first(line, "response_status_code", "status_code"))
    failed = (status or 200) >= 400 or text(line.get("is_success")) == "0"
    said = _body(line.get("response"))
    return Envelope(
        emitter="portkey",
        request=obj(_body(line.get("request"))),
        answer=None if failed else said,
        request_id=text(line.get("id")),
        logical_id=text(line.get("trace_id")),
        model=text(line.get("ai_model")),
        provider=lowered(first(line, "ai_org", "ai_provider")),
        url=text(line.get("request_url")),
        started=line.get("created_at"),
        latency_ms=line.get("response_time"),
        usage={
            "prompt_tokens": first(line, "req_units", "request_tokens"),
            "completion_tokens": first(line, "res_units", "response_tokens"),
            "total_tokens": first(line, "total_units", "total_tokens"),
        },
        cost=line.get("cost"),
        cost_unit=1 / _CENTS,
        error=(obj(said) or {"message": "no answer"}) if failed else None,
        http_status=status,
        answered=not failed and status is not None,
        cache_hit=True if text(line.get("cache_status")) in _HITS else None,
        streaming=boolean(line.get("stream_mode")),
    )


FORMAT = Format(
    name="portkey",
    summary="Portkey logs exports: JSON lines, with or without bodies; costs in cents",
    fields=("ai_org", "ai_model", "req_units", "res_units", "response_time", "prompt_slug", "cost_currency"),
    detects=detects,
    open=open_reader,
)
