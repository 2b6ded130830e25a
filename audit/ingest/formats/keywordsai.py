"""Keywords AI request logs: the JSON export of its logs page, and its list API, whose rows stand under `results`.

Durations are in seconds, and `timestamp` is when a call ended. Older rows hold messages, newer ones the same as JSON
text under `input` and `output`. A row tells whether it was streamed, and not why it ended.

Source: docs.keywordsai.co/api-endpoints/observe/logs, logging and list endpoints; read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.chat import said_message
from audit.ingest.calls.envelope import Envelope, first, lowered, row_of
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, number, obj, small, text, unpacked
from audit.protocols.recognition import protocol_of_answer, protocol_of_request

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "span_workflow_name", "prompt_name", "prompt_id"),
    "tenant": (*labels.TENANT_KEYS, "group_identifier", "customer_identifier"),
    "session": ("session_id", "thread_identifier"),
    "end_user": ("customer_identifier",),
}
_MESSAGES = frozenset({"prompt_messages", "completion_message"})
_UNIVERSAL = frozenset({"unique_id", "log_type", "input", "output"})
_CALLS = frozenset({None, "chat", "completion", "response", "text", "generation", "embedding"})
"""Types of rows that are calls of a model; the others are steps of the application around them."""
_PARAMS = (
    "temperature", "top_p", "max_tokens", "stop", "frequency_penalty", "presence_penalty", "tools", "tool_choice",
    "response_format",
)  # fmt: skip


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is of Keywords AI."""
    if record.keys() >= _MESSAGES:
        return "has prompt_messages and completion_message"
    return "has unique_id, log_type, input and output" if record.keys() >= _UNIVERSAL else None


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one row per record; steps that call no model are no calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `prompt_messages` with `completion_message`: not a log of Keywords AI")
        if text(line.get("log_type")) not in _CALLS:
            return ()
        row = row_of(_envelope(line))
        row.trace_id, row.span_id = text(line.get("trace_unique_id")), text(line.get("span_unique_id"))
        noted = obj(unpacked(line.get("metadata")))
        labels.put(row, wanted, line.get, ((noted, "metadata."), (line, "")))
        row.metadata = values.scalars(noted, "metadata.") or None
        row.feedback = _feedback(line)
        return (row,)

    return read


def _envelope(line: Mapping[str, Any]) -> Envelope:
    status = small(line.get("status_code"))
    failed = (status or 200) >= 400 or boolean(line.get("failed")) is True or text(line.get("status")) == "error"
    said = None if failed else _answer(line)
    ended = line.get("timestamp")
    return Envelope(
        emitter="keywordsai",
        request=_request(line),
        answer=said,
        request_id=text(first(line, "unique_id", "id")),
        model=text(line.get("model")),
        provider=lowered(line.get("provider_id")),
        started=first(line, "start_time", "timestamp"),
        ended=ended if line.get("start_time") else None,
        latency_ms=_ms(first(line, "latency", "generation_time")),
        ttft_ms=_ms(first(line, "time_to_first_token", "ttft")),
        usage=_usage(line),
        cost=line.get("cost"),
        error={"code": text(status), "message": text(line.get("error_message")) or "error"} if failed else None,
        http_status=status,
        streaming=boolean(line.get("stream")),
        operation="embeddings" if text(line.get("log_type")) == "embedding" else "chat",
    )


def _ms(seconds: Any) -> float | None:
    found = number(seconds)
    return None if found is None else found * 1000


def _usage(line: Mapping[str, Any]) -> dict[str, Any]:
    """Counts, which stand under `usage`, at the top, or at both."""
    counted = obj(unpacked(line.get("usage")))
    details = obj(counted.get("prompt_tokens_details"))
    held = {**counted, **{name: value for name, value in line.items() if value is not None}}
    read = {
        "cached_tokens": first(held, "prompt_cache_hit_tokens"),
        "cache_write_tokens": first(held, "prompt_cache_creation_tokens", "cache_creation_prompt_tokens"),
    }
    return {
        "prompt_tokens": held.get("prompt_tokens"),
        "completion_tokens": held.get("completion_tokens"),
        "prompt_tokens_details": read | details,
    }


def _request(line: Mapping[str, Any]) -> dict[str, Any]:
    """The body as it was sent, where the row has it, else one put together from its parts."""
    whole = obj(unpacked(line.get("full_request")))
    if protocol_of_request(whole) is not None:
        return whole
    given = first(line, "prompt_messages", "input")
    asked = unpacked(given)
    if not isinstance(asked, list) or not all(isinstance(message, dict) and "role" in message for message in asked):
        if not isinstance(given, str):
            return {}
        asked = [{"role": "user", "content": given}]
    sent = {name: value for name in _PARAMS if (value := unpacked(line.get(name))) is not None}
    return {"model": line.get("model"), "messages": asked, **sent}


def _answer(line: Mapping[str, Any]) -> Any:
    """The answer as it came, where the row has it, else one of its message, without a word for its end."""
    whole = out_of_text(line.get("full_response"))
    if protocol_of_answer(whole) is not None:
        return whole
    message, calls = said_message(first(line, "completion_message", "output")), unpacked(line.get("tool_calls"))
    if isinstance(calls, list) and calls and not (message or {}).get("tool_calls"):
        message = {"role": "assistant", "content": None, **(message or {}), "tool_calls": calls}
    return None if message is None else {"choices": [{"message": message}]}


def _feedback(line: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    liked = boolean(line.get("positive_feedback"))
    if liked is None:
        return ()
    value = float(liked)
    return ({"name": "positive_feedback", "value": value, "label": None, "source": "keywordsai", "comment": None},)


FORMAT = Format(
    name="keywordsai",
    summary="Keywords AI request logs: JSON exports and its list API; durations in seconds",
    fields=("unique_id", "prompt_messages", "completion_message", "customer_identifier", "log_type", "provider_id"),
    detects=detects,
    open=open_reader,
)
