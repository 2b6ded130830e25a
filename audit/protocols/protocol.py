"""What a wire protocol is to this program: four pure translations, and how its bodies are told from those of others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit.core.exchange import Losses, ModelAnswer, ModelRequest
from audit.protocols.shared import Whole

Body = Mapping[str, Any]


def _never(_body: Body) -> bool:
    return False


def _always(_body: Body) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPlace:
    """What one event says of the stream that it is of, for logs that keep each event as a record of its own.

    Attributes:
        id: The answer's name, where the event has it.
        begins: It is the first of its stream; None where the protocol does not tell which is.
        ends: The answer is over; what still comes may be its counts.
        whole: It may be a whole answer as well.
    """

    id: str | None = None
    begins: bool | None = False
    ends: bool = False
    whole: bool = False


def _no_place(_event: Body) -> StreamPlace | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyShape:
    """How a protocol's bodies are told from those of others, in logs that hold many.

    Each test is true of what only this protocol writes; where one protocol's words are part of another's, the order of
    the catalog decides (`recognition.py`). The default is true of nothing: such a protocol is spoken, but not read
    from logs.

    Attributes:
        api: What tables call it (`native_api`): the vendor, a dot, the interface.
        operation: What tables call its calls.
        field: Where a request has its conversation.
        asks: Of a request's body.
        answers: Of the body of a whole answer.
        streams: Of the first event of a stream.
        place: Of any event of a stream: where it stands in that; None for what is no event.
        speaks: Of one message of a conversation, wherever it stands.
        tells_end: Of an answer that has a place for why it ended, be it empty; only then does an empty one mean that
            a stream was cut. The default is for vendors that leave the place out where it is empty.
    """

    api: str = ""
    operation: str = "chat"
    field: str = "messages"
    asks: Callable[[Body], bool] = _never
    answers: Callable[[Body], bool] = _never
    streams: Callable[[Body], bool] = _never
    place: Callable[[Body], StreamPlace | None] = _no_place
    speaks: Callable[[Body], bool] = _never
    tells_end: Callable[[Body], bool] = _always

    @property
    def is_read(self) -> bool:
        """Whether logs may hold it."""
        return bool(self.api)


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """A wire protocol, both ways. Each translation to or from the typed form returns its value and what was lost.

    Attributes:
        name: As in the catalog.
        summary: One sentence for lists.
        request_from: A request body to the typed form. Raises `NotARequest`.
        request_to: The typed form to a request body.
        answer_from: The body of a whole answer to the typed form. Raises `NotAnAnswer`.
        answer_to: The typed form to the body of an answer.
        stream_from: The payloads of a stream, in order, to the body that the same call has without one.
        shape: How its bodies are told from those of others.
        finish_words: The vendor's words for why an answer ended, in small letters, with ours.
    """

    name: str
    summary: str
    request_from: Callable[[Body], tuple[ModelRequest, Losses]]
    request_to: Callable[[ModelRequest], tuple[dict[str, Any], Losses]]
    answer_from: Callable[[Body], tuple[ModelAnswer, Losses]]
    answer_to: Callable[[ModelAnswer], tuple[dict[str, Any], Losses]]
    stream_from: Callable[[Iterable[Any]], Whole]
    shape: BodyShape = field(default_factory=BodyShape)
    finish_words: Mapping[str, str] = field(default_factory=dict)
