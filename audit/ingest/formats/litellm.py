"""LiteLLM StandardLoggingPayload: S3, GCS, Azure, `generic_api` and custom callbacks.

Source: litellm 1.106.2, `litellm/types/utils.py: StandardLoggingPayload`;
https://docs.litellm.ai/docs/proxy/logging_spec, read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any

import msgspec

from audit.core.reason import Reason
from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import chat
from audit.ingest.calls.litellm_payload import (
    Failure,
    Payload,
    kind_of,
    put_money,
    put_times,
    put_together,
    response_of,
)
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.steps import Stepwise
from audit.ingest.values import obj, small, text
from audit.ingest.words import error_type

_KEYS = {
    "route": (*labels.ROUTE_KEYS, "prompt_id"),
    "tenant": ("user_api_key_team_alias", "user_api_key_team_id", "user_api_key_org_id", "user_api_key_alias"),
    "environment": labels.ENVIRONMENT_KEYS,
    "region": labels.REGION_KEYS,
    # `trace_id` doubles as the session unless request_correlation_in_logs fills `session_id`.
    "session": ("session_id", "trace_id"),
    "end_user": ("end_user",),
}
_IN_PLACES = frozenset(key for kind in ("route", "environment", "region") for key in _KEYS[kind])
_PROMPT = "metadata.prompt_management_metadata."
_ABORTED = ("499", "ClientDisconnected")

_DECODER = msgspec.json.Decoder(Payload)
_FIELDS = frozenset(Payload.__struct_encode_fields__) & frozenset(Payload.__struct_fields__) - {
    "model_parameters",
    "response",
    "hidden_params",
}


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is LiteLLM's."""
    if "model_map_information" in record and "hidden_params" in record:
        return "has model_map_information and hidden_params"
    if "custom_llm_provider" in record and "call_type" in record and "startTime" in record:
        return "has custom_llm_provider, call_type and startTime"
    return None


