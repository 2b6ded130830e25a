"""Any log of JSON objects or Parquet rows, read by the dotted paths of `ingest.map`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reason import Reason
from audit.core.settings import FieldMap, IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import chat, mapping
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.values import obj, text, walk
from audit.ingest.words import charged_as, maker, provider

_KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "conversation_id")}


def detects(_record: Mapping[str, Any]) -> str | None:
    """Never: a log is generic because a person mapped it."""
    return None


_OWN = frozenset({"where", "each", "duration_unit", "counts", "cost_unit", "feedback"})
"""Entries of the map that are no paths of values."""


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one call per record, or of several where the map says `each`."""
    fields = settings.map or FieldMap.model_construct()
    paths = {
        name: path.split("|")
        for name in FieldMap.model_fields
        if name not in _OWN and (path := getattr(fields, name, None))
    }
    wanted = labels.finders(settings, _KEYS)
    asked = mapping.told_by(fields)

    def read(record: bytes) -> Sequence[Row]:
        value = values.parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object")
        if not all(_is(walk(value, path), allowed) for path, allowed in fields.where.items()):
            return ()
        rows = []
        for call in _calls(value, fields.each):
            got = {name: _first(call, value, options) for name, options in paths.items()}
            if not any(got.get(name) is not None for name in asked):
                raise Unusable(f"none of the mapped {', '.join(f'`{name}`' for name in asked)} is there")
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
    if has_bodies := mapping.told_by(fields) == mapping.BODIES:
        reasons = set(call.reasons) | chat.put_messages(row, _messages(got), call)
        if got.get("params") is None:
            reasons.add(Reason.PARAMS_MISSING)
    else:
        reasons = {Reason.BODY_NOT_CAPTURED}
    row.request_id = text(got.get("request_id"))
    row.logical_request_id = row.request_id
    row.model_requested = row.model_called = text(got.get("model"))
    row.streaming = call.stream
    mapping.put_answer(row, got)
    row.model_responded = text(got.get("model_responded")) or row.model_responded
    row.model_key = charged_as(row.model_called, row.model_responded)
    row.provider = row.provider or maker(row.model_called)
    mapping.put_times(row, got, fields.duration_unit)
    mapping.put_tokens(row, got, exclusive=fields.counts == "exclusive")
    mapping.put_cost(row, got, fields.cost_unit)
    if not has_bodies and row.status == "unknown" and (row.completion_tokens or row.cost_usd_logged):
        row.status = "ok"  # what has an amount was answered
    mapping.put_sampling(row, got.get("sampling_weight"))
    mapping.put_feedback(row, record, fields.feedback)
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


def _put_labels(row: Row, record: dict[str, Any], wanted: labels.Finders) -> None:
    places = ((record, ""), (record.get("metadata"), "metadata."))
    labels.put(row, wanted, record.get, places, end_user=())
    row.metadata = values.scalars(obj(record.get("metadata")), "metadata.") + labels.purposes(record) or None


FORMAT = Format(
    name="generic",
    summary="any JSON objects or Parquet rows, by the field paths of `ingest.map`",
    fields=(),
    detects=detects,
    open=open_reader,
)
