"""Pairs of an OpenAI chat request and its response, under any wrapper that a team wrote.

A record is any object that holds, at most three levels deep, an object with `messages` and `model`; the response is an
object with `choices`, or the list of chunks of a stream. Source: openai 3.54.0, `types/chat/chat_completion.py`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import chat, labels, values
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.usage import put_usage, reported_cost
from audit.ingest.values import microseconds, number, obj, small, text
from audit.ingest.words import error_type, free, maker, model_key, provider, provider_of_url

_START = ("timestamp", "started_at", "start_time", "startTime", "created_at", "time", "ts")
_END = ("ended_at", "end_time", "endTime", "completed_at")
_LATENCY = ("latency_ms", "duration_ms", "elapsed_ms")
_KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "conversation_id", "thread_id"), "end_user": ("user",)}
_STATUS = ("status_code", "http_status", "status")
_COST = ("cost_usd", "cost", "total_cost")
_URL = ("base_url", "api_base", "url", "endpoint")
_PROVIDER = ("provider", "custom_llm_provider", "llm_provider")
_BATCH = frozenset({"batch_id"})
_ROOM = 3
_PREFERRED = ("request", "body", "response", "result")


def _is_request(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list) and isinstance(value.get("model"), str)


def _is_response(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(v, dict) and isinstance(v.get("choices"), list) for v in value)
    return isinstance(value, dict) and isinstance(value.get("choices"), list)


def _find(value: Any, fits: Any, room: int = _ROOM) -> Any:
    """The outermost value that fits, bodies in JSON text included; None when nothing does."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = values.parse(value.encode("utf-8", "replace"))
        except Unusable:
            return None
    if fits(value):
        return value
    if room and isinstance(value, dict):
        for key in _looked_at(tuple(value)):
            if (found := _find(value[key], fits, room - 1)) is not None:
                return found
    return None


@functools.lru_cache(4096)
def _looked_at(keys: tuple[str, ...]) -> tuple[str, ...]:
    """An object's keys in the order of search, without messages: their text may itself look like a request."""
    return tuple(sorted((k for k in keys if k != "messages"), key=lambda k: (k not in _PREFERRED, k)))


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is such a pair."""
    if _find(record, _is_request) is None:
        return None
    answered = _find(record, _is_response) is not None
    if answered or "error" in record or "response" in record:
        return "holds a request with `messages` and `model`, and a response with `choices`"
    return None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one pair per record."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        value = values.parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object")
        request = _find(value, _is_request)
        if request is None:
            raise Unusable("no request with `messages` and `model`")
        return (_row(value, request, _find(value, _is_response), wanted),)

    return read


def _row(record: dict[str, Any], request: dict[str, Any], response: Any, wanted: labels.Finders) -> Row:
    row = Row(native_api="openai.chat", emitter="openai", model_requested=request["model"])
    call = chat.read_call(request)
    chat.put_call(row, call)
    reasons = set(call.reasons) | chat.put_messages(row, request["messages"], call)
    streamed = isinstance(response, list)
    completion = joined(response) if streamed else obj(response)
    row.streaming = streamed or bool(call.stream)
    row.request_id = text(completion.get("id"))
    put_model(row, record, text(completion.get("model")))
    put_usage(row, completion.get("usage"))
    row.service_tier = text(completion.get("service_tier")) or row.service_tier or call.service_tier
    row.batch = True if row.service_tier == "batch" or _BATCH & record.keys() else None
    _put_outcome(row, record, completion)
    _put_times(row, record)
    _put_cost(row, record, completion.get("usage"))
    row.dedupe_key = call_key(row)
    _put_labels(row, record, request, wanted)
    chat.judge_replayable(row, reasons, "exact")
    return row


def put_model(row: Row, record: Mapping[str, Any], responded: str | None) -> None:
    """Write the names of the model, and the provider that the record, its address or the names tell.

    A response names a snapshot (`gpt-4o` becomes `gpt-4o-2024-08-06`), and that is the model's name here. Where it
    names something else altogether, what was asked for is a deployment, and that is its name; the price is the other's.
    """
    asked = row.model_called = row.model_requested
    row.model_responded = responded
    deployment = asked and responded and "/" not in asked + responded and _family(asked) not in responded.lower()
    row.model_key = model_key(asked if deployment else responded or asked)
    url = next((u for key in _URL if (u := text(record.get(key)))), None)
    named = next((p for key in _PROVIDER if (p := provider(record.get(key)))), None)
    row.provider = named or provider_of_url(url) or maker(responded) or maker(asked)


def _family(model: str) -> str:
    """A model's name without a date or a version at its end: what its snapshots have in common."""
    return re.sub(r"[-@:]?(latest|preview|\d[\d.-]*)$", "", model.lower().removeprefix("ft:").partition(":")[0])


