"""The values that `ingest.map` found in a record, written into a row: answer, status, times, tokens, cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.core.doubts import Doubt
from audit.core.settings import FieldMap
from audit.ingest import values
from audit.ingest.calls import bodies, chat
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.calls.usage import put_usage, settle_counts
from audit.ingest.row import Row, put_weight
from audit.ingest.values import integer, microseconds, obj, small, text, written_amount, written_number
from audit.ingest.words import error_type, finish_reason, free
from audit.protocols.recognition import protocol_of_answer
from audit.protocols.reply import usage_in

_OK = frozenset({"ok", "success", "succeeded", "completed", "complete", "done", "200", "true", "stop"})
_PARTIAL = frozenset({"partial", "aborted", "cancelled", "canceled", "incomplete"})
_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
_USD = {"usd": 1.0, "cents": 1e-2, "nano_usd": 1e-9}


BODIES = ("messages", "prompt")
AMOUNTS = ("prompt_tokens", "completion_tokens", "cost_usd")


def told_by(fields: FieldMap) -> tuple[str, ...]:
    """The entries of a map of which a record must have one: its request, or its amounts in a log that keeps none."""
    return BODIES if fields.messages or fields.prompt else AMOUNTS


def put_answer(row: Row, got: Mapping[str, Any]) -> None:
    """Write the answer, how it ended, and the status."""
    given = got.get("response")
    if (held := _body_of(given)) is not None:
        _put_body(row, got, held)
        return
    response = obj(values.unpacked(given))
    answer = chat.chat_answer(response.get("choices"))
    if answer is not None or chat.is_message(response):
        row.model_responded = text(response.get("model"))
        put_usage(row, response.get("usage"))
    if answer is None and given is not None:
        answer = chat.chat_answer([{"message": chat.said_message(given) or {"content": ""}}])
    calls = values.unpacked(got.get("tool_calls"))
    if isinstance(calls, list) and calls:
        known = answer or chat.ChatAnswer()
        answer = chat.ChatAnswer(known.text, calls, known.refusal, known.finish or "tool_calls", known.choices)
    if answer is not None:
        chat.put_answer(row, answer)
    finish = text(got.get("finish_reason"))
    if finish:
        row.finish_reason_raw, row.finish_reason = finish, finish_reason(finish)
    _put_status(row, got, answer is not None)


def _body_of(given: Any) -> Any:
    """The stream, or the body with its tokens, of a vendor's API, where the answer is one; None where it is not.

    An answer may be JSON itself, and look like a body; none is one without its tokens.
    """
    held = out_of_text(given)
    if protocol_of_answer(held) in (None, bodies.CHAT) and not isinstance(held, list):
        return None
    return held if protocol_of_answer(held) and (isinstance(held, list) or usage_in(obj(held))) else None


def _put_body(row: Row, got: Mapping[str, Any], held: Any) -> None:
    """Write an answer that is a vendor's body, and the status: that of a stream that was cut is told by its events."""
    said = bodies.put_exchange(row, {}, held)
    if finish := text(got.get("finish_reason")):
        row.finish_reason_raw, row.finish_reason = finish, finish_reason(finish)
    _put_status(row, {"error": said.error, **got}, said.answered)
    if row.status == "ok":
        bodies.settle_cut(row)


def _put_status(row: Row, got: Mapping[str, Any], answered: bool) -> None:
    status, error = got.get("status"), got.get("error")
    word = (text(status) or ("true" if status is True else "")).lower()
    row.http_status = small(word) if word.isdecimal() else None
    if error not in (None, "", False, "null", "None"):
        shown = text(error) or text(obj(values.unpacked(error)).get("message")) or "error"
        row.status, row.error_code, row.error_message = "error", word[:80] or None, shown
        row.error_type = error_type(row.http_status, f"{word} {shown}"[:300])
    elif not word:
        row.status = "ok" if answered else "unknown"
    elif word in _OK or (row.http_status or 0) // 100 == 2:
        row.status = "ok"
    elif word in _PARTIAL:
        row.status, row.finish_reason = "partial", "aborted"
    else:
        row.status, row.error_code = "error", word[:80]
        row.error_type = error_type(row.http_status, word[:300])


def _unread(row: Row, name: str) -> None:
    """Note a mapped value that is there and cannot be read."""
    row.ingest_warnings = (*row.ingest_warnings, f"unreadable_{name}")


def put_times(row: Row, got: Mapping[str, Any], unit: str) -> None:
    """Write start, end and durations; what is there and no time is noted."""
    ms = _MS[unit]
    row.started_at, row.started_at_resolution = microseconds(got.get("started_at"))
    row.ended_at, _ = microseconds(got.get("ended_at"))
    for name, found in (("started_at", row.started_at), ("ended_at", row.ended_at)):
        if found is None and got.get(name) not in (None, ""):
            _unread(row, name)
    for name in ("latency_ms", "ttft_ms"):
        took = written_number(got.get(name))
        if took is not None and took >= 0:
            setattr(row, name, took * ms)
        elif got.get(name) not in (None, ""):
            _unread(row, name)
    if row.latency_ms is None and row.started_at is not None and row.ended_at is not None:
        row.latency_ms = (row.ended_at - row.started_at) / 1000


_COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")


def put_tokens(row: Row, got: Mapping[str, Any], *, exclusive: bool) -> None:
    """Write the counts, made inclusive; what is there and no count is noted."""
    for name in _COUNTS:
        if (count := integer(written_number(got.get(name)))) is not None:
            setattr(row, name, count)
            row.usage_basis = "provider"
        elif got.get(name) not in (None, ""):
            _unread(row, name)
    if exclusive and row.prompt_tokens is not None:
        row.prompt_tokens += (row.cached_tokens or 0) + (row.cache_write_tokens or 0)
    if exclusive and row.completion_tokens is not None:
        row.completion_tokens += row.reasoning_tokens or 0
    settle_counts(row)
    row.service_tier = text(got.get("service_tier")) or row.service_tier
    row.batch = values.boolean(got.get("batch"))


def put_sampling(row: Row, written: Any) -> None:
    """Write how many calls the record stands for; less than itself is no weight."""
    weight = written_number(written)
    if weight is not None and weight >= 1:
        put_weight(row, weight)
    elif written not in (None, ""):
        _unread(row, "sampling_weight")


def put_feedback(row: Row, record: Mapping[str, Any], paths: Mapping[str, str]) -> None:
    """Write outcomes: what is there and neither a number nor true or false is noted."""
    found = []
    for name, path in paths.items():
        written = values.walk(record, path)
        said = values.boolean(written)
        value = written_number(written) if said is None else float(said)
        if value is not None:
            found.append({"name": name, "value": value, "label": None, "source": "ingest.map", "comment": None})
        elif written not in (None, ""):
            _unread(row, f"feedback_{name}")
    row.feedback = found


def put_cost(row: Row, got: Mapping[str, Any], unit: str) -> None:
    """Write the cost; a zero that nothing explains is unknown."""
    row.cache_hit = values.boolean(got.get("cache_hit"))
    written = got.get("cost_usd")
    cost = values.cost(written_amount(written), _USD[unit])
    if cost is not None and (cost > 0 or row.cache_hit or row.status == "error"):
        row.cost_usd_logged, row.cost_basis = cost, "gateway_pricetable"
    elif cost == 0 and free(row.model_called):
        row.cost_usd_logged, row.cost_basis = 0.0, "free"
    elif cost == 0:
        row.ingest_warnings = (*row.ingest_warnings, Doubt.ZERO_COST)
    elif written not in (None, ""):
        _unread(row, "cost_usd")
