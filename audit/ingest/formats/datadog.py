"""Datadog LLM Observability: spans as its Export API returns them, and as its intake takes them.

Tags that name a tenant or a route are the root span's; a call has them from there. Costs are nano-dollars by Datadog's
price table, durations nanoseconds. Source: docs.datadoghq.com/llm_observability/evaluations/export_api and
docs.datadoghq.com/llm_observability/setup/api, read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, lowered, row_of
from audit.ingest.calls.usage import counts_in
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import canonical, number, obj, objects, text

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "root_name", "ml_app"),
    "session": ("session_id",),
    "end_user": ("user_id", "user_handle"),
}
_CALLS = {"llm": "chat", "embedding": "embeddings"}
_PARAMS = frozenset({
    "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "seed", "stop", "n", "stream",
    "frequency_penalty", "presence_penalty", "reasoning_effort", "response_format", "tool_choice",
})  # fmt: skip
_NANO = 1e-9
_MS = 1e-6


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a span of Datadog's."""
    span = _span(record)
    told = "span_id" in span and "trace_id" in span and "start_ns" in span
    return "has span_id, trace_id, start_ns and a kind" if told and _kind(span) else None


def _span(record: Mapping[str, Any]) -> dict[str, Any]:
    """A span with its `meta` spread out, from either shape."""
    span = obj(record.get("attributes")) if "start_ns" not in record else dict(record)
    return {**obj(span.get("meta")), **{key: value for key, value in span.items() if key != "meta"}}


def _kind(span: Mapping[str, Any]) -> str | None:
    return text(span.get("span_kind")) or text(span.get("kind")) or text(obj(span.get("span")).get("kind"))


class DatadogJoin:
    """Each trace's root: its name and its tags."""

    def __init__(self) -> None:
        self._roots = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a span into account."""
        span = _span({name: msgspec.json.decode(raw) for name, raw in record.items()})
        if span.get("parent_id") in (None, "", "0", "undefined"):
            self._roots.note(str(span.get("trace_id")), {"root_name": span.get("name"), "tags": span.get("tags")})

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The span with its trace's root."""
        span = _span({name: msgspec.json.decode(raw) for name, raw in record.items()})
        root = self._roots.last(str(span.get("trace_id")))
        return record if root is None else record | {"root": root}


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one span per record; those that call no model are no calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no span with a kind: not Datadog's")
        span, root = _span(line), obj(line.get("root"))
        kind = _kind(span)
        if kind not in _CALLS:
            return ()
        row = row_of(_envelope(span, _CALLS[kind]))
        _put_labels(row, span, root, wanted)
        return (row,)

    return read


def _envelope(span: Mapping[str, Any], operation: str) -> Envelope:
    counted, noted = obj(span.get("metrics")), obj(span.get("metadata"))
    failed = span.get("status") == "error"
    error = obj(span.get("error")) or {"message": "error"}
    took = number(span.get("duration"))
    first_token = number(counted.get("time_to_first_token"))
    said = [_message(message) for message in objects(obj(span.get("output")).get("messages"))]
    return Envelope(
        emitter="datadog",
        request=_request(span, noted),
        answer=_answer(said) if said and not failed else None,
        request_id=text(span.get("span_id")),
        model=text(span.get("model_name")),
        provider=_provider(span),
        started=span.get("start_ns"),
        latency_ms=None if took is None else took * _MS,
        ttft_ms=None if first_token is None else first_token * 1000,
        usage=counts_in(counted),
        cost=counted.get("estimated_total_cost"),
        cost_unit=_NANO,
        cost_basis="platform_pricetable",
        error={"type": error.get("type"), "message": text(error.get("message")) or "error"} if failed else None,
        answered=not failed and counted.get("output_tokens") is not None,
        operation=operation,
    )


def _provider(span: Mapping[str, Any]) -> str | None:
    name = lowered(span.get("model_provider"))
    return None if name == "unknown" else name


def _request(span: Mapping[str, Any], noted: Mapping[str, Any]) -> dict[str, Any]:
    asked = [_message(message) for message in objects(obj(span.get("input")).get("messages"))]
    if not asked:
        return {}
    body = {"model": span.get("model_name"), "messages": asked}
    body |= {key: value for key, value in noted.items() if key in _PARAMS and value is not None}
    tools = [
        {"name": tool.get("name"), "description": tool.get("description"), "parameters": tool.get("schema")}
        for tool in objects(span.get("tool_definitions"))
    ]
    return body | ({"tools": tools} if tools else {})


def _message(given: Mapping[str, Any]) -> dict[str, Any]:
    """A message with its calls and its results in the chat shape."""
    made = {"role": given.get("role") or "assistant", "content": given.get("content")}
    calls = [
        {"id": call.get("tool_id"), "type": "function",
         "function": {"name": call.get("name"), "arguments": _words(call.get("arguments"))}}
        for call in objects(given.get("tool_calls"))
    ]  # fmt: skip
    if calls:
        made |= {"tool_calls": calls, "content": given.get("content") or None}
    results = objects(given.get("tool_results"))
    if results:
        made |= {"role": "tool", "tool_call_id": results[0].get("tool_id"), "content": _words(results[0].get("result"))}
    return made


def _words(value: Any) -> str:
    return value if isinstance(value, str) else canonical(value)


def _answer(said: list[dict[str, Any]]) -> dict[str, Any] | None:
    empty = all(not message.get("content") and not message.get("tool_calls") for message in said)
    return None if empty else {"choices": [{"message": message} for message in said]}


def _put_labels(row: Row, span: dict[str, Any], root: Mapping[str, Any], wanted: labels.Finders) -> None:
    own = [tag for tag in span.get("tags") or () if isinstance(tag, str)] if isinstance(span.get("tags"), list) else []
    above = root.get("tags")
    tags = labels.tag_pairs(own) | labels.tag_pairs(
        t for t in (above if isinstance(above, list) else ()) if type(t) is str
    )
    places = ((tags, "tags."), ({"root_name": root.get("root_name")}, ""), (span, ""))
    labels.put(row, wanted, {**span, "tags": tags}.get, places)
    row.tags, row.trace_id, row.span_id = own, text(span.get("trace_id")), text(span.get("span_id"))
    row.parent_span_id = text(span.get("parent_id"))
    row.metadata = values.scalars(tags, "tags.") or None


FORMAT = Format(
    name="datadog",
    summary="Datadog LLM Observability: spans of its Export API, or of its intake",
    fields=("span_id", "trace_id", "start_ns", "span_kind", "ml_app", "metrics", "meta"),
    detects=detects,
    open=open_reader,
    join=DatadogJoin,
)