def _put_cost(row: Row, record: Mapping[str, Any], usage: Any) -> None:
    cost = next((n for key in _COST if (n := number(record.get(key))) is not None and n >= 0), None)
    if cost is not None and (cost > 0 or not row.prompt_tokens):
        row.cost_usd_logged, row.cost_basis = cost, "gateway_pricetable"
    elif (reported := reported_cost(usage)) is not None:
        row.cost_usd_logged, row.cost_basis = reported, "provider"
    elif free(row.model_called) and (cost == 0 or obj(usage).get("cost") == 0):
        row.cost_usd_logged, row.cost_basis = 0.0, "free"
    elif cost == 0:
        row.ingest_warnings = (*row.ingest_warnings, "zero_cost_is_unknown")


def joined(chunks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One completion from the chunks of a stream: texts appended, tool calls merged by index, last usage kept."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for key in ("id", "model", "service_tier", "usage"):
            if chunk.get(key):
                whole[key] = chunk[key]
        for part in map(obj, chunk["choices"]):
            index = small(part.get("index")) or 0
            choice = choices.setdefault(index, {"index": index, "message": {"role": "assistant", "content": None}})
            if part.get("finish_reason"):
                choice["finish_reason"] = part["finish_reason"]
            _append(choice["message"], obj(part.get("delta")))
    whole["choices"] = [choices[index] for index in sorted(choices)]
    return whole


def _append(message: dict[str, Any], delta: Mapping[str, Any]) -> None:
    for key in ("content", "refusal", "reasoning_content"):
        if isinstance(delta.get(key), str):
            message[key] = (message.get(key) or "") + delta[key]
    pieces = delta.get("tool_calls")
    for piece in map(obj, pieces if isinstance(pieces, list) else ()):
        calls = message.setdefault("tool_calls", [])
        index = small(piece.get("index")) or 0
        while len(calls) <= min(index, 127):  # the API's limit of tools
            calls.append({"id": None, "type": "function", "function": {"name": "", "arguments": ""}})
        call, function = calls[min(index, 127)], obj(piece.get("function"))
        call["id"] = text(piece.get("id")) or call["id"]
        for key in ("name", "arguments"):
            if isinstance(function.get(key), str):
                call["function"][key] += function[key]


def _put_outcome(row: Row, record: Mapping[str, Any], completion: Mapping[str, Any]) -> None:
    error = record.get("error") or completion.get("error")
    status = next((n for key in _STATUS if (n := small(record.get(key))) is not None), None)
    row.http_status = status
    answer = chat.chat_answer(completion.get("choices"))
    if answer is not None:
        chat.put_answer(row, answer)
    if error or (status or 200) >= 400:
        details = obj(error)
        row.status, row.error_code = "error", text(details.get("code")) or text(details.get("type"))
        row.error_message = text(details.get("message")) or text(error)
        words = f"{row.error_code} {text(details.get('type'))} {(row.error_message or '')[:300]}"
        row.error_type = error_type(status, words)
    elif answer is None:
        row.status = "unknown"
    elif row.streaming and answer.finish is None:
        row.status, row.finish_reason = "partial", "aborted"
    else:
        row.status = "ok"


def _put_times(row: Row, record: Mapping[str, Any]) -> None:
    for name in _START:
        row.started_at, row.started_at_resolution = microseconds(record.get(name))
        if row.started_at is not None:
            break
    row.ended_at = next((t for name in _END if (t := microseconds(record.get(name))[0]) is not None), None)
    row.latency_ms = next((n for key in _LATENCY if (n := number(record.get(key))) is not None and n >= 0), None)
    row.ttft_ms = number(record.get("ttft_ms"))
    if row.latency_ms is None and row.started_at is not None and row.ended_at is not None:
        row.latency_ms = (row.ended_at - row.started_at) / 1000


def _put_labels(row: Row, record: dict[str, Any], request: dict[str, Any], wanted: labels.Finders) -> None:
    asked, noted = obj(request.get("metadata")), obj(record.get("metadata"))
    places = ((asked, "request.metadata."), (noted, "metadata."), (record, ""))
    row.route, row.route_source = wanted["route"](record.get, places)
    row.tenant, row.tenant_source = wanted["tenant"](record.get, places)
    row.environment, _ = wanted["environment"](record.get, places)
    row.region, _ = wanted["region"](record.get, places)
    row.session_id, _ = wanted["session"](record.get, places)
    row.trace_id = text(record.get("trace_id"))
    user, _ = wanted["end_user"](record.get, ((request, "request."),))
    row.end_user_hash = labels.pseudonym(user)
    row.metadata = values.scalars(asked, "request.metadata.") + values.scalars(noted, "metadata.") or None


FORMAT = Format(
    name="openai-chat",
    summary="OpenAI chat request and response pairs under any wrapper; streams as chunk lists; errors too",
    fields=("request", "response", "messages", "model", "choices", "status_code", "latency_ms", "timestamp"),
    detects=detects,
    open=open_reader,
)
