"""LiteLLM's payload: its fields, and the facts in them that need no interpretation of the answer."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from audit.core.doubts import Doubt
from audit.ingest.calls import bodies, chat
from audit.ingest.calls.usage import put_usage, settle_counts, told_cost
from audit.ingest.row import Row
from audit.ingest.values import boolean, integer, microseconds, obj, shaped, small, text
from audit.ingest.words import charged_as, free, provider
from audit.protocols.billed import reported_cost


class Headers(
    msgspec.Struct,
    gc=False,
    rename={"retries": "x-litellm-attempted-retries", "fallbacks": "x-litellm-attempted-fallbacks"},
):
    """Two of the proxy's response headers."""

    retries: Any = None
    fallbacks: Any = None


class Failure(msgspec.Struct, gc=False):
    """What went wrong."""

    error_code: Any = None
    error_class: Any = None
    error_message: Any = None


class Breakdown(msgspec.Struct, gc=False):
    """Of the cost split, what is not a cost."""

    vertex_location: Any = None


class Hidden(msgspec.Struct, gc=False):
    """What LiteLLM notes beside a call."""

    litellm_model_name: Any = None
    additional_headers: Headers | None = None


class Response(msgspec.Struct, gc=False):
    """A response of the chat API or of the Responses API; the last four fields are of Anthropic's as it came."""

    id: Any = None
    model: Any = None
    choices: Any = None
    output: Any = None
    status: Any = None
    incomplete_details: Any = None
    usage: Any = None
    service_tier: Any = None
    type: Any = None
    role: Any = None
    content: Any = None
    stop_reason: Any = None


_RENAMED = {"start": "startTime", "end": "endTime", "first_token": "completionStartTime"}


class Payload(msgspec.Struct, gc=False, rename=_RENAMED):
    """The fields that are read."""

    # Everything else, half of a record's bytes (`model_map_information`), is skipped by the parser.
    id: Any = None
    litellm_call_id: Any = None
    trace_id: Any = None
    session_id: Any = None
    call_type: Any = None
    status: Any = None
    stream: Any = None
    cache_hit: Any = None
    model: Any = None
    model_group: Any = None
    custom_llm_provider: Any = None
    start: Any = None
    end: Any = None
    first_token: Any = None
    prompt_tokens: Any = None
    completion_tokens: Any = None
    response_cost: Any = None
    cost_breakdown: Breakdown | None = None
    response_cost_failure_debug_info: Any = None
    zero_cost_diagnostic: Any = None
    request_tags: Any = None
    end_user: Any = None
    metadata: Any = None
    messages: Any = None
    model_parameters: msgspec.Raw = msgspec.Raw(b"null")
    response: Response | str | list[Any] | None = None
    hidden_params: Hidden | None = None
    error_str: Any = None
    error_information: Failure | None = None


def put_together(payload: Payload) -> None:
    """Make a response that was kept as a stream, or as another vendor's, one of the chat API."""
    if isinstance(payload.response, Response):
        if payload.response.type == "message" and payload.response.choices is None:
            payload.response = shaped(bodies.chat_body(msgspec.structs.asdict(payload.response)) or {}, Response)
    elif payload.response is not None:
        body = bodies.chat_body(payload.response)
        payload.response = None if body is None else shaped(body, Response)
        payload.stream = payload.stream if body is None or payload.stream is not None else True
        if told := (body or {}).get("error"):
            error = obj(told) or {"message": told}
            payload.status = "failure"
            payload.error_information = Failure(error.get("code"), error.get("type"), error.get("message"))


def response_of(payload: Payload) -> Response:
    """The response of a payload after `put_together`; an empty one where there is none."""
    return payload.response if isinstance(payload.response, Response) else Response()


OPERATIONS = {
    "completion": "chat",
    "responses": "responses",
    "anthropic_messages": "messages",
    "text_completion": "text_completion",
    "embedding": "embeddings",
    "image_generation": "images",
    "image_edit": "images",
    "rerank": "rerank",
    "moderation": "moderation",
    "transcription": "transcription",
    "speech": "speech",
}


class PayloadKind(msgspec.Struct, frozen=True, gc=False):
    """What many records have in common: the row as far as that settles it, and the call."""

    row: Row
    call: chat.ChatCall


