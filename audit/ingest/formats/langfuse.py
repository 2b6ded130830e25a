"""Langfuse observations: blob export (v2, snake case), exports of the UI and the API (camel case), JSONL, CSV, Parquet.

Scores of the blob export, in files of their own, become the feedback of their observation, or of its trace's calls.
Source: langfuse/langfuse `worker/src/features/blobstorage`, `packages/shared/src/server/repositories`, 2026-08-22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import bodies, chat
from audit.ingest.calls.usage import put_usage, told_cost
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.telemetry import otel
from audit.ingest.values import microseconds, number, obj, text, unpacked
from audit.ingest.words import finish_reason, maker, model_key

_KEYS = {
    "route": ("prompt_name", "trace_name", *labels.ROUTE_KEYS, "name"),
    "tenant": labels.TENANT_KEYS,
    "environment": labels.ENVIRONMENT_KEYS,
    "region": labels.REGION_KEYS,
    "session": ("session_id",),
    "end_user": ("user_id",),
}
_CALLS = {"GENERATION": "chat", "EMBEDDING": "embeddings"}
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is an observation, or a score of one."""
    for fields in (("usage_details", "provided_model_name"), ("usageDetails", "traceId")):
        if all(field in record for field in fields):
            return f"has {' and '.join(fields)}"
    if {"data_type", "observation_id", "trace_id", "name", "value"} <= record.keys():
        return "has data_type and observation_id: a score"
    return None


def _snake(record: Mapping[str, Any]) -> dict[str, Any]:
    return {_CAMEL.sub(r"_\1", key).lower(): value for key, value in record.items()}


class ScoreJoin:
    """Scores by the observation or the trace that they are of."""

    def __init__(self) -> None:
        self._scores = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a score into account."""
        if "data_type" in record and "observation_id" in record:
            of = _text(record["observation_id"]) or _text(record.get("trace_id"))
            if of:
                self._scores.note(of, record)

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The observation with its scores."""
        trace = record.get("trace_id", record.get("traceId"))
        found = [*self._scores.of(_text(record.get("id"))), *self._scores.of(_text(trace))]
        if not found or "data_type" in record:
            return record
        return record | {"joined_scores": msgspec.Raw(msgspec.json.encode(found))}


def _text(raw: msgspec.Raw | None) -> str:
    found = None if raw is None else msgspec.json.decode(raw)
    return found if isinstance(found, str) else ""


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one observation per record; spans, events and scores are no calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        raw = values.parse(record)
        if not isinstance(raw, dict) or not ("type" in raw or "data_type" in raw):
            raise Unusable("no `type`: not a Langfuse observation")
        operation = _CALLS.get(str(raw.get("type")).upper())
        return (_row(_snake(raw), raw, operation, wanted),) if operation else ()

    return read


def _row(seen: dict[str, Any], raw: dict[str, Any], operation: str, wanted: labels.Finders) -> Row:
    metadata = obj(unpacked(seen.get("metadata")))
    row = Row(operation=operation, emitter="langfuse", request_id=text(seen.get("id")))
    row.trace_id, row.span_id = text(seen.get("trace_id")), text(seen.get("id"))
    row.parent_span_id = text(seen.get("parent_observation_id"))
    found = {
        "langfuse.observation.input": seen.get("input"),
        "langfuse.observation.output": seen.get("output"),
        "langfuse.observation.model.parameters": seen.get("model_parameters"),
        "langfuse.observation.metadata.response_format": metadata.get("response_format"),
        "langfuse.observation.metadata.finish_reason": metadata.get("finish_reason"),
    }
    request, answer = otel.request_of(found, ()), otel.answer_of(found, ())
    failed = str(seen.get("level")).upper() == "ERROR"
    reasons = bodies.put_request(row, request, bodies.CHAT) if isinstance(request.get("messages"), list) else set()
    answered = not failed and answer is not None and bodies.put_answer(row, answer, bodies.spoken({}, answer))
    row.request_id, row.native_request = text(seen.get("id")), None
    row.model_responded = text(seen.get("provided_model_name")) or text(seen.get("model"))
    row.model_requested = row.model_called = row.model_responded
    row.model_key, row.provider = model_key(row.model_responded), maker(row.model_responded)
    row.params_defaulted = _defaulted(obj(unpacked(seen.get("model_parameters"))))
    _put_money(row, seen)
    error = {"message": text(seen.get("status_message")) or "error"} if failed else None
    bodies.put_outcome(row, error, None, answered=answered)
    _put_times(row, seen)
    _put_labels(row, seen, raw, metadata, wanted)
    row.dedupe_key = f"{row.request_id}@{row.started_at}"  # an observation is exported again when it is updated
    chat.judge_replayable(row, reasons, "equivalent")
    return row


