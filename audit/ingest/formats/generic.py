"""Any log of JSON objects or Parquet rows, read by the dotted paths of `ingest.map`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reason import Reason
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest import chat, labels, values
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.usage import put_usage, settle_counts
from audit.ingest.values import integer, microseconds, obj, small, text, walk, written_number
from audit.ingest.words import error_type, finish_reason, free, maker, model_key, provider

_KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "conversation_id")}
_OK = frozenset({"ok", "success", "succeeded", "completed", "complete", "done", "200", "true", "stop"})
_PARTIAL = frozenset({"partial", "aborted", "cancelled", "canceled", "incomplete"})


def detects(_record: Mapping[str, Any]) -> str | None:
    """Never: a log is generic because a person mapped it."""
    return None


_OWN = frozenset({"where", "each", "duration_unit", "counts", "cost_unit"})
"""Entries of the map that are no paths of values."""
_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
_USD = {"usd": 1.0, "cents": 1e-2, "nano_usd": 1e-9}


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one call per record, or of several where the map says `each`."""
    fields = settings.map or FieldMap.model_construct()
    paths = {
        name: path.split("|")
        for name in FieldMap.model_fields
        if name not in _OWN and (path := getattr(fields, name, None))
    }
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        value = values.parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object")
        if not all(_is(walk(value, path), allowed) for path, allowed in fields.where.items()):
            return ()
        rows = []
        for call in _calls(value, fields.each):
            got = {name: _first(call, value, options) for name, options in paths.items()}
            if got.get("messages") is None and got.get("prompt") is None:
                raise Unusable("neither the mapped `messages` nor the mapped `prompt` is there")
            whole = value if call is value else {**value, **call}
            rows.append(_row(whole, got, wanted, fields))
        return rows

    return read


def _is(value: Any, allowed: Any) -> bool:
    """Whether a value is one of those allowed, or is written like one."""
    choices = allowed if isinstance(allowed, list | tuple) else (allowed,)
    return value in choices or str(value).lower() in {str(choice).lower() for choice in choices}


def _calls(record: dict[str, Any], each: str | None) -> Sequence[dict[str, Any]]:
    """The calls of a record: itself, or those of the list that the map names.

    Raises:
        Unusable: There is no such list.
    """
    if each is None:
        return (record,)
    calls = values.unpacked(walk(record, each))
    if not isinstance(calls, list) or not all(isinstance(call, dict) for call in calls):
        raise Unusable("the mapped `each` is no list of objects")
    return calls


def _first(call: Any, record: Any, paths: Sequence[str]) -> Any:
    """The first of some paths that leads anywhere, in the call, then in the record around it."""
    places = (call,) if call is record else (call, record)
    found = (walk(place, path.strip()) for place in places for path in paths)
    return next((value for value in found if value is not None), None)


def _row(record: dict[str, Any], got: Mapping[str, Any], wanted: labels.Finders, fields: FieldMap) -> Row:
    row = Row(provider=provider(got.get("provider")))
    params = obj(values.unpacked(got.get("params")))
    shape, tools = values.unpacked(got.get("response_format")), values.unpacked(got.get("tools"))
    own = {"tools": tools, "response_format": shape}
    call = chat.read_call({**params, **{k: v for k, v in own.items() if v is not None}})
    chat.put_call(row, call)
    reasons = set(call.reasons) | chat.put_messages(row, _messages(got), call)
    if got.get("params") is None:
        reasons.add(Reason.PARAMS_MISSING)
    row.request_id = text(got.get("request_id"))
    row.logical_request_id = row.request_id
    row.model_requested = row.model_called = text(got.get("model"))
    row.streaming = call.stream
    _put_answer(row, got)
    row.model_responded = text(got.get("model_responded")) or row.model_responded
    row.model_key = model_key(row.model_called or row.model_responded)
    row.provider = row.provider or maker(row.model_called)
    _put_times(row, got, _MS[fields.duration_unit])
    _put_tokens(row, got, exclusive=fields.counts == "exclusive")
    _put_cost(row, got, _USD[fields.cost_unit])
    row.dedupe_key = call_key(row)
    _put_labels(row, record, wanted)
    chat.judge_replayable(row, reasons, "equivalent")
    return row


def _messages(got: Mapping[str, Any]) -> list[Any]:
    messages = values.unpacked(got.get("messages"))
    if messages is None:
        messages = [{"role": "user", "content": text(got.get("prompt")) or ""}]
    elif isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    elif not isinstance(messages, list):
        raise Unusable("the mapped `messages` is neither a list nor text")
    system = text(got.get("system"))
    if system and not any(obj(m).get("role") in ("system", "developer") for m in messages):
        messages = [{"role": "system", "content": system}, *messages]
    # Columnar files hold a null for every key that some other message has.
    return [
        {k: v for k, v in m.items() if v is not None or k == "content"} if isinstance(m, dict) else m for m in messages
    ]


def _put_answer(row: Row, got: Mapping[str, Any]) -> None:
    response = values.unpacked(got.get("response"))
    answer: chat.Answer | None = None
    if isinstance(response, dict):
        answer = chat.chat_answer(response.get("choices")) or chat.chat_answer([{"message": response}])
        row.model_responded = text(response.get("model"))
        put_usage(row, response.get("usage"))
    elif got.get("response") is not None:
        answer = chat.Answer(text=str(got["response"]) if not isinstance(got["response"], list) else None)
    calls = values.unpacked(got.get("tool_calls"))
    if isinstance(calls, list) and calls:
        known = answer or chat.Answer()
        answer = chat.Answer(known.text, calls, known.refusal, known.finish or "tool_calls", known.choices)
    if answer is not None:
        chat.put_answer(row, answer)
    finish = text(got.get("finish_reason"))
    if finish:
        row.finish_reason_raw, row.finish_reason = finish, finish_reason(finish)
    _put_status(row, got, answer is not None)


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


def _put_times(row: Row, got: Mapping[str, Any], ms: float) -> None:
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


def _put_tokens(row: Row, got: Mapping[str, Any], *, exclusive: bool) -> None:
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


def _put_cost(row: Row, got: Mapping[str, Any], usd: float) -> None:
    row.cache_hit = values.boolean(got.get("cache_hit"))
    cost = written_number(got.get("cost_usd"))
    if cost is not None and (cost > 0 or (cost == 0 and (row.cache_hit or row.status == "error"))):
        row.cost_usd_logged, row.cost_basis = cost * usd, "gateway_pricetable"
    elif cost == 0 and free(row.model_called):
        row.cost_usd_logged, row.cost_basis = 0.0, "free"
    elif cost == 0:
        row.ingest_warnings = (*row.ingest_warnings, "zero_cost_is_unknown")
    elif got.get("cost_usd") not in (None, ""):
        _unread(row, "cost_usd")


def _put_labels(row: Row, record: dict[str, Any], wanted: labels.Finders) -> None:
    places = ((record, ""), (record.get("metadata"), "metadata."))
    row.route, row.route_source = wanted["route"](record.get, places)
    row.tenant, row.tenant_source = wanted["tenant"](record.get, places)
    row.environment, _ = wanted["environment"](record.get, places)
    row.region, _ = wanted["region"](record.get, places)
    row.session_id, _ = wanted["session"](record.get, places)
    user, _ = wanted["end_user"](record.get, ())
    row.end_user_hash = labels.pseudonym(user)
    row.metadata = values.scalars(obj(record.get("metadata")), "metadata.") or None


FORMAT = Format(
    name="generic",
    summary="any JSON objects or Parquet rows, by the field paths of `ingest.map`",
    fields=(),
    detects=detects,
    open=open_reader,
)
