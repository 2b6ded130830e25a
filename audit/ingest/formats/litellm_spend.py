"""Rows of LiteLLM's table `LiteLLM_SpendLogs`: a dump of the database as JSON or CSV, and the proxy's `/spend/logs`.

One row is one request of a client. `spend` is what the proxy billed; prompts are there only where the proxy was told to
store them, and texts over 2,048 characters are cut. Source: litellm 1.106.2, `schema.prisma: LiteLLM_SpendLogs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.doubts import Doubt
from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import bodies, chat
from audit.ingest.calls.litellm_payload import OPERATIONS
from audit.ingest.calls.usage import put_usage, told_cost
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.values import boolean, integer, microseconds, number, obj, small, text, unpacked
from audit.ingest.words import charged_as, free, provider

_KEYS = {
    "route": labels.ROUTE_KEYS,
    "tenant": ("user_api_key_team_alias", "team_id", "organization_id", "user_api_key_alias"),
    "environment": labels.ENVIRONMENT_KEYS,
    "region": labels.REGION_KEYS,
    "session": ("session_id",),
    "end_user": ("end_user", "user"),
}
_JSON = ("metadata", "request_tags", "messages", "response", "proxy_server_request")
_TELLING = ("spend", "startTime", "proxy_server_request")
_REPLAYED = ("chat", "responses", "messages", "embeddings")


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is such a row."""
    if not {"request_id", "call_type"} <= record.keys():
        return None
    # An export may leave columns out; the payload of a callback has no `request_id`.
    return next((f"has request_id, call_type and {name}" for name in _TELLING if name in record), None)


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one row of the table per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `request_id` and `call_type`: not a row of LiteLLM_SpendLogs")
        return (_row(line | {name: unpacked(line[name]) for name in _JSON if name in line}, wanted),)

    return read


def _row(line: dict[str, Any], wanted: labels.Finders) -> Row:
    metadata = obj(line.get("metadata"))
    row = Row(gateway="litellm", emitter="litellm")
    kind = text(line.get("call_type")) or "completion"
    row.operation = OPERATIONS.get(kind) or OPERATIONS.get(kind.removeprefix("a"), "other")
    held = _put_bodies(row, line)
    reasons = held.reasons
    if row.usage_raw is None:
        put_usage(row, metadata.get("usage_object"))
    row.request_id, row.logical_request_id = text(line.get("request_id")), text(line.get("litellm_call_id"))
    row.model_requested = text(line.get("model_group")) or row.model_requested
    row.model_called = text(line.get("model"))
    called = row.model_called or row.model_requested
    row.model_key = charged_as(called, row.model_responded, text(line.get("custom_llm_provider")), row.model_requested)
    row.provider = provider(line.get("custom_llm_provider"))
    row.retries, row.fallbacks = small(metadata.get("attempted_retries")), small(metadata.get("attempted_fallbacks"))
    _put_outcome(row, line, obj(metadata.get("error_information")), held)
    _put_times(row, line)
    _put_money(row, line)
    _put_labels(row, line, metadata, wanted)
    if row.operation not in _REPLAYED:
        reasons.add(Reason.OTHER_OPERATION)
    row.dedupe_key = call_key(row)
    chat.judge_replayable(row, reasons, "equivalent")
    return row


def _put_bodies(row: Row, line: Mapping[str, Any]) -> bodies.ExchangeFacts:
    request, answer = line.get("proxy_server_request"), line.get("response")
    request = obj(obj(request).get("body")) or obj(request)
    if not request and isinstance(line.get("messages"), list):
        request = {"model": line.get("model"), "messages": line["messages"]}
    return bodies.put_exchange(row, request, answer)


def _put_outcome(row: Row, line: Mapping[str, Any], error: Mapping[str, Any], held: bodies.ExchangeFacts) -> None:
    answered = held.answered
    if line.get("status") == "failure" or error.get("error_class"):
        code = small(error.get("error_code"))
        told = {"type": error.get("error_class"), "message": text(error.get("error_message")) or "failure"}
        bodies.put_outcome(row, told, code, answered=answered)
        return
    if held.error:
        bodies.put_outcome(row, held.error, None, answered=answered)
        return
    # Prompts and answers are stored only on demand; that the proxy calls it a success is enough to be billed.
    row.status = "ok" if answered or line.get("status") == "success" or number(line.get("spend")) else "unknown"
    if answered:
        bodies.settle_cut(row)


def _put_times(row: Row, line: Mapping[str, Any]) -> None:
    row.started_at, row.started_at_resolution = microseconds(line.get("startTime"))
    row.ended_at, _ = microseconds(line.get("endTime"))
    first, _ = microseconds(line.get("completionStartTime"))
    if row.started_at is None or row.ended_at is None:
        return
    row.latency_ms = (row.ended_at - row.started_at) / 1000
    if first is not None and row.started_at <= first < row.ended_at:
        row.ttft_ms = (first - row.started_at) / 1000


def _put_money(row: Row, line: Mapping[str, Any]) -> None:
    prompt, completion = integer(line.get("prompt_tokens")), integer(line.get("completion_tokens"))
    if prompt or completion:
        # Of two counts the larger includes the cache and the reasoning.
        row.prompt_tokens = max(prompt or 0, row.prompt_tokens or 0)
        row.completion_tokens = max(completion or 0, row.completion_tokens or 0)
        row.usage_basis = "emitter_estimated" if row.status == "error" else "provider"
    row.cache_hit = boolean(line.get("cache_hit"))
    spend = told_cost(row, line.get("spend"))
    if spend is not None and (spend > 0 or row.cache_hit or row.status == "error"):
        row.cost_usd_logged, row.cost_basis = spend, "gateway_pricetable"
    elif spend == 0 and free(row.model_called):
        row.cost_usd_logged, row.cost_basis = 0.0, "free"
    elif spend == 0:
        row.ingest_warnings = (*row.ingest_warnings, Doubt.ZERO_COST)


def _put_labels(row: Row, line: dict[str, Any], metadata: Mapping[str, Any], wanted: labels.Finders) -> None:
    tags = line.get("request_tags")
    row.tags = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else ()
    places = (
        (labels.tag_pairs(row.tags), "request_tags."),
        (metadata.get("requester_metadata"), "metadata.requester_metadata."),
        (metadata.get("spend_logs_metadata"), "metadata.spend_logs_metadata."),
        (metadata, "metadata."),
    )
    own = (line, "")
    tenants = ((metadata, "metadata."), own)
    labels.put(row, wanted, line.get, places, tenant=tenants, session=(own,), end_user=(own,))
    row.metadata = values.scalars(metadata, "metadata.", ("usage_object", "error_information")) or None


FORMAT = Format(
    name="litellm-spend",
    summary="LiteLLM's spend table: rows of LiteLLM_SpendLogs as JSON or CSV; what the proxy billed",
    fields=("request_id", "call_type", "spend", "startTime", "endTime", "api_key", "cache_hit", "proxy_server_request"),
    detects=detects,
    open=open_reader,
)
