"""OTLP as JSON lines, and what stores keep of it: spans of model calls in every convention, joined with log records and
with the spans around them.

A call that two instrumentations saw (an SDK's own span inside a framework's) is one row. Source: opentelemetry-proto
1.x, `ExportTraceServiceRequest` and `ExportLogsServiceRequest` in JSON; `ingest/telemetry/otel.py` has the conventions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest.calls import bodies, chat
from audit.ingest.calls.usage import put_usage, told_cost
from audit.ingest.formats import Format, Reader
from audit.ingest.row import Row, call_key, put_weight
from audit.ingest.steps import Stepwise, of_each
from audit.ingest.telemetry import otel, span_labels
from audit.ingest.telemetry.spans import (
    SpanJoin,
    attributes_of,
    exceptions_of,
    export_request,
    resources_of,
    spanless_calls,
    spans_of,
    told_as,
)
from audit.ingest.values import microseconds, number, obj, small, text, unpacked
from audit.ingest.words import finish_reason, maker, model_key, provider


class _Span(msgspec.Struct, gc=False):
    """A call on its way through the steps: its span, what is told of it there and around it, its row, its bodies."""

    span: dict[str, Any]
    around: dict[str, Any]
    own: otel.Attributes
    found: otel.Attributes
    events: Sequence[Mapping[str, Any]]
    row: Row
    request: dict[str, Any] = {}
    answer: Any = None
    reasons: set[str] = set()


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one export request per record: a row for each call of a model in it."""
    wanted = span_labels.finders(settings)
    return Stepwise(
        _calls,
        of_each(_find_bodies),
        of_each(_put_bodies),
        of_each(_put_usage),
        of_each(_put_names),
        of_each(_put_outcome),
        of_each(_put_times),
        of_each(partial(_put_labels, wanted=wanted)),
        lambda calls: [_settled(call) for call in calls],
    )


def _calls(record: bytes) -> list[_Span]:
    line = export_request(record)
    context = obj(line.get("context"))
    calls = []
    for resource in resources_of(line):
        told = otel.attributes(obj(resource.get("resource")).get("attributes"))
        calls += [call for span in spans_of(resource) if (call := _call(span, told, context)) is not None]
    for told, span, said in spanless_calls(line, context):
        if (call := _call(span, told, said)) is not None:
            call.row.ingest_warnings = (*call.row.ingest_warnings, *said["doubts"])
            calls.append(call)
    return calls


def _call(span: dict[str, Any], resource: Mapping[str, Any], context: Mapping[str, Any]) -> _Span | None:
    name = str(span.get("spanId"))
    own = attributes_of(span)
    operation = otel.operation_of(own)
    if operation is None or name in obj(context.get("doubles")):
        return None
    told, spoken = otel.told_in_events(span)
    found = {**told, **obj(obj(context.get("inner")).get(name)), **own}
    events = obj(context.get("events")).get(name) or spoken or otel.told_in_attribute(own)
    for event in events:
        found = {**obj(event.get("attributes")), **found}
    row = Row(operation=operation, emitter=text(span.get("scope")), trace_id=text(span.get("traceId")), span_id=name)
    row.parent_span_id = text(span.get("parentSpanId"))
    around = {**resource, **obj(obj(context.get("around")).get(name))}
    return _Span(span, around, own, found, [event for event in events if event.get("body")], row)


def _find_bodies(call: _Span) -> None:
    call.request, call.answer = otel.request_of(call.found, call.events), otel.answer_of(call.found, call.events)


def _put_bodies(call: _Span) -> None:
    call.reasons = bodies.put_exchange(call.row, call.request, call.answer).reasons


def _put_usage(call: _Span) -> None:
    if counted := otel.usage_of(call.found):
        kept = call.row.usage_raw
        put_usage(call.row, counted)
        call.row.usage_raw = kept or call.row.usage_raw


