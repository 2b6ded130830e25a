"""Cloudflare AI Gateway: its logs API, and Logpush of the dataset `ai_gateway_events`.

The API gives counts and costs without whole bodies. Logpush gives encrypted bodies; decrypt them in place, and they are
read. Source: developers.cloudflare.com/api/resources/ai_gateway/subresources/logs and
developers.cloudflare.com/logs/logpush/logpush-job/datasets/account/ai_gateway_events, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, lowered, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, obj, small, text, unpacked

_KEYS = {
    **labels.COMMON_KEYS,
    "session": ("session_id", "conversation_id"),
    "end_user": ("user_id", "user"),
}
_API = frozenset({"tokens_in", "tokens_out", "provider", "model", "created_at"})
_PUSHED = frozenset({"Gateway", "Provider", "Model", "StatusCode"})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is AI Gateway's."""
    if record.keys() >= _API:
        return "has tokens_in, tokens_out, provider and created_at"
    return "has Gateway, Provider, Model and StatusCode" if record.keys() >= _PUSHED else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one request per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("neither a log of Cloudflare's API nor of its Logpush")
        pushed = "Gateway" in line
        row = row_of(_pushed(line) if pushed else _listed(line))
        row.gateway = text(line.get("Gateway"))
        noted, name = (line.get("Metadata"), "Metadata.") if pushed else (line.get("metadata"), "metadata.")
        found = obj(unpacked(noted))
        labels.put(row, wanted, line.get, ((found, name),))
        row.metadata = values.scalars(found, name) or None
        return (row,)

    return read


def _listed(line: Mapping[str, Any]) -> Envelope:
    """A log of the API."""
    failed = boolean(line.get("success")) is False
    return Envelope(
        emitter="cloudflare",
        request_id=text(line.get("id")),
        model=text(line.get("model")),
        provider=lowered(line.get("provider")),
        started=line.get("created_at"),
        latency_ms=line.get("duration"),
        usage={"prompt_tokens": line.get("tokens_in"), "completion_tokens": line.get("tokens_out")},
        cost=line.get("cost"),
        error={"message": "failed"} if failed else None,
        http_status=small(line.get("status_code")),
        answered=not failed,
        cache_hit=boolean(line.get("cached")),
    )


def _pushed(line: Mapping[str, Any]) -> Envelope:
    """An event of Logpush; its bodies are read where somebody decrypted them."""
    asked, said = obj(unpacked(line.get("RequestBody"))), unpacked(line.get("ResponseBody"))
    hidden = _encrypted(asked) or _encrypted(said)
    metrics, status = obj(unpacked(line.get("Metrics"))), small(line.get("StatusCode"))
    failed = (status or 200) >= 400
    return Envelope(
        emitter="cloudflare",
        request={} if _encrypted(asked) else asked,
        answer=None if _encrypted(said) or failed else said,
        model=text(line.get("RequestedModel")) or text(line.get("Model")),
        responded=text(line.get("Model")),
        provider=lowered(line.get("Provider")),
        started=line.get("Timestamp"),
        latency_ms=metrics.get("durationMs"),
        cost=metrics.get("cost"),
        error=(obj(said) if not _encrypted(said) else None) or {"message": "failed"} if failed else None,
        http_status=status,
        answered=not failed,
        cache_hit=boolean(line.get("Cached")),
        reasons=frozenset({Reason.ENCRYPTED} if hidden else ()),
    )


def _encrypted(body: Any) -> bool:
    found = obj(body)
    return found.get("type") == "encrypted" or {"key", "iv", "data"} <= found.keys()


FORMAT = Format(
    name="cloudflare",
    summary="Cloudflare AI Gateway: logs API (no bodies) and Logpush (bodies once decrypted)",
    fields=("tokens_in", "tokens_out", "status_code", "Gateway", "StatusCode", "RequestBody", "ResponseBody"),
    detects=detects,
    open=open_reader,
)
