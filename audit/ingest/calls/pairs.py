"""Pairs of a request and its response under any wrapper that a team wrote, as rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

from audit.core.settings import IngestSettings
from audit.ingest import labels, values
from audit.ingest.calls import bodies, chat, wrapper
from audit.ingest.calls.answers import note_others, several_answers
from audit.ingest.calls.pair_search import HeldPair, error_beside, is_completion, other_call, others_around, pair_in
from audit.ingest.calls.recorded_bodies import out_of_text
from audit.ingest.calls.usage import put_cost, put_usage
from audit.ingest.row import Row, Unusable, call_key, put_weight
from audit.ingest.values import obj, text
from audit.ingest.words import answered_another, maker, model_key, names_a_model, provider, provider_of_url

KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "conversation_id", "thread_id"), "end_user": ("user",)}
_URL = ("base_url", "api_base", "url", "endpoint")
_PROVIDER = ("provider", "custom_llm_provider", "llm_provider")


def open_reader(settings: IngestSettings) -> Callable[[bytes], Sequence[Row]]:
    """A reader of one pair per record, each in the protocol that its bodies are written in."""
    wanted = labels.finders(settings, KEYS)

    def read(record: bytes) -> Sequence[Row]:
        value = values.parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object")
        pair = pair_in(value)
        if pair.request is None and pair.answer is None:
            raise Unusable("neither a request with its model nor an answer")
        others = list(others_around(pair))
        own = [replace(pair, answer=one) for one in several_answers(pair.answer)] or [pair]
        rows = [pair_row(one, wanted) for one in (*own, *others)]
        note_others(rows, pair.beside)
        return rows

    return read


def pair_row(pair: HeldPair, wanted: labels.Finders) -> Row:
    """The row of a request and its answer; either may be missing. What lies around says when, and what went wrong."""
    row = Row()
    request, places = pair.request or {}, pair.places
    told = _together(places)
    answer = out_of_text(pair.answer)
    shape = bodies.spoken(request, answer).shape
    row.native_api = shape.api
    held = bodies.put_exchange(row, request, answer)
    row.streaming = bool(row.streaming)
    row.model_requested = row.model_requested or text(request.get("model")) or _deployment(told)
    put_model(row, told, row.model_responded)
    row.operation = shape.operation
    if request and is_completion(request) and not request.get("messages"):
        row.operation = "text_completion"
    row.emitter = shape.api.partition(".")[0]
    if row.service_tier == "batch" or wrapper.is_batch(places):
        row.batch = True
    other = None if held.answered else other_call(pair)
    answered = held.answered or other is not None
    if other is not None:
        _put_other(row, told, *other)
    failed = held.error or wrapper.error_of(places, answered=answered)
    failed = failed or (None if answered else error_beside(pair))
    if not failed:
        answered = _put_said(row, pair) or answered
    bodies.put_outcome(row, failed, wrapper.status_of(places), answered=answered)
    wrapper.put_times(row, places, held.created)
    put_weight(row, wrapper.weight_of(places))
    cost = wrapper.cost_of(row, places)
    if not cost:
        row.cache_hit = wrapper.is_hit(places, read=bool(row.cached_tokens))
    put_cost(row, cost, held.usage, "gateway_pricetable")
    row.logical_request_id = wrapper.operation_of(row, places)
    row.dedupe_key = call_key(row, held.made)
    put_labels(row, places, request, wanted)
    chat.judge_replayable(row, held.reasons, "exact")
    return row


def _put_said(row: Row, pair: HeldPair) -> bool:
    """Write what a team kept of an answer beside the bodies: words and counts; says whether there are words."""
    if row.prompt_tokens is None and row.completion_tokens is None:
        put_usage(row, wrapper.usage_of(pair.places))
    message = chat.said_message(pair.said)
    if message is not None and (answer := chat.chat_answer([{"message": message}])) is not None:
        chat.put_answer(row, answer)
    return message is not None


def _together(places: wrapper.Places) -> Mapping[str, Any]:
    """Objects as one, in which the first counts."""
    return (
        places[0] if len(places) == 1 else {name: value for place in reversed(places) for name, value in place.items()}
    )


def _put_other(row: Row, record: Mapping[str, Any], answer: Mapping[str, Any], operation: str) -> None:
    """Write an answer that is no chat: what it cost is told, what it says is not read."""
    row.operation, row.native_request = operation, None
    put_model(row, record, text(answer.get("model")))
    put_usage(row, answer.get("usage") or obj(answer.get("meta")).get("billed_units"))


_IN_URL = re.compile(r"/(?:deployments|models?)/([^/?]+?)(?::\w+)?(?:[/?]|$)")
"""Azure's deployments, Google's `models/gemini-2.5-flash:generateContent`, Bedrock's `model/ID/converse`."""


def _deployment(record: Mapping[str, Any]) -> str | None:
    """The model that a record names beside a request which does not, if only in its address."""
    named = next(
        (
            name
            for key in ("model", "modelId", "deployment", "deployment_name", "engine")
            if (name := text(record.get(key)))
        ),
        None,
    )
    urls = (text(record.get(key)) or "" for key in _URL)
    return named or next((unquote(found[1]) for url in urls if (found := _IN_URL.search(url))), None)


def put_model(row: Row, record: Mapping[str, Any], responded: str | None) -> None:
    """Write the names of the model, and the provider that the record, its address or the names tell.

    A response names a snapshot (`gpt-4o` becomes `gpt-4o-2024-08-06`), and that is the model's name here. Where it
    names something else altogether, what was asked for is a deployment: a team's own word for it is its name, and the
    price is the other's; the name of another model would be read and priced as that, and is not taken. A catalogue's
    long name stays (`eu.anthropic.claude-...`), which has prices of its own.
    """
    asked = row.model_called = row.model_requested
    row.model_responded = responded
    own_word = answered_another(asked, responded) and not (names_a_model(asked) and names_a_model(responded))
    row.model_key = model_key(asked if own_word or maker(asked) == "aws.bedrock" else responded or asked)
    url = next((u for key in _URL if (u := text(record.get(key)))), None)
    named = next((p for key in _PROVIDER if (p := provider(record.get(key)))), None)
    row.provider = named or provider_of_url(url) or maker(responded) or maker(asked)


def put_labels(row: Row, places: wrapper.Places, request: Mapping[str, Any], wanted: labels.Finders) -> None:
    """Write route, tenant, environment, region, session, end user and metadata."""
    asked, told = obj(request.get("metadata")), _together(places)
    looked_at: list[tuple[Any, str]] = [(asked, "request.metadata.")]
    for place in places:
        looked_at += (place.get("metadata"), "metadata."), (place.get("tags"), "tags."), (place, "")
    labels.put(row, wanted, told.get, looked_at, end_user=((request, "request."),))
    row.trace_id = text(told.get("trace_id"))
    noted, tags = obj(told.get("metadata")), obj(told.get("tags"))
    row.metadata = values.scalars(asked, "request.metadata.") + values.scalars(noted, "metadata.")
    row.metadata = row.metadata + values.scalars(tags, "tags.") + labels.purposes(places[0]) or None
