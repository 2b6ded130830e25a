"""OpenRouter generations: what `GET /api/v1/generation` says of each, with or without `data` around it. No bodies.

Billed are the native tokens; a cancelled generation is a cut stream. Source:
openrouter.ai/docs/api/api-reference/generations/get-generation, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.envelope import Envelope, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.usage import reported_cost
from audit.ingest.values import boolean, obj, small, text

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "preset_id", "http_referer", "origin"),
    "region": ("data_region",),
    "session": ("session_id",),
    "end_user": ("external_user",),
}
_FIELDS = frozenset({"native_tokens_prompt", "native_tokens_completion", "total_cost"})


def _generation(record: Mapping[str, Any]) -> dict[str, Any]:
    held = obj(record.get("data"))
    return held if held.keys() >= _FIELDS else dict(record)


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a generation."""
    return "has native_tokens_prompt and total_cost" if _generation(record).keys() >= _FIELDS else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one generation per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `native_tokens_prompt` with `total_cost`: not a generation")
        found = _generation(line)
        row = row_of(_envelope(found))
        row.gateway, row.service_tier = "openrouter", text(found.get("service_tier"))
        tried = found.get("provider_responses")
        row.fallbacks = max(len(tried) - 1, 0) if isinstance(tried, list) else None
        labels.put(row, wanted, found.get, ((found, ""),))
        return (row,)

    return read


def _envelope(found: Mapping[str, Any]) -> Envelope:
    """A generation; with the customer's own key, the upstream's bill is part of the cost."""
    cut = boolean(found.get("cancelled")) is True
    bill = {
        "cost": found.get("total_cost"),
        "is_byok": found.get("is_byok"),
        "cost_details": {"upstream_inference_cost": found.get("upstream_inference_cost")},
    }
    cost = reported_cost(bill)
    tried = found.get("provider_responses")
    status = small(obj(tried[-1]).get("status")) if isinstance(tried, list) and tried else None
    failed = (status or 200) >= 400
    return Envelope(
        emitter="openrouter",
        request_id=text(found.get("id")),
        model=text(found.get("model")),
        provider="openrouter",
        started=found.get("created_at"),
        latency_ms=found.get("latency"),
        usage={
            "prompt_tokens": found.get("native_tokens_prompt"),
            "completion_tokens": found.get("native_tokens_completion"),
            "prompt_tokens_details": {"cached_tokens": found.get("native_tokens_cached")},
            "completion_tokens_details": {"reasoning_tokens": found.get("native_tokens_reasoning")},
        },
        cost=found.get("total_cost") if cost is None else cost,
        cost_basis="provider",
        finish=text(found.get("finish_reason")),
        error={"message": "failed"} if failed else None,
        http_status=status,
        answered=not failed,
        cut=cut,
        streaming=boolean(found.get("streamed")),
        operation="embeddings" if found.get("api_type") == "embeddings" else "chat",
    )


FORMAT = Format(
    name="openrouter",
    summary="OpenRouter generations: counts and bills, no bodies",
    fields=("native_tokens_prompt", "native_tokens_completion", "total_cost", "provider_name", "upstream_id"),
    detects=detects,
    open=open_reader,
)
