"""Pairs of a request and its response under any wrapper that a team wrote: found, and what the wrapper says of them."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any
from urllib.parse import unquote

from audit.core.doubts import Doubt
from audit.core.settings import IngestSettings
from audit.ingest import bodies, chat, labels, values, wrapper
from audit.ingest.recorded import out_of_text, stands_alone
from audit.ingest.row import Row, Unusable, call_key
from audit.ingest.usage import put_cost, put_usage
from audit.ingest.values import obj, objects, text
from audit.ingest.words import answered_another, maker, model_key, names_a_model, provider, provider_of_url
from audit.protocols.protocol import Protocol
from audit.protocols.recognition import fallback, protocol_of_answer, protocol_of_request
from audit.protocols.reply import usage_in

KEYS = {**labels.COMMON_KEYS, "session": ("session_id", "conversation_id", "thread_id"), "end_user": ("user",)}
_ROOM = 3
_PREFERRED = ("request", "body", "response", "result")
_ASKED = frozenset({"messages", "input", "contents", "system", "instructions", "tools", "metadata"})
"""Fields of a request whose text may itself look like an answer."""
Way = tuple[str, ...]
"""The fields that lead from a record to a value within."""
_URL = ("base_url", "api_base", "url", "endpoint")
_PROVIDER = ("provider", "custom_llm_provider", "llm_provider")


def is_request(value: Any) -> bool:
    """Whether a value is a request body of any protocol, with its model's name."""
    if not isinstance(value, dict) or not isinstance(value.get("model", value.get("modelId")), str):
        return False
    return protocol_of_request(value) is not None


def _is_nameless(value: Any) -> bool:
    """Whether a value is a request that leaves the model to its address, as Azure's deployments do, or one to complete
    a text; both only count beside an answer or an error, because many an object has such fields.
    """
    if not isinstance(value, dict):
        return False
    messages, contents = objects(value.get("messages")), objects(value.get("contents"))
    told = bool(messages and "role" in messages[0]) or bool(contents and "parts" in contents[0])
    return told or _is_completion(value)


def _is_completion(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("prompt"), str | list) and isinstance(value.get("model"), str)


def is_answer(value: Any) -> bool:
    """Whether a value is an answer of any protocol, the list of a stream's events, or a list of answers."""
    return protocol_of_answer(value) is not None or bool(several_answers(value))


def several_answers(value: Any) -> Sequence[dict[str, Any]]:
    """The answers that a list holds, each whole: with tokens and an id of its own; none for the events of a stream."""
    if not isinstance(value, list) or len(value) < 2 or not usage_in(obj(out_of_text(value[0]))):
        return ()
    bodies_ = [obj(out_of_text(item)) for item in value]
    ids = {text(body.get("id")) or text(body.get("responseId")) for body in bodies_} - {None}
    whole = len(ids) == len(bodies_) and all(usage_in(body) and protocol_of_answer(body) for body in bodies_)
    return bodies_ if whole else ()


@dataclass(frozen=True, slots=True)
class HeldPair:
    """What a record holds.

    Attributes:
        request, answer: None where it holds none.
        places: The objects around both, the innermost first and the record last: each may say something of the call. A
            shipper's envelope is one too.
        said: What was said, where a team kept that alone of the answer.
        beside: Further answers around them.
    """

    request: dict[str, Any] | None
    answer: Any
    places: wrapper.Places
    said: Any = None
    beside: Sequence[Any] = ()


def pair_in(record: Mapping[str, Any]) -> HeldPair:
    """The pair that a record holds, and what lies around it."""
    held = out_of_text(dict(record))
    asked = _find(held, is_request)
    nameless = _find(held, _is_nameless) if asked is None else None
    answered = _answer_beside(held, asked or nameless)
    if nameless is not None:
        found = _held_pair(record, held, nameless, answered)
        if answered is not None or _error_beside(found) is not None or other_call(found) is not None:
            return found
    pair = _held_pair(record, held, asked or nameless, answered)
    if pair.request is not None and pair.answer is None:
        pair = _with_said(pair)
    return pair if asked is not None or pair.said is not None else _held_pair(record, held, None, answered)


