"""The request and the answer that a record holds under any wrapper, and what lies around them: where they are, not what
they say."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from audit.ingest.calls import wrapper
from audit.ingest.calls.answers import is_answer, several_answers
from audit.ingest.calls.recorded_bodies import out_of_text, stands_alone
from audit.ingest.values import obj, objects, text
from audit.protocols.protocol import Protocol
from audit.protocols.recognition import fallback, protocol_of_answer, protocol_of_request
from audit.protocols.reply import usage_in

_ROOM = 3
_PREFERRED = ("request", "body", "response", "result")
_ASKED = frozenset({"messages", "input", "contents", "system", "instructions", "tools", "metadata"})
"""Fields of a request whose text may itself look like an answer."""
Way = tuple[str, ...]
"""The fields that lead from a record to a value within."""


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
    return told or is_completion(value) or _asked_for(value) is not None


def is_completion(value: Mapping[str, Any]) -> bool:
    """Whether a request is one to complete a text."""
    return isinstance(value.get("prompt"), str | list) and isinstance(value.get("model"), str)


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
        refused = (wrapper.status_of(found.places) or 0) >= 400 or error_beside(found) is not None
        if answered is not None or refused or other_call(found) is not None:
            return found
    pair = _held_pair(record, held, asked or nameless, answered)
    if pair.request is not None and pair.answer is None:
        pair = _with_said(pair)
    return pair if asked is not None or pair.said is not None else _held_pair(record, held, None, answered)


def _with_said(pair: HeldPair) -> HeldPair:
    """The pair with the words of its answer, where counts beside it tell that there was one.

    They stand in the place of an answer, or are the last of the messages: a team may log the conversation with them.
    """
    if is_completion(obj(pair.request)) or not wrapper.usage_of(pair.places):
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
    yield from (one for one in reversed(passed) if isinstance(one, dict))


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


def others_around(pair: HeldPair) -> Iterator[HeldPair]:
    """The pairs that stand beside a pair in fields of their own: steps of one task, a first call and its fallback."""
    if len(pair.places) == 1:
        return
    inner, around, *further = pair.places
    for value in around.values():
        held = out_of_text(value)
        if isinstance(held, dict) and held != inner:
            other = pair_in(held)
            if other.request is not None and (other.answer is not None or error_beside(other) is not None):
                yield replace(other, places=(*other.places, around, *further))


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
    ("data", "relevance_score", "rerank"),
    ("results", "flagged", "moderation"),
)
"""Answers of other operations than chat: the list that they hold, what its items have, and which operation it is."""


_OF_REQUESTS = (({"file"}, "transcription"), ({"input", "voice"}, "speech"), ({"query", "documents"}, "rerank"))
"""Requests of operations whose answers are told by what was asked alone, by their fields beside a model."""
_ANSWERED_IN = ("response", "result", "output", "body", "audio", "transcript")


def _asked_for(request: Mapping[str, Any]) -> str | None:
    """The operation of a request that is no chat, told by its fields or its model; None for any other."""
    model = request.get("model")
    if not isinstance(model, str):
        return None
    told = next((operation for fields, operation in _OF_REQUESTS if request.keys() >= fields), None)
    return told or ("transcription" if re.search(r"whisper|transcribe", model) else None)


def _other_operation(value: Any) -> str | None:
    body = obj(value)
    if body.get("object") == "list" and "data" in body and usage_in(body):
        return "embeddings"  # also where a log has left the vectors out
    for name, inside, operation in _OTHER:
        items = obj(value).get(name)
        if (objects(items) and inside in objects(items)[0]) or (
            not inside and isinstance(items, list | dict) and items
        ):
            return operation
    return None


def other_call(pair: HeldPair) -> tuple[dict[str, Any], str] | None:
    """The answer to a call of another operation than chat that a record holds, and the operation; None for none.

    Special cases: of sound, and of what was heard in it, the answer is whatever stands in the place of one.
    """
    beside = _beside(pair)
    found = _find(beside, lambda value: _other_operation(value) is not None)
    if found is not None:
        return found[1], str(_other_operation(found[1]))
    operation = _asked_for(obj(pair.request))
    said = next((value for name in _ANSWERED_IN if (value := out_of_text(beside.get(name)))), None)
    return None if operation is None or said is None or _is_error(said) else (obj(said), operation)


def error_beside(pair: HeldPair) -> Any:
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
