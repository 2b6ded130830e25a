"""The seam between envelopes and bodies: a vendor's request and answer, read by `protocols/`, written into a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from audit.core.exchange import Loss
from audit.core.reason import Reason
from audit.ingest.calls import chat
from audit.ingest.calls.recorded_bodies import answer_within, out_of_text, put_together, request_beside
from audit.ingest.calls.usage import billed_tier, note_fees, put_usage
from audit.ingest.row import Row, Unusable, digest_of_answer
from audit.ingest.values import json_text, obj, small, text
from audit.ingest.words import error_type
from audit.protocols import openai_chat
from audit.protocols.protocol import Protocol
from audit.protocols.recognition import can_be, protocol_of_answer, protocol_of_request
from audit.protocols.reply import usage_in

CHAT = openai_chat.PROTOCOL
"""The protocol in whose shape rows keep their bodies."""

_CREATED = ("created", "created_at", "createTime")


@dataclass(frozen=True, slots=True)
class ExchangeFacts:
    """What a request and its answer say of themselves, beside what they write into a row.

    Attributes:
        reasons: Why the request cannot be replayed.
        answered: There is an answer.
        usage: The answer's, as it is written: it may hold the provider's own bill.
        error: What the answer says went wrong, in its body or in the last event of its stream; None for nothing.
        streamed: The log holds the events of a stream.
        created: When the vendor says that it made the answer, as it is written.
        made: What tells this answer from any other with its id, whenever it was logged: that time, else what it says.
    """

    reasons: set[str]
    answered: bool = False
    usage: Any = None
    error: Any = None
    streamed: bool = False
    created: Any = None
    made: Any = None


def spoken(request: Mapping[str, Any], answer: Any) -> Protocol:
    """The protocol of an exchange: the answer's, else the request's, else chat."""
    return protocol_of_answer(answer) or protocol_of_request(request) or CHAT


def chat_body(answer: Any) -> dict[str, Any] | None:
    """An answer in whatever form as a body of the chat API, or of Responses; None for what is none.

    Special cases: one that was cut has no word for its end; one that says what went wrong has that under `error`.
    """
    row, held = Row(), out_of_text(answer)
    protocol = protocol_of_answer(held)
    if protocol is None:
        return None
    body = whole_body(row, held, protocol)
    if body.get("error") or (not row.cut and (body.get("choices") or isinstance(body.get("output"), list))):
        return body
    try:
        made, _ = openai_chat.answer_to(protocol.answer_from(body)[0])
    except ValueError:
        return None
    if row.cut:
        made["choices"][0]["finish_reason"] = None
    return {**made, "usage": usage_in(body)}


def put_exchange(row: Row, request: Mapping[str, Any], answer: Any) -> ExchangeFacts:
    """Write a request and its answer into a row, in the protocol that they are found to be in; either may be empty.

    The request is read as one of the answer's protocol where it can be: many a body fits two.

    Args:
        row: Gets them.
        request: Its body.
        answer: Its body, the events of a stream, or the text that a log keeps either in.

    Raises:
        Unusable: The request is none of its protocol.
    """
    answer, told = answer_within(answer)
    request = request_beside(request, answer)
    own, reasons = protocol_of_request(request), set[str]()
    protocol = told or own or CHAT
    if own is not None:
        reasons = put_request(row, request, protocol if can_be(request, protocol) else own)
    if not answer:
        return ExchangeFacts(reasons)
    body = whole_body(row, answer, protocol)
    answered = put_body(row, body, protocol) or (row.cut and bool(body))
    if body.get("object") == "response.compaction":  # what it holds is of use to the vendor alone
        reasons.add(Reason.SERVER_SIDE_STATE)
    created = next((body[name] for name in _CREATED if body.get(name)), None)
    return ExchangeFacts(
        reasons,
        answered,
        usage_in(body),
        body.get("error"),
        streamed=isinstance(answer, list),
        created=created,
        made=created or digest_of_answer(row),
    )


def put_request(row: Row, body: Mapping[str, Any], protocol: Protocol) -> set[str]:
    """Write a request into a row, in the chat shape; the vendor's own body is kept beside it.

    Returns:
        Reasons why it cannot be replayed.

    Raises:
        Unusable: It is no request of the protocol.
    """
    reasons: set[str] = set()
    asked = body = chat.as_sent(body)
    if protocol is not CHAT:
        try:
            request, losses = protocol.request_from(body)
        except ValueError:
            raise Unusable("the request is none of its protocol") from None
        asked, _ = openai_chat.request_to(request, extended=True)
        if any(lost.loss is Loss.SERVER_STATE for lost in losses):
            reasons.add(Reason.SERVER_SIDE_STATE)
        row.native_request = json_text(body)
        row.model_requested = request.model or row.model_requested
    row.native_api = protocol.shape.api
    call = chat.read_call(asked)
    chat.put_call(row, call)
    row.streaming = body.get("stream") if isinstance(body.get("stream"), bool) else None
    row.model_requested = text(body.get("model")) or row.model_requested
    row.service_tier = row.service_tier or call.service_tier
    return reasons | set(call.reasons) | chat.put_messages(row, asked["messages"], call)


def put_answer(row: Row, answer: Any, protocol: Protocol) -> bool:
    """Write an answer of a protocol, whole or streamed, into a row; says whether there is one."""
    return put_body(row, whole_body(row, out_of_text(answer), protocol), protocol)


def whole_body(row: Row, answer: Any, protocol: Protocol) -> dict[str, Any]:
    """The body of an answer, that of a stream as if it had not been streamed; the row learns of the stream."""
    if not isinstance(answer, list):
        row.tells_end = protocol.shape.tells_end(obj(answer))
        return obj(answer)
    body, row.cut = put_together(answer, protocol)
    row.streaming = True
    return body


def put_body(row: Row, body: Mapping[str, Any], protocol: Protocol) -> bool:
    """Write the body of an answer into a row: text, calls, finish, tokens, names; says whether there is one."""
    answered = _put_body(row, body, protocol)
    # OpenRouter: what came before the provider failed is billed, and is no whole answer.
    choices = body.get("choices")
    row.cut = row.cut or (isinstance(choices, list) and any(obj(choice).get("error") for choice in choices))
    row.cut = row.cut or body.get("status") == "cancelled"
    if row.cut:  # some protocols have a word for what is under way, and a sum of what is known by then
        row.finish_reason = row.finish_reason_raw = None
        row.completion_tokens = row.completion_tokens or None
    return answered


def _put_body(row: Row, body: Mapping[str, Any], protocol: Protocol) -> bool:
    row.request_id = text(body.get("id")) or row.request_id
    row.model_responded = text(body.get("model")) or row.model_responded
    put_usage(row, usage_in(body))
    row.service_tier = billed_tier(body) or row.service_tier
    note_fees(row, body)
    if protocol is not CHAT:
        return _put_typed(row, body, protocol)
    answer = chat.chat_answer(body.get("choices"))
    if answer is not None:
        chat.put_answer(row, answer)
    return answer is not None


def _put_typed(row: Row, body: Mapping[str, Any], protocol: Protocol) -> bool:
    """Write an answer that is not of the chat API: its names, and what it says in the shape of that API."""
    try:
        found, _ = protocol.answer_from(body)
    except ValueError:
        return False
    row.request_id, row.model_responded = found.id or row.request_id, found.model or row.model_responded
    written, _ = openai_chat.answer_to(found)
    answer = chat.chat_answer(written.get("choices"))
    if answer is None or not (found.parts or found.finish_raw):
        return False
    chat.put_answer(row, msgspec.structs.replace(answer, finish=found.finish_raw))
    if found.finish_raw is not None:
        row.finish_reason = found.finish_reason
    return True


def put_outcome(row: Row, error: Any, http_status: int | None, *, answered: bool) -> None:
    """Write the status, from the error that stands beside the answer, and the class of the error.

    A stream that ended without the provider's word for its end was cut by the client: billed, and not whole. Where the
    log has no place for that word, nothing is known of the end.
    """
    row.http_status = http_status
    if error or (http_status or 200) >= 400:
        details = obj(error)
        details = obj(details.get("error")) or details
        row.status, row.error_code = "error", text(details.get("code")) or text(details.get("type"))
        row.error_message = text(details.get("message")) or text(error)
        words = f"{row.error_code} {text(details.get('type'))} {(row.error_message or '')[:300]}"
        row.error_type = error_type(http_status or small(details.get("code")), words)
    elif not answered:
        row.status = "unknown"
    else:
        row.status = "ok"
        settle_cut(row)


def settle_cut(row: Row) -> None:
    """Make a call that the log shows to be a stream that was cut a partial one."""
    if (row.cut or (row.streaming and row.tells_end)) and row.finish_reason_raw is None:
        row.status, row.finish_reason = "partial", "aborted"