def _with_said(pair: HeldPair) -> HeldPair:
    """The pair with the words of its answer, where counts beside it tell that there was one.

    They stand in the place of an answer, or are the last of the messages: a team may log the conversation with them.
    """
    if _is_completion(obj(pair.request)) or not wrapper.usage_of(pair.places):
        return pair  # a prompt beside a text is most often one of a chat: a person says so by a map
    if (said := wrapper.said_of(pair.places)) is not None:
        return replace(pair, said=said)
    *before, last = objects(obj(pair.request).get("messages")) or [{}]
    if before and last.get("role") == "assistant":
        return replace(pair, request={**obj(pair.request), "messages": before}, said=last)
    return pair


def _held_pair(
    record: Mapping[str, Any], held: dict[str, Any], asked: tuple[Way, Any] | None, answered: tuple[Way, Any] | None
) -> HeldPair:
    return HeldPair(
        request=None if asked is None else asked[1],
        answer=None if answered is None else answered[1],
        places=(*_around(held, asked and asked[0], answered and answered[0]), record),
        beside=() if answered is None else list(_answers_around(held, asked[0] if asked else (), answered[0])),
    )


def _answers_around(held: dict[str, Any], asked: Way, answered: Way) -> Iterator[Any]:
    """Answers in the fields beside those that lead to a request and its answer, from the record inwards."""
    inner: Any = held
    for depth in range(_ROOM):
        steps = {way[depth] for way in (asked, answered) if len(way) > depth}
        for name, value in inner.items():
            if name not in steps and name not in _ASKED:
                found = _find(out_of_text(value), is_answer, None, _ROOM - depth - 1)
                if found is not None:
                    yield found[1]
        inner = out_of_text(inner[steps.pop()]) if len(steps) == 1 else None
        if not isinstance(inner, dict):
            return


def _around(held: dict[str, Any], asked: Way | None, answered: Way | None) -> Iterator[dict[str, Any]]:
    """The objects within a record that hold its bodies, the innermost first."""
    way = asked or answered or ()
    if asked is not None and answered is not None:
        way = tuple(step for step, other in takewhile(lambda two: two[0] == two[1], zip(asked, answered, strict=False)))
    elif way and way[-1] in _PREFERRED:
        way = way[:-1]
    inner: Any = held
    passed: list[dict[str, Any]] = []
    for step in way:
        inner = out_of_text(inner[step])
        passed.append(inner)
    yield from reversed(passed)


def protocol(record: Mapping[str, Any]) -> Protocol | None:
    """The protocol of the pair that a record holds: the answer's, else the request's; None when it holds none."""
    pair = pair_in(record)
    if pair.request is None:
        return protocol_of_answer(pair.answer) if stands_alone(pair.answer) else None
    if pair.answer is None:
        held = pair.said is not None or any({"error", "response"} & place.keys() for place in pair.places)
        held = held or other_call(pair) is not None
        return protocol_of_request(pair.request) or fallback() if held else None
    return protocol_of_answer(next(iter(several_answers(pair.answer)), pair.answer))


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
        others = list(_others(pair))
        own = [replace(pair, answer=one) for one in several_answers(pair.answer)] or [pair]
        rows = [pair_row(one, wanted) for one in (*own, *others)]
        if pair.beside and any(_is_another(one, rows) for one in pair.beside):
            rows[0].ingest_warnings = (*rows[0].ingest_warnings, Doubt.ANOTHER_ANSWER)
        return rows

    return read


def _is_another(answer: Any, rows: Sequence[Row]) -> bool:
    """Whether an answer is that of none of some rows; a gateway may keep a vendor's beside its own form of it."""
    one = Row()
    bodies.put_exchange(one, {}, answer)
    return not any(_is_same(one, row) for row in rows)


def _is_same(one: Row, other: Row) -> bool:
    """Whether two answers are one: by their ids, else by their tokens, and where one tells none by their words."""
    tokens = [(row.prompt_tokens, row.completion_tokens) for row in (one, other)]
    if one.request_id is not None and one.request_id == other.request_id:
        return True
    return tokens[0] == tokens[1] if (None, None) not in tokens else one.response_text == other.response_text


