"""Pairs of a request and its response under any wrapper that a team wrote: found, and what the wrapper says of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from audit.core.settings import IngestSettings
from audit.ingest import bodies, chat, labels, values, wrapper
from audit.ingest.recorded import out_of_text
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.usage import put_cost, put_usage
from audit.ingest.values import obj, objects, text
from audit.ingest.words import answered_another, maker, model_key, names_a_model, provider, provider_of_url
from audit.protocols.protocol import Protocol
from audit.protocols.recognition import protocol_of_answer, protocol_of_request

KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "conversation_id", "thread_id"), "end_user": ("user",)}
_ROOM = 3
_PREFERRED = ("request", "body", "response", "result")
_ASKED = frozenset({"messages", "input", "contents", "system", "instructions", "tools", "metadata"})
"""Fields of a request whose text may itself look like an answer."""
_URL = ("base_url", "api_base", "url", "endpoint")
_PROVIDER = ("provider", "custom_llm_provider", "llm_provider")


def is_request(value: Any) -> bool:
    """Whether a value is a request body of any protocol, with its model's name."""
    if not isinstance(value, dict) or not isinstance(value.get("model", value.get("modelId")), str):
        return False
    return protocol_of_request(value) is not None


def _is_nameless(value: Any) -> bool:
    """Whether a value is a request that leaves the model to its address, as Azure's deployments do, or one to complete
    a text; both only count beside an answer, because many an object has such fields.
    """
    if not isinstance(value, dict):
        return False
    messages, contents = objects(value.get("messages")), objects(value.get("contents"))
    told = bool(messages and "role" in messages[0]) or bool(contents and "parts" in contents[0])
    return told or _is_completion(value)


def _is_completion(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("prompt"), str | list) and isinstance(value.get("model"), str)


