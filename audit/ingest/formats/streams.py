"""Answers of which a log keeps each event of their streams as a record of its own, or as it came over the wire.

The events may stand in the lines themselves, or in a field of them beside what a proxy noted; those of several answers
may alternate. All events of an answer are one call, at its first. What such a log keeps of requests is mostly nothing:
then its calls are counted and cannot be replayed. Other records in it are read as pairs.

Sources: https://platform.openai.com/docs/api-reference/chat-streaming,
https://platform.openai.com/docs/api-reference/responses-streaming,
https://platform.claude.com/docs/en/build-with-claude/streaming,
https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent,
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html,
https://docs.cohere.com/v2/docs/streaming
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from audit.core.settings import IngestSettings
from audit.ingest import values
from audit.ingest.calls import pairs
from audit.ingest.calls.pair_search import pair_in
from audit.ingest.calls.streamed import Answers, HeldEvents, held_events
from audit.ingest.formats import Format, Reader
from audit.ingest.join_notes import JoinNotes
from audit.ingest.row import Row, Unusable

_PLACE = "place_in_stream"
"""The field of a joined record that tells what became of it: a call, a part of one, or why it is neither."""
_MIXED = (
    "an answer whose events cannot be told from those of others that were streamed at once: write an id of the request "
    "beside each event"
)
_HEADLESS = "an event of a stream whose beginning is not in this log"
_CALL, _PART = "call", "part"
_UNUSABLE = frozenset({_MIXED, _HEADLESS})


def detects(record: Mapping[str, Any]) -> str | None:
    """Why a record is an event of a stream."""
    held = held_events(record)
    if held is None or not held.api or held.place.whole or _may_be_a_pair(record, held):
        return None
    where = "is" if held.field is None else f"has in `{held.field}`"
    return f"{where} one event of a stream of {held.api}"


def _may_be_a_pair(record: Mapping[str, Any], held: HeldEvents) -> bool:
    """Whether a record is a request with its answer all the same: one of Gemini's that does not say how it ended, or a
    whole stream as it came over the wire."""
    nameless = held.place.begins is None and held.place.id is None
    return (nameless or len(held.events) > 1) and pair_in(record).request is not None


class EventJoin:
    """The events of each answer, by its name here; the first record that has some of them is the call."""

    def __init__(self) -> None:
        self._answers = Answers()
        self._events = JoinNotes()

    def see(self, record: Mapping[str, msgspec.Raw], file: str) -> Any:
        """Take a record into account: its answer, with what may have been streamed beside it; else why it has none."""
        line = _decoded(record)
        if (held := held_events(line)) is None:
            return None
        if (found := self._answers.answer_of(held, line, file)) is None:
            return None if held.place.whole or not held.api else _HEADLESS
        self._events.note(found.name, held.events)
        return [found.name, found.group, found.is_new]

    def join(self, record: dict[str, msgspec.Raw], _file: str, seen: Any) -> dict[str, msgspec.Raw]:
        """The record that an answer begins with, with all of its events; others with what became of them."""
        if isinstance(seen, str):
            return record | _told(seen)
        if seen is None:
            return record
        name, group, is_new = seen
        if not is_new:
            return record | _told(_PART)
        if group in self._answers.mixed:
            return record | _told(_MIXED)
        held = held_events(_decoded(record))
        assert held is not None, "it was found before"
        events = [event for found in self._events.of(name) for event in msgspec.json.decode(found)]
        around = {} if held.field is None else record
        return {**around, held.field or "response": msgspec.Raw(msgspec.json.encode(events))} | _told(_CALL)


def _told(word: str) -> dict[str, msgspec.Raw]:
    return {_PLACE: msgspec.Raw(msgspec.json.encode(word))}


def _decoded(record: Mapping[str, msgspec.Raw]) -> dict[str, Any]:
    return {name: msgspec.json.decode(raw) for name, raw in record.items()}


def open_reader(settings: IngestSettings) -> Reader:
    """A reader of one record: a call where an answer begins, no call where one goes on."""
    read_pair = pairs.open_reader(settings)

    def read(record: bytes) -> Sequence[Row]:
        line = values.parse(record)
        told = line.pop(_PLACE, None) if isinstance(line, dict) else None
        if told == _PART:
            return ()
        if isinstance(told, str) and told in _UNUSABLE:
            raise Unusable(told)
        return read_pair(record if told is None else msgspec.json.encode(line))

    return read


FORMAT = Format(
    name="streams",
    summary="streamed answers, an event a line or as they came over the wire; not replayable without their requests",
    fields=("chunk", "event", "data"),
    detects=detects,
    open=open_reader,
    join=EventJoin,
    any_wrapper=True,
    without_calls="write an id of the request beside each event, or log each answer whole, with its request",
)
