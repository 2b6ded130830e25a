"""A reply with a 2xx status, read to one JSON body: whole or streamed, comments before it taken off, whatever protocol.

What is no answer is a `NoAnswer` with its fault, and with the tokens that it counts all the same: they were billed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from audit.protocols.billed import reported_cost
from audit.protocols.errors import Diagnosis, diagnose_object, error_in, is_web_page
from audit.protocols.event_stream import is_event_stream, read_event_stream
from audit.protocols.faults import Fault
from audit.protocols.shared import Whole, objects
from audit.protocols.sse import Stream, is_stream, read_stream, without_comments
from audit.protocols.usage import Counts, read_usage

USAGE_FIELDS = ("usage", "usageMetadata", "usage_metadata")
"""Where protocols count tokens; the last is what Google's SDK for Python makes of the second."""


class NoAnswer(Exception):
    """A reply that holds no answer. The message quotes nothing of it.

    Attributes:
        diagnosis: Which fault it stands for.
        counts: Usage that the reply reports all the same: it was billed.
        again: Whether asking again may help; None: as the fault says. A cut body may be whole the next time, one of
            another shape would not change.
    """

    def __init__(self, diagnosis: Diagnosis, counts: Counts | None = None, *, again: bool | None = None) -> None:
        super().__init__(diagnosis.what)
        self.diagnosis = diagnosis
        self.counts = counts or Counts()
        self.again = again


def body_of_reply(raw: bytes, stream_from: Callable[[Iterable[Any]], Whole]) -> Mapping[str, Any]:
    """The body of a reply; that of a stream as if it had not been streamed, and one that is written twice once.

    Args:
        stream_from: Puts the protocol's streams together.

    Raises:
        NoAnswer: It is no JSON object, a stream that was cut, or one that carries an error.
    """
    raw = without_comments(raw)
    if is_event_stream(raw):
        stream = read_event_stream(raw)
    elif is_stream(raw):
        try:
            stream = read_stream(raw)
        except UnicodeDecodeError:
            raise misshapen() from None
    else:
        plain = _json(raw)
        if isinstance(plain, list) and len(plain) == 1:
            plain = plain[0]
        if isinstance(plain, Mapping):
            return plain
        if not isinstance(plain, list) or not plain:
            raise misshapen()
        # Gemini streams a JSON array where nobody asks for events, and Ollama a line for each piece.
        stream = Stream(payloads=tuple(plain), done=False, damaged=0)
    made = stream_from(stream.payloads)
    counts = counts_of(made.body)
    if made.body.get("error"):
        raise NoAnswer(diagnose_object(made.body["error"]), counts)
    # A piece that cannot be read is missing in the answer, however well the stream ended.
    if not made.body or stream.damaged or not (made.ended or stream.done):
        raise cut(counts)
    return made.body


def counts_of(body: Mapping[str, Any]) -> Counts:
    """Tokens that a body reports, whatever protocol, and what it says was billed."""
    return counts_in(next((body[name] for name in USAGE_FIELDS if name in body), None))


def counts_in(usage: Any) -> Counts:
    """The same of what a reply says of its tokens."""
    return replace(read_usage(usage), billed_usd=reported_cost(usage))


def usage_in(body: Mapping[str, Any]) -> Any:
    """What a body says of its tokens, as it is written; None for nothing."""
    return next((found for name in USAGE_FIELDS if (found := body.get(name))), None)


def no_answer(body: Mapping[str, Any], counts: Counts) -> NoAnswer:
    """What a body stands for that holds no answer of its protocol: the error in it, or a shape that is none."""
    error = error_in(body)
    return misshapen(counts) if error is None else NoAnswer(diagnose_object(error, 200), counts)


def cut(counts: Counts | None = None) -> NoAnswer:
    """A body that ends before its end: the next one may be whole."""
    return NoAnswer(Diagnosis(fault=Fault.UNDECODABLE, status=200, rule="cut"), counts, again=True)


def misshapen(counts: Counts | None = None) -> NoAnswer:
    """A body of another shape: asking again would not change it."""
    return NoAnswer(Diagnosis(fault=Fault.UNDECODABLE, status=200, rule="shape"), counts, again=False)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except UnicodeDecodeError:
        raise misshapen() from None
    except (ValueError, RecursionError):
        if is_web_page(raw):
            raise NoAnswer(Diagnosis(fault=Fault.NOT_AN_API, status=200, rule="web-page")) from None
        several = _several(raw)
        if not several:
            raise cut() from None
        if sum(map(_has_message, several)) > 1 and any(each != several[0] for each in several):
            raise misshapen() from None  # two answers, and nothing says which is meant
        return several[0] if all(each == several[0] for each in several) else several


def _has_message(body: Mapping[str, Any]) -> bool:
    """Whether a body is a whole completion, and no piece of one."""
    return any("message" in choice for choice in objects(body.get("choices")))


def _several(raw: bytes) -> list[Any]:
    """The objects of a body that holds several, one behind the other; none where anything else stands there."""
    decoder, text, place, found = json.JSONDecoder(), raw.decode("utf-8", "replace").strip(), 0, list[Any]()
    while text.startswith("{", place):
        try:
            value, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            return []
        found.append(value)
        while text[place : place + 1].isspace():
            place += 1
    return found if place == len(text) else []
