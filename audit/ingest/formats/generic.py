"""Any log of JSON objects or Parquet rows, read by the dotted paths of `ingest.map`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reason import Reason
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest import chat, labels, values
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import integer, microseconds, number, obj, small, text, walk
from audit.ingest.words import error_type, finish_reason, model_key, provider

_KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "conversation_id")}
_OK = frozenset({"ok", "success", "succeeded", "completed", "complete", "done", "200", "true", "stop"})
_PARTIAL = frozenset({"partial", "aborted", "cancelled", "canceled", "incomplete"})


def detects(_record: Mapping[str, Any]) -> str | None:
    """Never: a log is generic because a person mapped it."""
    return None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one call per record."""
    fields = settings.map or FieldMap.model_construct()
    paths = {name: path for name in FieldMap.model_fields if (path := getattr(fields, name))}
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        value = values.parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object")
        got = {name: walk(value, path) for name, path in paths.items()}
        if got.get("messages") is None and got.get("prompt") is None:
            raise Unusable("neither the mapped `messages` nor the mapped `prompt` is there")
        return (_row(value, got, wanted),)

    return read


def _unpacked(value: Any) -> Any:
    """JSON in a string, one level: many exports keep bodies as text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return values.parse(value.encode("utf-8", "replace"))
        except Unusable:
            return value
    return value


def _row(record: dict[str, Any], got: Mapping[str, Any], wanted: labels.Finders) -> Row:
    row = Row(provider=provider(got.get("provider")))
    params = obj(_unpacked(got.get("params")))
    shape, tools = _unpacked(got.get("response_format")), _unpacked(got.get("tools"))
    own = {"tools": tools, "response_format": shape}
    call = chat.read_call({**params, **{k: v for k, v in own.items() if v is not None}})
    chat.put_call(row, call)
    reasons = set(call.reasons) | chat.put_messages(row, _messages(got), call)
    if got.get("params") is None:
        reasons.add(Reason.PARAMS_MISSING)
    row.request_id = text(got.get("request_id"))
    row.logical_request_id = row.request_id
    row.model_requested = row.model_called = text(got.get("model"))
    row.model_key = model_key(row.model_called)
    row.streaming = call.stream
    _put_answer(row, got)
    _put_times(row, got)
    _put_money(row, got)
    # A mapped id may be anything, a conversation's too; with the time and the prompt it names one call.
    if row.request_id and row.started_at is not None:
        row.dedupe_key = f"{row.request_id}@{row.started_at}@{row.prompt_hash}@{row.status}"
    _put_labels(row, record, wanted)
    chat.judge_replayable(row, reasons, "equivalent")
    return row


def _messages(got: Mapping[str, Any]) -> list[Any]:
    messages = _unpacked(got.get("messages"))
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
    response = _unpacked(got.get("response"))
    answer: chat.Answer | None = None
    if isinstance(response, dict):
        answer = chat.chat_answer(response.get("choices")) or chat.chat_answer([{"message": response}])
        row.model_responded = text(response.get("model"))
        chat.put_usage(row, response.get("usage"))
    elif got.get("response") is not None:
        answer = chat.Answer(text=str(got["response"]) if not isinstance(got["response"], list) else None)
    calls = _unpacked(got.get("tool_calls"))
    if isinstance(calls, list) and calls:
        known = answer or chat.Answer()
        answer = chat.Answer(known.text, calls, known.refusal, known.finish or "tool_calls", known.choices)
    if answer is not None:
        chat.put_answer(row, answer)
    finish = text(got.get("finish_reason"))
    if finish:
        row.finish_reason_raw, row.finish_reason = finish, finish_reason(finish)
    _put_status(row, got.get("status"), answer is not None)


def _put_status(row: Row, status: Any, answered: bool) -> None:
    word = (text(status) or ("true" if status is True else "")).lower()
    row.http_status = small(word) if word.isdecimal() else None
    if not word:
        row.status = "ok" if answered else "unknown"
    elif word in _OK or (row.http_status or 0) // 100 == 2:
        row.status = "ok"
    elif word in _PARTIAL:
        row.status, row.finish_reason = "partial", "aborted"
    else:
        row.status, row.error_code = "error", word[:80]
        row.error_type = error_type(row.http_status, word[:300])


def _put_times(row: Row, got: Mapping[str, Any]) -> None:
    row.started_at, row.started_at_resolution = microseconds(got.get("started_at"))
    row.ended_at, _ = microseconds(got.get("ended_at"))
    latency = number(got.get("latency_ms"))
    if latency is not None and latency >= 0:
        row.latency_ms = latency
    elif row.started_at is not None and row.ended_at is not None:
        row.latency_ms = (row.ended_at - row.started_at) / 1000


def _put_money(row: Row, got: Mapping[str, Any]) -> None:
    for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"):
        if (count := integer(got.get(name))) is not None:
            setattr(row, name, count)
            row.usage_basis = "provider"
    row.cache_hit = values.boolean(got.get("cache_hit"))
    cost = number(got.get("cost_usd"))
    if cost is not None and (cost > 0 or (cost == 0 and (row.cache_hit or row.status == "error"))):
        row.cost_usd_logged, row.cost_basis = cost, "gateway_pricetable"
    elif cost == 0:
        row.ingest_warnings = ("zero_cost_is_unknown",)


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
