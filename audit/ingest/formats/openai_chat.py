"""Pairs of an OpenAI chat request and its response, under any wrapper that a team wrote.

A record is any object that holds, at most three levels deep, an object with `messages` and `model`; the response is an
object with `choices`, or the list of chunks of a stream. Source: openai 3.54.0, `types/chat/chat_completion.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import chat, labels, pairs, values
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.usage import put_usage
from audit.ingest.values import obj, small, text
from audit.ingest.words import error_type

_STATUS = ("status_code", "http_status", "status")
_BATCH = frozenset({"batch_id"})


def _is_request(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("messages"), list) and isinstance(value.get("model"), str)


def _is_response(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(isinstance(v, dict) and isinstance(v.get("choices"), list) for v in value)
    return isinstance(value, dict) and isinstance(value.get("choices"), list)


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is such a pair."""
    if pairs.find(record, _is_request) is None:
        return None
    answered = pairs.find(record, _is_response) is not None
    if answered or "error" in record or "response" in record:
        return "holds a request with `messages` and `model`, and a response with `choices`"
    return None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one pair per record."""
    wanted = labels.finders(settings, pairs.KEYS)

    def read(record: bytes) -> Sequence[Row]:
        value = values.parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object")
        request = pairs.find(value, _is_request)
        if request is None:
            raise Unusable("no request with `messages` and `model`")
        return (_row(value, request, pairs.find(value, _is_response), wanted),)

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
    pairs.put_model(row, record, text(completion.get("model")))
    put_usage(row, completion.get("usage"))
    row.service_tier = text(completion.get("service_tier")) or row.service_tier or call.service_tier
    row.batch = True if row.service_tier == "batch" or _BATCH & record.keys() else None
    _put_outcome(row, record, completion)
    pairs.put_times(row, record)
    pairs.put_cost(row, record, completion.get("usage"))
    row.dedupe_key = call_key(row)
    pairs.put_labels(row, record, request, wanted)
    chat.judge_replayable(row, reasons, "exact")
    return row


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


FORMAT = Format(
    name="openai-chat",
    summary="OpenAI chat request and response pairs under any wrapper; streams as chunk lists; errors too",
    fields=("request", "response", "messages", "model", "choices", "status_code", "latency_ms", "timestamp"),
    detects=detects,
    open=open_reader,
)
