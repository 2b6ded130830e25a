"""Braintrust project logs: rows of the UI's export, of `fetch` and of BTQL, JSON or JSON lines.

A row may be there in several versions; the last one counts. A call has its route, its tenant and often its error from
the spans around it. Source: `ProjectLogsEvent` of
github.com/braintrustdata/braintrust-java, made from its OpenAPI, and the metrics of the wrappers in braintrust 0.47.0;
read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.chat import NOT_PARAMS, chat_answer, said_message
from audit.ingest.calls.envelope import Envelope, first, lowered, row_of
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.calls.usage import counts_in
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import number, obj, text, unpacked
from audit.protocols.recognition import fallback, protocol_of_answer, protocol_of_messages

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "root_name"),
    "session": ("session_id", "thread_id", "conversation_id"),
    "end_user": ("user_id",),
}
_BODY = frozenset(
    {"tools", "tool_choice", "response_format", "model", "text", "instructions", "service_tier", "system"}
)
_PARAMS = frozenset({
    "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens", "seed", "stop", "n",
    "stream", "frequency_penalty", "presence_penalty", "reasoning_effort", "reasoning", "parallel_tool_calls",
})  # fmt: skip


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a span of Braintrust's."""
    fields = {"span_attributes", "root_span_id", "metrics"}
    return "has span_attributes, root_span_id and metrics" if fields <= record.keys() else None


def _versions(record: Mapping[str, Any]) -> tuple[str, str]:
    written = text(record.get("_xact_id")) or ""
    return str(record.get("id")), written.rjust(24, "0")


class TraceJoin:
    """The last version of each row, and of each trace the root and the error."""

    def __init__(self) -> None:
        self._versions = JoinNotes()
        self._around = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a row into account."""
        row = {name: msgspec.json.decode(raw) for name, raw in record.items()}
        name, version = _versions(row)
        self._versions.note(name, version)
        around: dict[str, Any] = {}
        if row.get("span_id") == row.get("root_span_id"):
            attributes = obj(unpacked(row.get("span_attributes")))
            around |= {"root_name": attributes.get("name"), "metadata": unpacked(row.get("metadata"))}
            around["tags"] = unpacked(row.get("tags"))
        if row.get("error"):
            around["error"] = row["error"]
        if around:
            self._around.note(str(row.get("root_span_id")), around)

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The row with what lies around it, and whether a later version replaces it."""
        row = {name: msgspec.json.decode(raw) for name, raw in record.items()}
        name, version = _versions(row)
        around: dict[str, Any] = {}
        for told in self._around.of(str(row.get("root_span_id"))):
            around |= msgspec.json.decode(told)
        around["replaced"] = any(version < msgspec.json.decode(other) for other in self._versions.of(name))
        return record | {"around": msgspec.Raw(msgspec.json.encode(around))}


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one row per record; spans that call no model, and replaced versions, are no calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `span_attributes` with `metrics`: not a log of Braintrust")
        around = obj(line.get("around"))
        if obj(unpacked(line["span_attributes"])).get("type") != "llm" or around.get("replaced"):
            return ()
        row = row_of(_envelope(line, around))
        _put_labels(row, line, around, wanted)
        return (row,)

    return read


def _envelope(line: Mapping[str, Any], around: Mapping[str, Any]) -> Envelope:
    counted, noted = obj(unpacked(line.get("metrics"))), obj(unpacked(line.get("metadata")))
    said = _answer(line.get("output"))
    error = line.get("error") or (around.get("error") if said is None else None)
    first_token, start, end = (number(counted.get(name)) for name in ("time_to_first_token", "start", "end"))
    return Envelope(
        emitter="braintrust",
        request=_request(unpacked(line.get("input")), noted),
        answer=said,
        request_id=text(line.get("id")),
        model=text(noted.get("model")),
        provider=lowered(noted.get("provider")),
        started=start if start is not None else line.get("created"),
        ended=end,
        ttft_ms=None if first_token is None else first_token * 1000,
        usage=counts_in({name: count for name, count in counted.items() if name != "cached"}),
        cache_hit=True if number(counted.get("cached")) else None,
        cost=first(counted, "estimated_cost"),
        cost_basis="platform_pricetable",
        error=error,
        answered=said is not None,
        streaming=noted.get("stream") if isinstance(noted.get("stream"), bool) else False,
    )


def _request(asked: Any, noted: Mapping[str, Any]) -> dict[str, Any]:
    body = {key: value for key, value in noted.items() if (key in _PARAMS or key in _BODY) and value is not None}
    if isinstance(asked, dict):
        return {**body, **asked} if NOT_PARAMS & asked.keys() else {}
    if isinstance(asked, list):
        items = any(isinstance(item, dict) and item.get("type") for item in asked)
        return body | ({"input": asked} if items else {"messages": asked})
    return body | {"messages": [{"role": "user", "content": asked}]} if isinstance(asked, str) else {}


def _answer(given: Any) -> Any:
    """The answer's body, from a list of choices or items, the vendor's object, a message, or what was said."""
    said = out_of_text(given)
    if protocol_of_answer(said) is not None:
        return said
    if isinstance(said, list) and said and all(isinstance(item, dict) for item in said):
        if "message" in said[0] and chat_answer(said) is not None:
            return {"choices": said}
        if protocol_of_messages(said) is not fallback():
            return {"object": "response", "output": said}
    message = said_message(given)
    return None if message is None else {"choices": [{"message": message}]}


def _put_labels(row: Row, line: dict[str, Any], around: Mapping[str, Any], wanted: labels.Finders) -> None:
    noted, above = obj(unpacked(line.get("metadata"))), obj(around.get("metadata"))
    tags = [
        tag for found in (unpacked(line.get("tags")), around.get("tags")) if isinstance(found, list) for tag in found
    ]
    row.tags = [tag for tag in tags if isinstance(tag, str)]
    own = {key: value for key, value in noted.items() if key not in _PARAMS and key not in _BODY}
    places = ((own, "metadata."), (above, "metadata."), (labels.tag_pairs(row.tags), "tags."))
    labels.put(row, wanted, {**line, "metadata": above | own}.get, places, route=(*places, (around, "")))
    row.trace_id, row.span_id = text(line.get("root_span_id")), text(line.get("span_id"))
    row.metadata = values.scalars(above | own, "metadata.") or None
    scores = obj(unpacked(line.get("scores")))
    row.feedback = [
        {"name": name, "value": score, "label": None, "source": "braintrust", "comment": None}
        for name, value in scores.items()
        if (score := number(value)) is not None
    ]


FORMAT = Format(
    name="braintrust",
    summary="Braintrust project logs: exports, fetch and BTQL, as JSON or JSON lines",
    fields=("span_attributes", "root_span_id", "span_parents", "metrics", "_xact_id", "scores", "log_id"),
    detects=detects,
    open=open_reader,
    join=TraceJoin,
)