def request_in(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The request that a record holds; None for none."""
    if (found := find(record, is_request)) is not None:
        return found  # type: ignore[no-any-return]
    request = find(record, _is_nameless)
    return request if request is not None and answer_beside(record, request) is not None else None


def is_answer(value: Any) -> bool:
    """Whether a value is an answer of any protocol, or the list of a stream's events."""
    return protocol_of_answer(value) is not None


def protocol(record: Mapping[str, Any]) -> Protocol | None:
    """The protocol of the pair that a record holds: the answer's, else the request's; None when it holds none."""
    request = request_in(record)
    if request is None:
        return None
    answer = answer_beside(record, request)
    if answer is None:
        held = {"error", "response"} & record.keys() or other_call(record, request) is not None
        return protocol_of_request(request) if held else None
    return protocol_of_answer(answer)


def open_reader(settings: IngestSettings) -> Callable[[bytes], Sequence[Row]]:
    """A reader of one pair per record, each in the protocol that its bodies are written in."""
    wanted = labels.finders(settings, KEYS)

    def read(record: bytes) -> Sequence[Row]:
        value = values.parse(record)
        if not isinstance(value, dict):
            raise Unusable("not a JSON object")
        request = request_in(value)
        answer = answer_beside(value, request)
        if request is None and answer is None:
            raise Unusable("neither a request with its model nor an answer")
        return (pair_row(value, request, answer, wanted),)

    return read


def pair_row(record: dict[str, Any], request: dict[str, Any] | None, answer: Any, wanted: labels.Finders) -> Row:
    """The row of a request and its answer; either may be missing, and the record says when and what went wrong."""
    row = Row()
    answer = out_of_text(answer)
    shape = bodies.spoken(request or {}, answer).shape
    row.native_api = shape.api
    held = bodies.put_exchange(row, request or {}, answer)
    row.streaming = bool(row.streaming)
    row.model_requested = row.model_requested or text((request or {}).get("model")) or _deployment(record)
    put_model(row, record, row.model_responded)
    row.operation = shape.operation
    if request and _is_completion(request) and not request.get("messages"):
        row.operation = "text_completion"
    row.emitter = shape.api.partition(".")[0]
    if row.service_tier == "batch" or wrapper.is_batch(record):
        row.batch = True
    other = None if held.answered else other_call(record, request)
    answered = held.answered or other is not None
    if other is not None:
        _put_other(row, record, *other)
    failed = held.error or wrapper.error_of(record, answered=answered)
    failed = failed or (None if answered else _error_beside(record, request))
    bodies.put_outcome(row, failed, wrapper.status_of(record), answered=answered)
    wrapper.put_times(row, record, held.created)
    cost = wrapper.cost_of(row, record)
    if not cost:
        row.cache_hit = wrapper.is_hit(record, read=bool(row.cached_tokens))
    put_cost(row, cost, held.usage, "gateway_pricetable")
    row.dedupe_key = call_key(row)
    put_labels(row, record, request or {}, wanted)
    chat.judge_replayable(row, held.reasons, "exact")
    return row


def answer_beside(record: Mapping[str, Any], request: Any) -> Any:
    """The answer that a record holds beside its request; None for none. A record may be the request itself."""
    if request is record:
        return find(_beside(record, request), is_answer)
    return find(record, is_answer, request)


def _beside(record: Mapping[str, Any], request: Any) -> dict[str, Any]:
    """What a record holds beside its request, and beside what it asked where it is the request itself."""
    return {name: value for name, value in record.items() if value is not request and name not in _ASKED}


_OTHER = (
    ("data", "embedding", "embeddings"),
    ("embeddings", "", "embeddings"),
    ("data", "b64_json", "images"),
    ("data", "url", "images"),
    ("results", "relevance_score", "rerank"),
    ("results", "flagged", "moderation"),
)
"""Answers of other operations than chat: the list that they hold, what its items have, and which operation it is."""


def _other_operation(value: Any) -> str | None:
    for name, inside, operation in _OTHER:
        items = obj(value).get(name)
        if (objects(items) and inside in objects(items)[0]) or (
            not inside and isinstance(items, list | dict) and items
        ):
            return operation
    return None


def other_call(record: Mapping[str, Any], request: Any) -> tuple[dict[str, Any], str] | None:
    """The answer to a call of another operation than chat that a record holds, and the operation; None for none."""
    found = find(_beside(record, request), lambda value: _other_operation(value) is not None)
    return None if found is None else (found, str(_other_operation(found)))


def _put_other(row: Row, record: Mapping[str, Any], answer: Mapping[str, Any], operation: str) -> None:
    """Write an answer that is no chat: what it cost is told, what it says is not read."""
    row.operation, row.native_request = operation, None
    put_model(row, record, text(answer.get("model")))
    put_usage(row, answer.get("usage") or obj(answer.get("meta")).get("billed_units"))


def _error_beside(record: Mapping[str, Any], request: Any) -> Any:
    """The error that a record holds in the place of an answer: `{"response": {"error": {...}}}`; None for none."""
    return obj(find(_beside(record, request), _is_error)).get("error")


def _is_error(value: Any) -> bool:
    error = obj(value).get("error")
    return isinstance(error, dict) and any(text(error.get(name)) for name in ("message", "code", "type"))


def find(value: Any, fits: Callable[[Any], bool], passed: Any = None, room: int = _ROOM) -> Any:
    """The outermost value that fits, bodies in texts included, of JSON or of a stream; None when nothing does.

    Args:
        passed: A value that is not looked into.
    """
    if value is passed and passed is not None:
        return None
    value = out_of_text(value)
    if fits(value):
        return value
    if room and isinstance(value, dict):
        for key in _looked_at(tuple(value)):
            if (found := find(value[key], fits, passed, room - 1)) is not None:
                return found
    return None


@functools.lru_cache(4096)
def _looked_at(keys: tuple[str, ...]) -> tuple[str, ...]:
    """An object's keys in the order of search, without messages: their text may itself look like a request."""
    return tuple(sorted((k for k in keys if k != "messages"), key=lambda k: (k not in _PREFERRED, k)))


_IN_URL = re.compile(r"/deployments/([^/?]+)")


def _deployment(record: Mapping[str, Any]) -> str | None:
    """The model that a record names beside a request which does not, if only in its address."""
    named = next(
        (name for key in ("model", "deployment", "deployment_name", "engine") if (name := text(record.get(key)))), None
    )
    urls = (text(record.get(key)) or "" for key in _URL)
    return named or next((found[1] for url in urls if (found := _IN_URL.search(url))), None)


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


def put_labels(row: Row, record: dict[str, Any], request: dict[str, Any], wanted: labels.Finders) -> None:
    """Write route, tenant, environment, region, session, end user and metadata."""
    asked, noted = obj(request.get("metadata")), obj(record.get("metadata"))
    tags = obj(record.get("tags"))
    places = ((asked, "request.metadata."), (noted, "metadata."), (tags, "tags."), (record, ""))
    labels.put(row, wanted, record.get, places, end_user=((request, "request."),))
    row.trace_id = text(record.get("trace_id"))
    row.metadata = values.scalars(asked, "request.metadata.") + values.scalars(noted, "metadata.")
    row.metadata = row.metadata + values.scalars(tags, "tags.") + labels.purposes(record) or None
