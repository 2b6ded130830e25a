"""LangSmith runs: the ingest shape (posts and patches merged), exports of runs, and bulk exports as Parquet.

Source: langsmith 0.15.0, `langsmith/schemas.py: Run`; docs.smith.langchain.com, "Run data format", read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import bodies, chat, langchain
from audit.ingest.calls.usage import put_usage, told_cost
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.values import integer, microseconds, obj, text, unpacked
from audit.ingest.words import maker, model_key, provider

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "root_name"),
    "session": ("session_id", "thread_id", "conversation_id"),
    "end_user": ("user_id", "user"),
}


_TIERS = ("priority", "flex")
_WRITES = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a run."""
    return "has run_type and dotted_order" if "run_type" in record and "dotted_order" in record else None


class RunJoin:
    """The name of each trace's root: what the traced function is called is the route where nothing else is."""

    def __init__(self) -> None:
        self._roots = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a run into account."""
        if bytes(record.get("parent_run_id", b"null")) == b"null" and "trace_id" in record and "name" in record:
            self._roots.note(_trace(record), record["name"])

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The run with the name of its root."""
        root = self._roots.last(_trace(record))
        return record | {"root_name": root} if root is not None else record


def _trace(record: Mapping[str, msgspec.Raw]) -> str:
    return bytes(record.get("trace_id", b"")).decode("utf-8", "replace")


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one run per record; chains, tools and retrievers are no calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        run = values.parse(record)
        if not isinstance(run, dict) or "run_type" not in run:
            raise Unusable("no `run_type`: not a LangSmith run")
        return (_row(run, wanted),) if run["run_type"] == "llm" else ()

    return read


def _row(run: dict[str, Any], wanted: labels.Finders) -> Row:
    extra = obj(unpacked(run.get("extra")))
    metadata = obj(unpacked(extra.get("metadata")))
    inputs, outputs = obj(unpacked(run.get("inputs"))), obj(unpacked(run.get("outputs")))
    row = Row(emitter="langsmith")
    request = langchain.request_of(inputs, extra, metadata)
    held = bodies.put_exchange(row, request, langchain.answer_of(outputs))
    row.request_id = row.request_id or text(run.get("id"))
    _put_tokens(row, run, outputs, metadata)
    row.model_called = row.model_requested = row.model_requested or text(metadata.get("ls_model_name"))
    row.model_key = model_key(row.model_responded or row.model_requested)
    row.provider = provider(metadata.get("ls_provider")) or maker(row.model_key)
    _put_outcome(row, run, held.answered)
    _put_times(row, run)
    _put_labels(row, run, metadata, wanted)
    row.dedupe_key = call_key(row)
    chat.judge_replayable(row, held.reasons, "equivalent")
    return row


def _put_tokens(row: Row, run: Mapping[str, Any], outputs: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
    found = next(_usages(run, outputs, metadata), None)
    if found is None:
        return
    read, said = obj(found.get("input_token_details")), obj(found.get("output_token_details"))
    # langchain-openai puts the service tier before the names; langchain-anthropic has the writes by how long they live.
    tier = next((name for name in _TIERS if name in read or name in said), None)
    before = f"{tier}_" if tier else ""
    lives = {name: integer(read.get(name)) or 0 for name in _WRITES}
    row.service_tier = row.service_tier or tier
    put_usage(row, {
        "input_tokens": found.get("input_tokens"),
        "output_tokens": found.get("output_tokens"),
        "total_tokens": found.get("total_tokens"),
        "input_tokens_details": {
            "cached_tokens": read.get(f"{before}cache_read"),
            "cache_write_tokens": read.get("cache_creation") or sum(lives.values()) or read.get("cache_creation"),
            "audio_tokens": read.get("audio"),
        },
        "cache_creation": lives if any(lives.values()) else None,
        "output_tokens_details": {
            "reasoning_tokens": said.get(f"{before}reasoning"), "audio_tokens": said.get("audio"),
        },
    })  # fmt: skip


def _usages(
    run: Mapping[str, Any], outputs: Mapping[str, Any], metadata: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for place in (outputs, metadata):
        if obj(place.get("usage_metadata")):
            yield obj(place["usage_metadata"])
    yield from langchain.usages_of(outputs)
    if outputs.get("usage") is None and integer(run.get("prompt_tokens")):
        yield {
            "input_tokens": run["prompt_tokens"],
            "output_tokens": run.get("completion_tokens"),
            "input_token_details": unpacked(run.get("prompt_token_details")),
            "output_token_details": unpacked(run.get("completion_token_details")),
        }


def _put_outcome(row: Row, run: Mapping[str, Any], answered: bool) -> None:
    error = text(run.get("error"))
    if error and "GeneratorExit" in error[:200] and answered:
        # The client closed the stream: the provider bills what it wrote, and the log has no count of it.
        row.status, row.finish_reason, row.error_type = "partial", "aborted", "cancelled"
        return
    bodies.put_outcome(row, error, None, answered=answered)
    if cost := told_cost(row, run.get("total_cost")):
        row.cost_usd_logged, row.cost_basis = cost, "platform_pricetable"


def _put_times(row: Row, run: Mapping[str, Any]) -> None:
    row.started_at, row.started_at_resolution = microseconds(run.get("start_time"))
    row.ended_at, _ = microseconds(run.get("end_time"))
    if row.started_at is None:
        return
    if row.ended_at is not None:
        row.latency_ms = (row.ended_at - row.started_at) / 1000
    events = run.get("events")
    tokens = (
        [obj(event) for event in events if obj(event).get("name") == "new_token"] if isinstance(events, list) else []
    )
    first, _ = microseconds(tokens[0].get("time") if tokens else run.get("first_token_time"))
    if first is not None and first >= row.started_at:
        row.ttft_ms = (first - row.started_at) / 1000


def _put_labels(row: Row, run: dict[str, Any], metadata: Mapping[str, Any], wanted: labels.Finders) -> None:
    tags = unpacked(run.get("tags"))
    row.tags = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else ()
    root = {"root_name": run.get("root_name")} if run.get("parent_run_id") else None
    places = ((metadata, "extra.metadata."), (labels.tag_pairs(row.tags), "tags."))
    labels.put(row, wanted, run.get, places, route=(*places, (root, "")))
    row.trace_id, row.span_id = text(run.get("trace_id")), text(run.get("id"))
    row.parent_span_id = text(run.get("parent_run_id"))
    kept = {key: value for key, value in metadata.items() if not key.startswith(("ls_", "LANGSMITH", "usage_"))}
    row.metadata = values.scalars(kept, "extra.metadata.") or None


FORMAT = Format(
    name="langsmith",
    summary="LangSmith runs: JSONL of the ingest API or an export, bulk export as Parquet",
    fields=("run_type", "dotted_order", "trace_id", "inputs", "outputs", "extra", "start_time", "session_name"),
    detects=detects,
    open=open_reader,
    join=RunJoin,
)
