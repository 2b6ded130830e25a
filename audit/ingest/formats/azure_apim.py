"""Azure API Management's LLM log: rows of ApiManagementGatewayLlmLog, joined by CorrelationId.

A call has a row of counts with its model (`SequenceNumber` 0), then rows with its request's and its response's
messages, large ones in several. Rows of ApiManagementGatewayLogs, where the export has them, add status, time, API,
product and subscription. Tools and parameters are in neither table.
Source: learn.microsoft.com/azure/azure-monitor/reference/tables/ApiManagementGatewayLlmLog, the page of
ApiManagementGatewayLogs beside it, and learn.microsoft.com/azure/api-management/api-management-howto-llm-logs, read
2026-11-29.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls.envelope import Envelope, first, row_of
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable
from audit.ingest.values import boolean, integer, obj, small, text, unpacked

_KEYS = {
    **labels.COMMON_KEYS,
    "route": (*labels.ROUTE_KEYS, "OperationId", "ApiId"),
    "tenant": (*labels.TENANT_KEYS, "ApimSubscriptionId", "ProductId"),
    "region": ("Region",),
    "end_user": ("UserId",),
}
_CALL, _GATEWAY = frozenset({"CorrelationId", "SequenceNumber"}), frozenset({"CorrelationId", "ApiId"})
_NAMES = (
    *("TimeGenerated", "TimeGenerated [UTC]", "ModelName", "DeploymentName", "PromptTokens", "CompletionTokens"),
    *("TotalTokens", "IsStreamCompletion", "OperationName", "RequestId", "Region"),
)
_REQUEST = ("ApiId", "OperationId", "ProductId", "ApimSubscriptionId", "UserId", "ResponseCode", "TotalTime", "Region")
_BODIES = ("RequestMessages", "ResponseMessages")


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is a row of API Management's."""
    if record.keys() >= _CALL:
        return "has CorrelationId and SequenceNumber: the LLM log of Azure API Management"
    if record.keys() >= _GATEWAY and "ResponseCode" in record:
        return "has CorrelationId, ApiId and ResponseCode: the gateway log of Azure API Management"
    return None


_Numbered = tuple[int, msgspec.Raw]
"""A row of a call with its number."""


class CorrelationJoin:
    """All rows of each call; it is counted at the row with the lowest number, the first of those."""

    def __init__(self) -> None:
        self._rows = JoinNotes()
        self._requests = JoinNotes()
        self._counted: set[str] = set()

    def see(self, record: Mapping[str, msgspec.Raw], _file: str) -> None:
        """Take a row into account."""
        name = _name(record)
        if record.keys() >= _CALL:
            wanted = {key: record[key] for key in (*_NAMES, *_BODIES) if key in record}
            self._rows.note(name, (_number(record), wanted))
        elif record.keys() >= _GATEWAY:
            self._requests.note(name, {key: record[key] for key in _REQUEST if key in record})

    def join(self, record: dict[str, msgspec.Raw], _file: str, _seen: None) -> dict[str, msgspec.Raw]:
        """The row at which a call is counted, with all of it; another with the mark that it is a part of one."""
        name = _name(record)
        if name in self._counted:
            return record | {"part": msgspec.Raw(b"true")}
        rows: dict[int, msgspec.Raw] = {}
        for told in self._rows.of(name):
            number, row = msgspec.json.decode(told, type=_Numbered)
            rows.setdefault(number, row)
        if not rows or not record.keys() >= _CALL or _number(record) != min(rows):
            return record | {"part": msgspec.Raw(b"true")} if rows else record
        self._counted.add(name)
        request = self._requests.last(name) or msgspec.Raw(b"{}")
        whole = {"rows": [rows[number] for number in sorted(rows)], "request": request}
        return record | {"whole": msgspec.Raw(msgspec.json.encode(whole))}


def _name(record: Mapping[str, msgspec.Raw]) -> str:
    return bytes(record.get("CorrelationId", b"")).decode("utf-8", "replace")


def _number(record: Mapping[str, msgspec.Raw]) -> int:
    return integer(msgspec.json.decode(record["SequenceNumber"])) or 0


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one row per record; a call is counted at the first of its rows."""
    wanted = labels.finders(settings, _KEYS)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        if not isinstance(line, dict) or detects(line) is None:
            raise Unusable("no `CorrelationId` with a `SequenceNumber`: not a row of API Management's LLM log")
        # A request of the gateway that no row of the other table belongs to called no model.
        if line.get("part") is True or not line.keys() >= _CALL:
            return ()
        whole = obj(line.get("whole"))
        rows = [obj(row) for row in whole.get("rows") or ()] or [line]
        request = obj(whole.get("request"))
        row = row_of(_envelope(line, rows, request))
        row.gateway, row.trace_id = "azure-apim", text(line.get("CorrelationId"))
        labels.put(row, wanted, line.get, ((request, ""), (_told(rows), ""), (line, "")))
        return (row,)

    return read


def _told(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the rows of a call say of it, each from the first that says it; a zero beside messages says nothing."""
    return {
        name: value for row in reversed(rows) for name in _NAMES if (value := row.get(name)) not in (None, "", 0, "0")
    }


def _messages(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[list[Any], bool]:
    """The messages of all rows in order, and whether they lie in several: a long one may then be in pieces."""
    parts = [found for row in rows if isinstance(found := unpacked(row.get(name)), list) and found]
    return [message for part in parts for message in part], len(parts) > 1


def _envelope(line: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], request: Mapping[str, Any]) -> Envelope:
    told = _told(rows)
    asked, cut = _messages(rows, "RequestMessages")
    said, also_cut = _messages(rows, "ResponseMessages")
    status = small(request.get("ResponseCode"))
    reasons = {Reason.PARAMS_MISSING} if asked else {Reason.BODY_NOT_CAPTURED}
    if cut or also_cut:
        reasons.add(Reason.TRUNCATED_MIDDLE)
    model = text(told.get("DeploymentName")) or text(told.get("ModelName"))
    answer = obj(said[0]) if said and not also_cut else {}
    return Envelope(
        emitter="azure-apim",
        request={"model": model, "messages": asked} if asked else {},
        answer={"choices": [{"index": 0, "message": {"role": "assistant"} | answer}]} if answer else None,
        request_id=text(told.get("RequestId")) or text(line.get("CorrelationId")),
        logical_id=text(line.get("CorrelationId")),
        model=model,
        responded=text(told.get("ModelName")),
        provider="azure",
        started=first(told, "TimeGenerated", "TimeGenerated [UTC]"),
        latency_ms=request.get("TotalTime"),
        usage={
            "prompt_tokens": integer(told.get("PromptTokens")),
            "completion_tokens": integer(told.get("CompletionTokens")),
        },
        error={"message": f"status {status}"} if (status or 200) >= 400 else None,
        http_status=status,
        answered=bool(said) or integer(told.get("CompletionTokens")) is not None,
        streaming=boolean(told.get("IsStreamCompletion")),
        operation="embeddings" if "embedding" in (text(told.get("OperationName")) or "").lower() else "chat",
        reasons=frozenset(reasons),
    )


FORMAT = Format(
    name="azure-apim",
    summary="Azure API Management: rows of ApiManagementGatewayLlmLog, joined by CorrelationId",
    fields=(
        *("CorrelationId", "SequenceNumber", "RequestMessages", "ResponseMessages", "PromptTokens"),
        *("CompletionTokens", "ModelName", "DeploymentName"),
    ),
    detects=detects,
    open=open_reader,
    join=CorrelationJoin,
)