def _put_names(call: _Span) -> None:
    row, found = call.row, call.found
    row.request_id = text(found.get("gen_ai.response.id")) or text(found.get("ai.response.id")) or row.request_id
    row.request_id = row.request_id or text(found.get("gen_ai.request.id")) or row.span_id
    row.model_requested = text(found.get("gen_ai.request.model")) or text(call.request.get("model"))
    row.model_responded = (
        text(found.get("gen_ai.response.model")) or text(found.get("llm.response.model_name"))
        or row.model_responded or text(found.get("llm.model_name"))
    )  # fmt: skip
    row.model_called = row.model_requested
    row.model_key = model_key(row.model_responded or row.model_requested)
    named = otel.providers_of(found)
    row.provider = next((p for name in named if (p := provider(name))), None) or maker(row.model_key)
    row.provider = row.provider or ("vllm" if otel.is_engine(found) else None)
    tiers = [found[key] for key in found if key.endswith("response.service_tier")]
    row.service_tier = row.service_tier or (text(tiers[0]) if tiers else None)
    if cost := told_cost(row, *otel.costs_of(found)):
        row.cost_usd_logged, row.cost_basis = cost, "platform_pricetable"
    resent = small(found.get("http.request.resend_count"))
    row.retries = resent if resent is not None else row.retries


def _put_outcome(call: _Span) -> None:
    row, span, found = call.row, call.span, call.found
    status = obj(span.get("status"))
    finishes = unpacked(found.get("gen_ai.response.finish_reasons"))
    told = finishes[0] if isinstance(finishes, list) and finishes else found.get("llm.finish_reason")
    if row.finish_reason_raw is None and (word := text(told)):
        row.finish_reason_raw, row.finish_reason = word, finish_reason(word)
    aborted = row.finish_reason_raw == "error"
    raised = next(exceptions_of(span), {})
    failed = status.get("code") in (2, "STATUS_CODE_ERROR") or (
        found.get("error.type") is not None and not aborted
    ) or str(found.get("langfuse.observation.level")) == "ERROR"  # fmt: skip
    message = text(status.get("message")) or text(raised.get("exception.message"))
    message = message or text(found.get("langfuse.observation.status_message"))
    code = small(found.get("http.response.status_code"))
    if failed and "GeneratorExit" not in f"{message}{raised.get('exception.type')}":
        error = {"type": found.get("error.type") or raised.get("exception.type"), "message": message or "error"}
        bodies.put_outcome(row, error, code if (code or 0) >= 400 else None, answered=False)
        return
    answered = row.response_text is not None or row.tool_calls is not None or row.refusal is not None
    whole = row.finish_reason_raw is not None and not aborted
    if failed or aborted or (row.streaming and answered and not whole and row.prompt_tokens is None):
        row.status, row.finish_reason = "partial", "aborted"
    elif answered or whole or row.prompt_tokens is not None:
        row.status = "ok"
    else:
        row.status, row.finish_reason = "partial", "aborted"  # it ended without an answer and without an error


def _put_times(call: _Span) -> None:
    row, span, found = call.row, call.span, call.found
    row.started_at, row.started_at_resolution = microseconds(span.get("startTimeUnixNano"))
    row.ended_at, _ = microseconds(span.get("endTimeUnixNano"))
    if row.started_at is not None and row.ended_at is not None and row.ended_at >= row.started_at:
        row.latency_ms = (row.ended_at - row.started_at) / 1000
    first = number(found.get("gen_ai.response.time_to_first_chunk"))
    first = number(found.get("gen_ai.latency.time_to_first_token")) if first is None else first
    if first is not None:
        row.ttft_ms = first * 1000


def _put_labels(call: _Span, wanted: span_labels.Finders) -> None:
    put_weight(call.row, otel.weight_of(call.span.get("traceState")))
    span_labels.put_labels(call.row, call.around, call.found, wanted)
    span_labels.put_decision(call.row, call.own)


def _settled(call: _Span) -> Row:
    row = call.row
    row.dedupe_key = call_key(row)
    best = "exact" if row.native_api and "input.value" in call.found else "equivalent"
    chat.judge_replayable(row, call.reasons, best)
    return row


FORMAT = Format(
    name="otlp",
    summary="OTLP as JSON or protobuf, its spans and logs out of stores; GenAI, OpenInference, Langfuse, AI SDK",
    fields=("resourceSpans", "resourceLogs"),
    detects=told_as,
    open=open_reader,
    carries="resourceLogs",
    join=SpanJoin,
    without_calls="name the files with the traces too: these have the models and the tokens of the calls",
)
