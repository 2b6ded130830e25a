"""The seam between envelopes and bodies: a vendor's request and answer, read by `protocols/`, written into a row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from audit.core.exchange import Loss
from audit.core.reason import Reason
from audit.ingest import chat
from audit.ingest.row import Row, Unusable
from audit.ingest.usage import put_usage
from audit.ingest.values import json_text, obj, text
from audit.ingest.words import error_type
from audit.protocols import PROTOCOLS, openai_chat

CHAT, RESPONSES, MESSAGES = "openai.chat", "openai.responses", "anthropic.messages"
CONVERSE, GEMINI = "bedrock.converse", "gemini.generateContent"
_NAMES = {
    CHAT: "openai_chat",
    RESPONSES: "openai_responses",
    MESSAGES: "anthropic_messages",
    CONVERSE: "bedrock_converse",
    GEMINI: "gemini",
}
_FIELD = {CHAT: "messages", MESSAGES: "messages", CONVERSE: "messages", RESPONSES: "input", GEMINI: "contents"}
_SHAPES: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
    (RESPONSES, lambda body: isinstance(body.get("input"), str | list)),
    (GEMINI, lambda body: isinstance(body.get("contents"), list)),
    (MESSAGES, lambda body: isinstance(body.get("messages"), list) and _anthropic(body)),
    (CHAT, lambda body: isinstance(body.get("messages"), list)),
)


def _anthropic(body: Mapping[str, Any]) -> bool:
    """Whether a body with messages has what only Anthropic's has."""
    tools = body.get("tools")
    described = isinstance(tools, list) and any("input_schema" in obj(tool) for tool in tools)
    named = str(body.get("model") or "").startswith("claude") and "max_tokens" in body
    return "system" in body or "anthropic_version" in body or described or named


def protocol_of(body: Mapping[str, Any]) -> str | None:
    """The protocol that a request body is written in; None for what is no request."""
    return next((name for name, holds in _SHAPES if holds(body)), None)


def fits(body: Mapping[str, Any], protocol: str) -> bool:
    """Whether a request body can be read as one of a protocol."""
    return isinstance(body.get(_FIELD[protocol]), list) or (protocol == RESPONSES and protocol_of(body) == RESPONSES)


def protocol_of_answer(body: Any) -> str | None:
    """The protocol that an answer is written in, streams as lists of events too; None for what is no answer."""
    if isinstance(body, list):
        first = next((event for event in body if isinstance(event, dict)), {})
        if isinstance(first.get("choices"), list):
            return CHAT
        return MESSAGES if first.get("type") in ("message_start", "ping") else None
    body = obj(body)
    if body.get("type") == "message" and isinstance(body.get("content"), list):
        return MESSAGES
    if isinstance(body.get("choices"), list):
        return CHAT
    if body.get("object") == "response" or (isinstance(body.get("output"), list) and "status" in body):
        return RESPONSES
    if isinstance(body.get("candidates"), list):
        return GEMINI
    return CONVERSE if isinstance(obj(body.get("output")).get("message"), dict) else None


def spoken(request: Mapping[str, Any], answer: Any) -> str:
    """The protocol of an exchange: the answer's, else the request's, else chat."""
    return protocol_of_answer(answer) or protocol_of(request) or CHAT


def put_exchange(row: Row, request: Mapping[str, Any], answer: Any) -> tuple[set[str], bool]:
    """Write a request and its answer into a row, in the protocol that they are found to be in; either may be empty.

    The request is read as one of the answer's protocol where it can be: many a body fits two.

    Returns:
        Reasons why the request cannot be replayed, and whether there is an answer.

    Raises:
        Unusable: The request is none of its protocol.
    """
    protocol, reasons = spoken(request, answer), set[str]()
    own = protocol_of(request)
    if own is not None:
        reasons = put_request(row, request, protocol if fits(request, protocol) else own)
    return reasons, bool(answer) and put_answer(row, answer, protocol)


def put_request(row: Row, body: Mapping[str, Any], protocol: str) -> set[str]:
    """Write a request into a row, in the chat shape; the vendor's own body is kept beside it.

    Returns:
        Reasons why it cannot be replayed.

    Raises:
        Unusable: It is no request of the protocol.
    """
    reasons: set[str] = set()
    asked = body = chat.as_sent(body)
    if protocol != CHAT:
        try:
            request, losses = PROTOCOLS.get(_NAMES[protocol]).request_from(body)
        except ValueError:
            raise Unusable("the request is none of its protocol") from None
        asked, _ = openai_chat.request_to(request, extended=True)
        if any(lost.loss is Loss.SERVER_STATE for lost in losses):
            reasons.add(Reason.SERVER_SIDE_STATE)
        row.native_request = json_text(body)
    row.native_api = protocol
    call = chat.read_call(asked)
    chat.put_call(row, call)
    row.streaming = body.get("stream") if isinstance(body.get("stream"), bool) else None
    row.model_requested = text(body.get("model")) or row.model_requested
    row.service_tier = row.service_tier or call.service_tier
    return reasons | set(call.reasons) | chat.put_messages(row, asked["messages"], call)


def put_answer(row: Row, body: Any, protocol: str) -> bool:
    """Write an answer into a row: text, calls, finish, tokens, names; says whether there is one."""
    if isinstance(body, list):
        row.streaming, body = True, PROTOCOLS.get(_NAMES[protocol]).stream_from(body).body
    body = obj(body)
    row.request_id = text(body.get("id")) or text(body.get("responseId")) or row.request_id
    row.model_responded = text(body.get("model")) or text(body.get("modelVersion")) or row.model_responded
    put_usage(row, body.get("usage") or body.get("usageMetadata"))
    row.service_tier = text(body.get("service_tier")) or row.service_tier
    answer = chat.chat_answer(body.get("choices")) if protocol == CHAT else _answer(body, protocol)
    if answer is None:
        return False
    chat.put_answer(row, answer)
    return True


def _answer(body: Mapping[str, Any], protocol: str) -> chat.ChatAnswer | None:
    try:
        found, _ = PROTOCOLS.get(_NAMES[protocol]).answer_from(body)
    except ValueError:
        return None
    written, _ = openai_chat.answer_to(found)
    answer = chat.chat_answer(written.get("choices"))
    if answer is None or not (found.parts or found.finish_raw):
        return None
    return msgspec.structs.replace(answer, finish=found.finish_raw)


def put_outcome(row: Row, error: Any, http_status: int | None, *, answered: bool) -> None:
    """Write the status, from the error that stands beside the answer, and the class of the error.

    A stream that ended without the provider's word for its end was cut by the client: billed, and not whole.
    """
    row.http_status = http_status
    if error or (http_status or 200) >= 400:
        details = obj(error)
        details = obj(details.get("error")) or details
        row.status, row.error_code = "error", text(details.get("code")) or text(details.get("type"))
        row.error_message = text(details.get("message")) or text(error)
        words = f"{row.error_code} {text(details.get('type'))} {(row.error_message or '')[:300]}"
        row.error_type = error_type(http_status, words)
    elif not answered:
        row.status = "unknown"
    elif row.streaming and row.finish_reason_raw is None:
        row.status, row.finish_reason = "partial", "aborted"
    else:
        row.status = "ok"
