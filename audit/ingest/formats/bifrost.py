"""Bifrost's log store: rows of its `logs` table, and what its log API returns.

A fallback is a row of its own, under the request that it stands in for. Source: github.com/maximhq/bifrost,
`framework/logstore/tables.go: Log`, read 2026-11-28: `latency` in milliseconds, `cost` in dollars, the JSON columns
under the names that the API gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, first, lowered, row_of
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, obj, small, text, unpacked

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "selected_prompt_name"),
    "tenant": (*labels.TENANT_KEYS, "customer_name", "customer_id", "team_name", "team_id", "virtual_key_name"),
    "session": ("session_id",),
    "end_user": ("user_id",),
}


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is Bifrost's."""
    return "has fallback_index and selected_key_id" if {"fallback_index", "selected_key_id"} <= record.keys() else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one attempt per record; those still under way are no calls yet."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `fallback_index`: not a log of Bifrost")
        if line.get("status") == "processing":
            return ()
        row = row_of(_envelope(line))
        row.retries, row.fallbacks = small(line.get("number_of_retries")), small(line.get("fallback_index"))
        noted = obj(unpacked(line.get("metadata")))
        labels.put(row, wanted, line.get, ((noted, "metadata."), (line, "")))
        row.metadata = values.scalars(noted, "metadata.") or None
        return (row,)

    return read


def _envelope(line: Mapping[str, Any]) -> Envelope:
    failed = line.get("status") == "error"
    details = obj(unpacked(line.get("error_details")))
    usage = obj(unpacked(line.get("token_usage")))
    away = boolean(line.get("has_object")) or boolean(line.get("is_large_payload_request"))
    kind = text(first(line, "object_type", "object")) or ""
    return Envelope(
        emitter="bifrost",
        request=_request(line),
        answer=None if failed else _answer(line, usage),
        request_id=text(line.get("id")),
        logical_id=text(line.get("parent_request_id")) or text(line.get("id")),
        model=text(first(line, "alias", "model")),
        responded=text(first(line, "canonical_model_name", "model")),
        provider=lowered(line.get("provider")),
        started=line.get("timestamp"),
        latency_ms=line.get("latency"),
        usage=usage,
        cost=line.get("cost"),
        finish=text(line.get("stop_reason")),
        error=(details.get("error") or details or {"message": "no answer"}) if failed else None,
        http_status=small(details.get("status_code")),
        answered=not failed,
        streaming=boolean(line.get("stream")),
        operation="embeddings" if "embedding" in kind else "chat",
        reasons=frozenset({Reason.BODY_EXTERNAL} if away else ()),
    )


def _request(line: Mapping[str, Any]) -> dict[str, Any]:
    """The body that was asked with, from its parts; the raw one where it was kept."""
    raw = obj(unpacked(line.get("raw_request")))
    if raw:
        return raw
    body = {"model": first(line, "alias", "model"), **obj(unpacked(line.get("params")))}
    tools = unpacked(line.get("tools"))
    body |= {"tools": tools} if isinstance(tools, list) and tools else {}
    messages, items = (unpacked(line.get(name)) for name in ("input_history", "responses_input_history"))
    if isinstance(messages, list) and messages:
        return body | {"messages": messages}
    return body | {"input": items} if isinstance(items, list) and items else {}


def _answer(line: Mapping[str, Any], usage: Mapping[str, Any]) -> Any:
    raw = out_of_text(line.get("raw_response"))
    if isinstance(raw, dict | list) and raw:
        return raw
    message, items = unpacked(line.get("output_message")), unpacked(line.get("responses_output"))
    if isinstance(message, dict):
        return {"choices": [{"message": message, "finish_reason": line.get("stop_reason")}], "usage": usage}
    return {"object": "response", "output": items, "usage": usage} if isinstance(items, list) and items else None


FORMAT = Format(
    name="bifrost",
    summary="Bifrost (Maxim) log store and log API: attempts with their fallbacks",
    fields=("fallback_index", "selected_key_id", "number_of_retries", "input_history", "output_message", "token_usage"),
    detects=detects,
    open=open_reader,
)