class _Call(msgspec.Struct, gc=False):
    """A record on its way through the steps: its bytes, its payload, its row, and why it cannot be replayed."""

    record: bytes
    payload: Payload
    row: Row
    asked: chat.ChatCall
    reasons: set[str]
    whole: dict[str, Any] | None = None

    def top(self, name: str) -> Any:
        """A field at the top of the record; for one that the payload does not hold the record is read once more."""
        if name in _FIELDS:
            return getattr(self.payload, name)
        if self.whole is None:
            self.whole = obj(values.parse(self.record))
        return self.whole.get(name)


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one payload per record."""
    wanted = labels.finders(settings, _KEYS)
    return Stepwise(_begun, _with_prompt, _with_outcome, _with_money, partial(_with_labels, wanted=wanted), _settled)


def _begun(record: bytes) -> _Call:
    payload = values.typed(record, _DECODER, Payload)
    if payload.status is None and payload.messages is None:
        raise Unusable("neither `status` nor `messages`: not a LiteLLM payload")
    named = payload.id is not None and (payload.call_type is not None or payload.litellm_call_id is not None)
    if payload.response_cost is None and not named:  # other gateways' records have messages and a status too
        raise Unusable("neither `response_cost` nor `id` with `call_type`: not a LiteLLM payload")
    put_together(payload)
    kind = kind_of(payload)
    return _Call(record, payload, copy(kind.row), kind.call, set(kind.call.reasons))


def _with_prompt(call: _Call) -> _Call:
    row, payload = call.row, call.payload
    if payload.messages is not None:
        call.reasons |= chat.put_messages(row, payload.messages, call.asked)
    row.request_id, row.logical_request_id = text(payload.id), text(payload.litellm_call_id)
    row.trace_id = text(payload.trace_id)
    return call


def _with_outcome(call: _Call) -> _Call:
    put_times(call.row, call.payload)
    _put_outcome(call.row, call.payload)
    return call


def _with_money(call: _Call) -> _Call:
    put_money(call.row, call.payload)
    return call


def _with_labels(call: _Call, wanted: labels.Finders) -> _Call:
    _put_labels(call.row, call.payload, wanted, call.top)
    return call


def _settled(call: _Call) -> Sequence[Row]:
    row, reasons = call.row, call.reasons
    if not row.cost_usd_logged and "mcp" in str(call.payload.call_type):
        return ()  # a tool was called, or listed, and no model
    if row.operation not in ("chat", "responses", "messages", "embeddings"):
        reasons.add(Reason.OTHER_OPERATION)
    chat.judge_replayable(row, reasons, "equivalent")
    # The proxy's /v1/messages records lose the system prompt; only the token count tells.
    if row.operation == "messages" and Reason.SUSPECTED_MISSING_INPUT in reasons and row.system_text is None:
        row.unreplayable_reasons, row.replayable = sorted({*reasons, Reason.SYSTEM_MISSING}), "none"
    return (row,)


def _put_outcome(row: Row, payload: Payload) -> None:
    error = payload.error_information or Failure()
    response = response_of(payload)
    answer = chat.chat_answer(response.choices)
    if answer is None and response.output is not None:
        answer = chat.responses_answer(msgspec.structs.asdict(response))
    if answer is not None:
        chat.put_answer(row, answer)
    code, name = text(error.error_code), text(error.error_class)
    if payload.status == "success":
        # A client that hangs up is logged as a success with finish_reason "stop" and estimated tokens.
        aborted = code == _ABORTED[0] or name == _ABORTED[1]
        cut = aborted or (row.streaming and answer is not None and answer.finish is None)
        row.status = "partial" if cut else "ok"
        if cut:
            row.finish_reason = "aborted"
    else:
        row.status = "error" if payload.status in ("failure", "fail", "error") else "unknown"
    if code or name:
        row.error_code = code
        row.http_status = small(code) if code and code.isdecimal() else None
        row.error_message = text(error.error_message) or text(payload.error_str)
    if row.status == "error" or code or name:
        row.error_type = error_type(row.http_status, f"{name} {code} {(row.error_message or '')[:300]}")
    row.dedupe_key = call_key(row)


def _put_labels(row: Row, payload: Payload, wanted: labels.Finders, top: Any) -> None:
    metadata = obj(payload.metadata)
    tags = payload.request_tags if isinstance(payload.request_tags, list) else ()
    row.tags = tags = [tag for tag in tags if type(tag) is str and not tag.startswith("User-Agent")]
    places = labels.holding(
        _IN_PLACES,
        (labels.tag_pairs(tags), "request_tags."),
        (metadata.get("requester_metadata"), "metadata.requester_metadata."),
        (metadata.get("spend_logs_metadata"), "metadata.spend_logs_metadata."),
        (metadata, "metadata."),
    )
    managed = metadata.get("prompt_management_metadata")
    prompt = ({"prompt_id": managed.get("prompt_id")} if isinstance(managed, dict) else None, _PROMPT)
    row.served_region = text(payload.cost_breakdown.vertex_location) if payload.cost_breakdown else None
    ids = ({"session_id": payload.session_id, "trace_id": payload.trace_id, "end_user": payload.end_user}, "")
    here = ((metadata, "metadata."),)
    labels.put(row, wanted, top, places, route=(*places, prompt), tenant=here, session=(ids,), end_user=(ids,))
    if metadata:
        row.metadata = values.scalars(metadata, "metadata.", ("usage_object",))
    if type(decision := metadata.get("routing_decision")) is dict:
        row.routing, row.escalated = values.json_text(decision), values.boolean(decision.get("escalated"))


FORMAT = Format(
    name="litellm",
    summary="LiteLLM StandardLoggingPayload: JSONL, a JSON array, or one object per file",
    fields=("id", "call_type", "status", "custom_llm_provider", "startTime", "endTime", "response_cost", "messages"),
    detects=detects,
    open=open_reader,
)
