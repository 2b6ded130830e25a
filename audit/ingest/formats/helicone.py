"""Helicone: `npx @helicone/export --include-body` as JSON lines or JSON, and `POST /v1/request/query-clickhouse`.

Bodies are the provider's own; without them a placeholder stands there. Prompt tokens are counted without the cache.
Source: docs.helicone.ai/rest/request/post-v1requestquery-clickhouse, schema `HeliconeRequest`; read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, first, lowered, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, number, obj, small, text, unpacked

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "prompt_id", "Helicone-Session-Path"),
    "session": ("Helicone-Session-Id",),
    "end_user": ("request_user_id",),
}
_PLACEHOLDER = "helicone_message"
_NO_CACHE = "00000000-0000-0000-0000-000000000000"


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is Helicone's."""
    named = "request_id" in record or "response_id" in record  # the CSV has no ids of requests
    told = named and {"request_created_at", "response_status"} <= record.keys()
    return "has an id, request_created_at and response_status" if told else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one request per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `request_id` with `request_created_at`: not a request of Helicone")
        row = row_of(_envelope(line))
        row.feedback = _feedback(line)
        sent = obj(unpacked(first(line, "request_properties", "properties")))
        labels.put(row, wanted, line.get, ((sent, "request_properties."), (line, "")))
        row.metadata = values.scalars(sent, "request_properties.") or None
        return (row,)

    return read


def _envelope(line: Mapping[str, Any]) -> Envelope:
    asked, said = obj(unpacked(line.get("request_body"))), unpacked(line.get("response_body"))
    away = _PLACEHOLDER in asked or _PLACEHOLDER in obj(said)
    status = number(line.get("response_status"))
    failed = status is not None and not 200 <= status < 300
    cached = text(line.get("cache_reference_id"))
    return Envelope(
        emitter="helicone",
        request={} if _PLACEHOLDER in asked else asked,
        answer=None if _PLACEHOLDER in obj(said) or failed else said,
        request_id=text(first(line, "request_id", "response_id")),
        model=text(first(line, "request_model", "model_override", "model")),
        responded=text(line.get("response_model")),
        provider=lowered(line.get("provider")),
        url=text(line.get("target_url")),
        started=line.get("request_created_at"),
        ended=line.get("response_created_at"),
        latency_ms=line.get("delay_ms"),
        ttft_ms=line.get("time_to_first_token"),
        usage={
            "input_tokens": line.get("prompt_tokens"),
            "output_tokens": line.get("completion_tokens"),
            "cache_read_input_tokens": line.get("prompt_cache_read_tokens"),
            "cache_creation_input_tokens": line.get("prompt_cache_write_tokens"),
        },
        cost=first(line, "cost", "costUSD", "cost_usd"),
        error=(obj(said) or {"code": text(status), "message": "no answer"}) if failed else None,
        http_status=small(status),
        answered=(away or "response_body" not in line) and status is not None and not failed,
        cache_hit=True if cached and cached != _NO_CACHE else None,
        reasons=frozenset({Reason.BODY_EXTERNAL} if away else ()),
    )


def _feedback(line: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    rating = boolean(line.get("feedback_rating"))
    if rating is None:
        return ()
    return ({"name": "feedback_rating", "value": float(rating), "label": None, "source": "helicone", "comment": None},)


FORMAT = Format(
    name="helicone",
    summary="Helicone exports: JSON lines or JSON of @helicone/export, and its request API",
    fields=("request_id", "request_created_at", "request_body", "response_body", "response_status", "delay_ms"),
    detects=detects,
    open=open_reader,
)
