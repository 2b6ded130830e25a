"""W&B Weave calls: JSON lines of the UI's export, of `client.get_calls` and of `calls/stream_query`.

A call of an SDK is a leaf; the usage of those around it is the sum of theirs and is not read. Source:
docs.wandb.ai/weave/guides/tracking/call-schema-reference, read 2026-11-28.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import number, obj, text, unpacked

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "root_name"),
    "session": ("thread_id", "session_id"),
    "end_user": ("user_id",),
}
_OF_SDKS = re.compile(
    r"(?:^|/op/)(openai|anthropic|litellm|mistralai?|groq|cohere|google)\b.*(completions?|create|messages|responses|chat)"
)
_NAME = re.compile(r"/op/([^:]+)")
_SELF = frozenset({"self"})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a call of Weave's."""
    fields = {"op_name", "inputs", "started_at", "trace_id"}
    return "has op_name, inputs, started_at and trace_id" if fields <= record.keys() else None


class WeaveJoin:
    """Of each trace the root's operation and attributes, and which calls hold other calls of an SDK."""

    def __init__(self) -> None:
        self._roots = JoinNotes()
        self._holders = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a call into account."""
        call = {name: msgspec.json.decode(raw) for name, raw in record.items() if name not in ("inputs", "output")}
        operation = str(call.get("op_name"))
        if not call.get("parent_id"):
            named = _NAME.search(operation)
            name = text(call.get("display_name")) or (named.group(1) if named else operation)
            self._roots.note(str(call.get("trace_id")), {"root_name": name, "attributes": call.get("attributes")})
        elif _OF_SDKS.search(operation):
            self._holders.note(str(call["parent_id"]))

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The call with its trace's root, and whether it only holds the call that an SDK made."""
        found = self._roots.last(str(msgspec.json.decode(record["trace_id"])))
        root = {} if found is None else msgspec.json.decode(found)
        holds = str(msgspec.json.decode(record["id"])) in self._holders if "id" in record else False
        return record | {"root": msgspec.Raw(msgspec.json.encode(root | {"holds": holds}))}


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one call per record; operations that are no SDK's call of a model are no calls."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `op_name` with `inputs`: not a call of Weave")
        root = obj(line.get("root"))
        if not _OF_SDKS.search(str(line["op_name"])) or root.get("holds"):
            return ()
        row = row_of(_envelope(line))
        own, above = obj(unpacked(line.get("attributes"))), obj(unpacked(root.get("attributes")))
        places = ((own, "attributes."), (above, "attributes."), (line, ""))
        labels.put(row, wanted, line.get, places, route=(*places, (root, "")))
        row.trace_id, row.span_id = text(line.get("trace_id")), text(line.get("id"))
        row.parent_span_id = text(line.get("parent_id"))
        row.metadata = values.scalars(above | own, "attributes.", ("weave",)) or None
        return (row,)

    return read


def _envelope(line: Mapping[str, Any]) -> Envelope:
    asked, said = obj(unpacked(line.get("inputs"))), unpacked(line.get("output"))
    summary = obj(unpacked(line.get("summary")))
    model, usage = next(iter(obj(summary.get("usage")).items()), (None, None))
    away = isinstance(said, str) and said.startswith("weave:///")
    costs = obj(obj(obj(summary.get("weave")).get("costs")).get(model or ""))
    billed = [found for name, value in costs.items() if name.endswith("_total_cost") and (found := number(value))]
    return Envelope(
        emitter="weave",
        request={key: value for key, value in asked.items() if key not in _SELF},
        answer=said if isinstance(said, dict) else None,
        request_id=text(line.get("id")),
        model=text(asked.get("model")),
        responded=model,
        started=line.get("started_at"),
        ended=line.get("ended_at"),
        latency_ms=obj(summary.get("weave")).get("latency_ms"),
        usage=obj(usage),
        cost=sum(billed) if billed else None,
        cost_basis="platform_pricetable",
        error=text(line.get("exception")),
        answered=bool(usage) and not line.get("exception"),
        reasons=frozenset({Reason.BODY_EXTERNAL} if away else ()),
    )


FORMAT = Format(
    name="weave",
    summary="W&B Weave calls: JSON lines of the UI, the client and the service",
    fields=("op_name", "inputs", "output", "started_at", "trace_id", "summary", "wb_user_id"),
    detects=detects,
    open=open_reader,
    join=WeaveJoin,
)
