"""What a gateway's or a platform's record says of one call, under this project's names, and the row that it makes.

Logs of gateways differ in names and units; a format translates those, and all of them become rows here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.ingest.calls import bodies, chat, pairs
from audit.ingest.calls.usage import put_cost, put_usage, told_cost
from audit.ingest.row import Row, call_key
from audit.ingest.values import microseconds, number, text
from audit.ingest.words import finish_reason


@dataclass(slots=True, kw_only=True)
class Envelope:
    """One call as its log tells it. None, or nothing, is what the record does not say.

    Attributes:
        emitter: Who wrote the log.
        request, answer: Bodies in any protocol; a stream as its events, or as the text that they came in.
        request_id: Its name in the log, where the answer has none of its own.
        logical_id: What all attempts at one request share.
        model: As asked for, where the request does not name it.
        responded: As answered, where the answer does not name it.
        provider, url: Who served it, or where.
        started, ended: Times in any form.
        latency_ms, ttft_ms: Milliseconds, as written.
        usage: Token counts under any vendor's names, where the answer has none.
        cost, cost_unit, cost_basis: What it cost, as written; its unit in USD; and who says so.
        finish: Why it stopped, where the answer does not say.
        error, http_status: What went wrong.
        answered: There was an answer, although the log does not hold it.
        cut: The client went before the end.
        streaming: Whether it was streamed, where the request does not say. A stream whose answer has an empty place for
            its end counts as cut; one without such a place does not.
        cache_hit: The gateway answered from a cache of its own.
        operation: What kind of call it was, in the tables' words.
        reasons: Why it cannot be replayed, beside what the bodies show.
    """

    emitter: str
    request: Mapping[str, Any] = field(default_factory=dict)
    answer: Any = None
    request_id: str | None = None
    logical_id: str | None = None
    model: str | None = None
    responded: str | None = None
    provider: str | None = None
    url: str | None = None
    started: Any = None
    ended: Any = None
    latency_ms: Any = None
    ttft_ms: Any = None
    usage: Mapping[str, Any] | None = None
    cost: Any = None
    cost_unit: float = 1.0
    cost_basis: str = "gateway_pricetable"
    finish: str | None = None
    error: Any = None
    http_status: int | None = None
    answered: bool = False
    cut: bool = False
    streaming: bool | None = None
    cache_hit: bool | None = None
    operation: str = "chat"
    reasons: frozenset[str] = frozenset()


def row_of(found: Envelope) -> Row:
    """The row of a call, but for its labels.

    Raises:
        Unusable: The request is none of its protocol.
    """
    row = Row(emitter=found.emitter, operation=found.operation, cache_hit=found.cache_hit)
    held = bodies.put_exchange(row, found.request, found.answer)
    row.request_id = row.request_id or found.request_id
    row.logical_request_id = found.logical_id
    row.model_requested = row.model_requested or found.model
    told = {"provider": found.provider, "url": found.url}
    pairs.put_model(row, told, row.model_responded or found.responded)
    if row.prompt_tokens is None and found.usage:
        put_usage(row, found.usage)
    if found.streaming is not None and not held.streamed:
        row.streaming = found.streaming
    if row.finish_reason_raw is None and found.finish:
        row.finish_reason_raw, row.finish_reason = found.finish, finish_reason(found.finish)
    bodies.put_outcome(row, found.error or held.error, found.http_status, answered=held.answered or found.answered)
    if found.cut and row.status != "error":
        row.status, row.finish_reason = "partial", "aborted"
    _put_times(row, found)
    put_cost(row, told_cost(row, found.cost, unit=found.cost_unit), held.usage, found.cost_basis)
    row.dedupe_key = call_key(row)
    chat.judge_replayable(row, held.reasons | found.reasons, "exact" if row.native_request else "equivalent")
    return row


def _put_times(row: Row, found: Envelope) -> None:
    row.started_at, row.started_at_resolution = microseconds(found.started)
    row.ended_at, _ = microseconds(found.ended)
    row.latency_ms, row.ttft_ms = (_duration(value) for value in (found.latency_ms, found.ttft_ms))
    # A log with one time for both tells nothing of how long it took.
    if row.latency_ms is None and row.started_at is not None and row.ended_at not in (None, row.started_at):
        row.latency_ms = max(row.ended_at - row.started_at, 0) / 1000


def _duration(value: Any) -> float | None:
    found = number(value)
    return found if found is not None and found >= 0 else None


def first(record: Mapping[str, Any], *names: str) -> Any:
    """The first of some fields that holds anything."""
    return next((value for name in names if (value := record.get(name)) not in (None, "")), None)


def lowered(value: Any) -> str | None:
    """A provider's name as the vocabulary has it: small letters, underscores."""
    name = text(value)
    return name.lower().replace("-", "_").replace(" ", "_") if name else None