def _others(pair: HeldPair) -> Iterator[HeldPair]:
    """The pairs that stand beside a pair in fields of their own: steps of one task, a first call and its fallback."""
    if len(pair.places) == 1:
        return
    inner, around, *further = pair.places
    for value in around.values():
        held = out_of_text(value)
        if isinstance(held, dict) and held != inner:
            other = pair_in(held)
            if other.request is not None and (other.answer is not None or _error_beside(other) is not None):
                yield replace(other, places=(*other.places, around, *further))


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
    if request and _is_completion(request) and not request.get("messages"):
        row.operation = "text_completion"
    row.emitter = shape.api.partition(".")[0]
    if row.service_tier == "batch" or wrapper.is_batch(places):
        row.batch = True
    other = None if held.answered else other_call(pair)
    answered = held.answered or other is not None
    if other is not None:
        _put_other(row, told, *other)
    failed = held.error or wrapper.error_of(places, answered=answered)
    failed = failed or (None if answered else _error_beside(pair))
    if not failed:
        answered = _put_said(row, pair) or answered
    bodies.put_outcome(row, failed, wrapper.status_of(places), answered=answered)
    wrapper.put_times(row, places, held.created)
    cost = wrapper.cost_of(row, places)
    if not cost:
        row.cache_hit = wrapper.is_hit(places, read=bool(row.cached_tokens))
    put_cost(row, cost, held.usage, "gateway_pricetable")
    row.dedupe_key = call_key(row, held.created)
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


def _answer_beside(record: dict[str, Any], asked: tuple[Way, Any] | None) -> tuple[Way, Any] | None:
    """The answer that a record holds beside its request, and the way to it; None for none.

    An object may be request and record in one: its answer then lies within it, though not in what it asked.
    """
    if asked is None:
        return _find(record, is_answer)
    way, request = asked
    if way and (found := _find(record, is_answer, request)) is not None:
        return found
    within = _find({name: value for name, value in request.items() if name not in _ASKED}, is_answer)
    return None if within is None else ((*way, *within[0]), within[1])


def _beside(pair: HeldPair) -> dict[str, Any]:
    """What a record holds beside its request, and beside what it asked where it is the request itself."""
    inner = pair.places[0]
    return {name: value for name, value in inner.items() if value is not pair.request and name not in _ASKED}


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


def other_call(pair: HeldPair) -> tuple[dict[str, Any], str] | None:
    """The answer to a call of another operation than chat that a record holds, and the operation; None for none."""
    found = _find(_beside(pair), lambda value: _other_operation(value) is not None)
    return None if found is None else (found[1], str(_other_operation(found[1])))


def _put_other(row: Row, record: Mapping[str, Any], answer: Mapping[str, Any], operation: str) -> None:
    """Write an answer that is no chat: what it cost is told, what it says is not read."""
    row.operation, row.native_request = operation, None
    put_model(row, record, text(answer.get("model")))
    put_usage(row, answer.get("usage") or obj(answer.get("meta")).get("billed_units"))


def _error_beside(pair: HeldPair) -> Any:
    """The error that a record holds in the place of an answer: `{"response": {"error": {...}}}`; None for none."""
    found = _find(_beside(pair), _is_error)
    return None if found is None else found[1]["error"]


def _is_error(value: Any) -> bool:
    error = obj(value).get("error")
    return isinstance(error, dict) and any(text(error.get(name)) for name in ("message", "code", "type"))


def _find(value: Any, fits: Callable[[Any], bool], passed: Any = None, room: int = _ROOM) -> tuple[Way, Any] | None:
    """The outermost value that fits, bodies in texts included, of JSON or of a stream, and the way to it; None when
    nothing does.

    Args:
        value: What stands in it is opened there, once for all searches; what lies deeper is left as it is.
        passed: A value that is not looked into.
    """
    if value is passed and passed is not None:
        return None
    if fits(value):
        return (), value
    if room and isinstance(value, dict):
        for key in _looked_at(tuple(value)):
            inner = out_of_text(value[key])
            if room == _ROOM:
                value[key] = inner
            if (found := _find(inner, fits, passed, room - 1)) is not None:
                return (key, *found[0]), found[1]
    return None


@functools.lru_cache(4096)
def _looked_at(keys: tuple[str, ...]) -> tuple[str, ...]:
    """An object's keys in the order of search, without messages: their text may itself look like a request."""
    return tuple(sorted((k for k in keys if k != "messages"), key=lambda k: (k not in _PREFERRED, k)))


_IN_URL = re.compile(r"/(?:deployments|models?)/([^/?]+?)(?::\w+)?(?:[/?]|$)")
"""Azure's deployments, Google's `models/gemini-2.5-flash:generateContent`, Bedrock's `model/ID/converse`."""


def _deployment(record: Mapping[str, Any]) -> str | None:
    """The model that a record names beside a request which does not, if only in its address."""
    named = next(
        (name for key in ("model", "deployment", "deployment_name", "engine") if (name := text(record.get(key)))), None
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