def _defaulted(sent: Mapping[str, Any]) -> list[str]:
    """Parameters that the OpenAI wrapper writes whether they were sent or not."""
    if sent.get("max_tokens") != "Infinity":
        return []
    return sorted(key for key in ("max_tokens", "temperature", "top_p", "frequency_penalty") if key in sent)


def _put_money(row: Row, seen: Mapping[str, Any]) -> None:
    counted = _counted(seen)
    if any(counted.values()):
        put_usage(row, otel.disjoint(counted))
        row.usage_raw = values.json_text(counted)
    row.finish_reason = finish_reason(row.finish_reason_raw)
    costs = obj(unpacked(seen.get("cost_details")))
    if cost := told_cost(row, seen.get("total_cost"), costs.get("total"), seen.get("calculated_total_cost")):
        row.cost_usd_logged, row.cost_basis = cost, "platform_pricetable"


def _counted(seen: Mapping[str, Any]) -> dict[str, Any]:
    """The buckets of tokens; of the first version of its API the sums, unless they are of something else."""
    if any((found := obj(unpacked(seen.get("usage_details")))).values()):
        return found
    older = obj(unpacked(seen.get("usage")))
    if older.get("unit") not in (None, "TOKENS"):
        return {}
    counts = {
        "input": older.get("input", seen.get("prompt_tokens")),
        "output": older.get("output", seen.get("completion_tokens")),
    }
    return {name: count for name, count in counts.items() if count is not None}


def _put_times(row: Row, seen: Mapping[str, Any]) -> None:
    row.started_at, row.started_at_resolution = microseconds(seen.get("start_time"))
    row.ended_at, _ = microseconds(seen.get("end_time"))
    first, _ = microseconds(seen.get("completion_start_time"))
    if row.started_at is None:
        return
    if row.ended_at is not None:
        row.latency_ms = (row.ended_at - row.started_at) / 1000
    if first is not None and first >= row.started_at:
        row.ttft_ms, row.streaming = (first - row.started_at) / 1000, True


def _put_labels(
    row: Row, seen: dict[str, Any], raw: dict[str, Any], metadata: Mapping[str, Any], wanted: labels.Finders
) -> None:
    tags = unpacked(seen.get("tags", seen.get("trace_tags")))
    row.tags = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else ()
    own = (seen, "")
    places = ((metadata, "metadata."), (labels.tag_pairs(row.tags), "tags."), own)
    labels.put(row, wanted, raw.get, places, route=(own, *places), environment=(own, *places))
    row.release = text(seen.get("release"))
    scores = seen.get("joined_scores")
    row.feedback = [_feedback(obj(score)) for score in scores] if isinstance(scores, list) else ()
    kept = {key: value for key, value in metadata.items() if key not in ("response_format", "finish_reason")}
    row.metadata = values.scalars(kept, "metadata.") or None


def _feedback(score: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": text(score.get("name")),
        "value": number(score.get("value")),
        "label": text(score.get("string_value")),
        "source": text(score.get("source")),
        "comment": text(score.get("comment")),
    }


FORMAT = Format(
    name="langfuse",
    summary="Langfuse observations: blob export, UI and API exports, as JSONL, CSV or Parquet; scores joined",
    fields=("usage_details", "provided_model_name", "usageDetails", "parentObservationId", "traceId", "trace_id"),
    detects=detects,
    open=open_reader,
    join=ScoreJoin,
)
