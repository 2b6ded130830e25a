"""OpenRouter generations: what `GET /api/v1/generation` says of each, with or without `data` around it, as its API
or its SDK writes it; and the rows of the activity page's CSV. No bodies.

Billed are the native tokens; a cancelled generation is a cut stream. Sources: openrouter.ai/docs/api/api-reference/
generations/get-generation, read 2026-11-28; the columns as importers of the CSV have them, read 2026-11-30.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, number, obj, small, text
from audit.protocols.billed import reported_cost

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "preset_id", "app_name", "http_referer", "origin"),
    "tenant": (*labels.TENANT_KEYS, "api_key_name"),
    "region": ("data_region",),
    "session": ("session_id",),
    "end_user": ("external_user", "user"),
}
_FIELDS = frozenset({"native_tokens_prompt", "native_tokens_completion", "total_cost"})


_COLUMNS = {
    "generation_id": "id", "cost_total": "total_cost", "byok_usage_inference": "upstream_inference_cost",
    "tokens_prompt": "native_tokens_prompt", "tokens_completion": "native_tokens_completion",
    "tokens_reasoning": "native_tokens_reasoning", "tokens_cached": "native_tokens_cached", "model_permaslug": "model",
    "finish_reason_normalized": "finish_reason", "generation_time_ms": "latency",
}  # fmt: skip
"""Columns of the CSV, by what the API calls them."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _generation(record: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of a generation, under the API's names."""
    if "generation_id" in record:
        found = {_COLUMNS.get(name, name): value for name, value in record.items()}
        return {**found, "is_byok": bool(number(found.get("upstream_inference_cost")))}
    held = obj(record.get("data")) or record
    if "nativeTokensPrompt" in held:
        return {_HUMP.sub("_", name).lower(): value for name, value in held.items()}
    return dict(held if held.keys() >= _FIELDS else record)


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
        ttft_ms=found.get("time_to_first_token_ms"),
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