def kind_of(payload: Payload) -> PayloadKind:
    """The kind of a record. A log has few, so each is worked out once; its row is to be copied, not changed."""
    hidden, response = payload.hidden_params or Hidden(), response_of(payload)
    headers = hidden.additional_headers or Headers()
    common = (
        payload.call_type, payload.stream, payload.custom_llm_provider, payload.model_group, payload.model,
        hidden.litellm_model_name, response.model, response.service_tier, headers.retries, headers.fallbacks,
        payload.model_parameters,
    )  # fmt: skip
    # JSON is a key that takes values of any type and tells 1 from true.
    return _kind(msgspec.json.encode(common))


@functools.lru_cache(4096)
def _kind(common: bytes) -> PayloadKind:
    *values_, parameters = msgspec.json.decode(common, type=list[msgspec.Raw])
    call_type, stream, provider_, group, model, hidden_model, responded, service, retries, fallbacks = map(
        msgspec.json.decode, values_
    )
    call = chat.read_raw_call(bytes(parameters))
    row = Row(gateway="litellm", emitter="litellm")
    chat.put_call(row, call)
    kind = call_type if type(call_type) is str else "completion"
    # An `a` marks an asynchronous call, except in `anthropic_messages`.
    row.operation = OPERATIONS.get(kind) or OPERATIONS.get(kind.removeprefix("a"), "other")
    row.provider = provider(provider_)
    row.model_requested = text(group)
    row.model_called = text(hidden_model) or text(model)
    row.model_responded = text(responded)
    row.model_key = charged_as(row.model_called, row.model_responded, text(provider_), row.model_requested)
    row.service_tier = text(service)
    row.retries, row.fallbacks = small(retries), small(fallbacks)
    # `stream` is true only once a stream completed; for one that failed the parameters know.
    row.streaming = stream if isinstance(stream, bool) else bool(call.stream)
    return PayloadKind(row, call)


def put_times(row: Row, payload: Payload) -> None:
    """Write start, end, latency and, for streams, time to the first token."""
    row.started_at, row.started_at_resolution = microseconds(payload.start)
    row.ended_at, _ = microseconds(payload.end)
    if row.started_at is None or row.ended_at is None:
        return
    row.latency_ms = (row.ended_at - row.started_at) / 1000
    if payload.stream is True:
        first_token, _ = microseconds(payload.first_token)
        if first_token is not None and row.started_at <= first_token:
            row.ttft_ms = (first_token - row.started_at) / 1000


def put_money(row: Row, payload: Payload) -> None:
    """Write tokens and cost; a cost of 0 that is none becomes unknown."""
    usage = response_of(payload).usage or obj(payload.metadata).get("usage_object")
    put_usage(row, usage)
    prompt, completion = integer(payload.prompt_tokens), integer(payload.completion_tokens)
    if prompt or completion or row.usage_basis == "provider":
        # Of two counts the larger includes the cache and the reasoning.
        row.prompt_tokens = max(prompt or 0, row.prompt_tokens or 0) if prompt is not None else row.prompt_tokens
        row.completion_tokens = (
            max(completion or 0, row.completion_tokens or 0) if completion is not None else row.completion_tokens
        )
        settle_counts(row)
        row.usage_basis = "emitter_estimated" if row.status == "partial" else "provider"
    row.cache_hit = boolean(payload.cache_hit)
    cost = told_cost(row, payload.response_cost)
    unknown = payload.response_cost_failure_debug_info or payload.zero_cost_diagnostic or prompt or completion
    if cost == 0 and free(row.model_called):
        row.cost_usd_logged, row.cost_basis = 0.0, "free"
    elif cost == 0 and row.status != "error" and not row.cache_hit and unknown:
        row.ingest_warnings = (*row.ingest_warnings, Doubt.ZERO_COST)  # of a model that LiteLLM has no price for
    elif cost is not None:
        row.cost_usd_logged, row.cost_basis = cost, "gateway_pricetable"
    if row.cost_usd_logged is None and (reported := reported_cost(usage)) is not None:
        row.cost_usd_logged, row.cost_basis = reported, "provider"
