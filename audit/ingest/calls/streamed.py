"""Events of streams that a log keeps as records of their own: which answer each is of.

A proxy writes a line for each event, of several answers at once. OpenAI's chat API and Gemini name the answer in every
event, the other protocols in the first one alone: their events go to the answer that began last. Where that cannot be,
because more answers end than one after the other would, nobody can tell whose an event is, unless an id stands beside
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from audit.protocols.protocol import StreamPlace
from audit.protocols.recognition import place_of_event
from audit.protocols.recorded import unwrapped
from audit.protocols.sse import DONE

_NAMES_ONE = re.compile(r"(?i)(^|_|[a-z])(id|uuid|key)$")
"""Fields beside an event whose value may be that of all events of one answer."""
_OF_ERRORS = frozenset({"error", "type", "request_id", "event_id", "sequence_number"})
"""Fields of an event that says what went wrong, which no protocol names the answer in."""
_OVER = StreamPlace(ends=True)
_MAY_BEGIN_ONE = frozenset("{[de:")
"""How a text begins that holds an event: as JSON, as `data:`, as `event:`, as a comment, as `[DONE]`."""
_MOST_OPEN = 10_000
"""Answers at most that are looked for at once; one that goes on after so many others have begun counts as cut."""


@dataclass(frozen=True, slots=True)
class HeldEvents:
    """The events of a stream that a record holds.

    Attributes:
        field: Where they stand; None where the record is the event.
        events: Most records hold one, those of a program that logs what it reads at once may hold several.
        api, place: What the first of them says; no API where it is of any, as that a stream is over, or went wrong.
    """

    field: str | None
    events: list[Any]
    api: str
    place: StreamPlace


def held_events(record: Mapping[str, Any]) -> HeldEvents | None:
    """The events that a record holds, as itself or in one of its fields; None where it holds none."""
    if (own := place_of_event(record)) is not None:
        return HeldEvents(None, [record], *own)
    if "error" in record and record.keys() <= _OF_ERRORS:
        return HeldEvents(None, [record], "", _OVER)
    for name, value in record.items():
        found: list[Any] = []
        if isinstance(value, dict):
            found = [value]
        elif isinstance(value, str) and value[:1] in _MAY_BEGIN_ONE:
            if value.strip() == DONE:
                return HeldEvents(name, [DONE], "", _OVER)
            found = _of_text(value)
        if found and (told := place_of_event(found[0])) is not None:
            api, place = told
            ends = any(event == DONE or _ends(event) for event in found)
            return HeldEvents(name, found, api, replace(place, ends=ends))
    return None


def _ends(event: Any) -> bool:
    told = place_of_event(event) if isinstance(event, dict) else None
    return told is not None and told[1].ends


def _of_text(text: str) -> list[Any]:
    """The events of a text that may hold some; nothing where it holds something else."""
    held = unwrapped(text)
    listed = held if isinstance(held, list) else [held]
    return listed if listed and isinstance(listed[0], dict) else []


@dataclass(slots=True)
class _Answer:
    """A stream on its way.

    Attributes:
        name: As nothing else in the log is called.
        group: The number of those that may have run at once.
        beside: The ids that stood beside its first event.
        named: An event of it has its id.
        ended: Nothing but its counts may still come.
        ended_unnamed: The event that ended it does not say whose it is.
    """

    name: str
    group: int
    beside: frozenset[tuple[str, Any]]
    named: bool = False
    ended: bool = False
    ended_unnamed: bool = False


@dataclass(slots=True)
class _Turn:
    """Streams without names, of one protocol in one file: which is the last, and how many of its group go on."""

    last: _Answer | None = None
    group: int = 0
    going_on: int = 0


@dataclass(frozen=True, slots=True)
class FoundAnswer:
    """Whose an event is.

    Attributes:
        name: Of the answer, as nothing else in the log is called.
        group: The number of those that may have been streamed at once.
        is_new: The event is the first of it.
    """

    name: str
    group: int
    is_new: bool


@dataclass(slots=True)
class Answers:
    """Tells event by event whose it is.

    Attributes:
        mixed: Groups of which nobody can tell whose their events are.
    """

    mixed: set[int] = field(default_factory=set)
    _named: dict[tuple[str, str], _Answer] = field(default_factory=dict)
    _beside: dict[tuple[str, Any], _Answer] = field(default_factory=dict)
    _turns: dict[tuple[str, str], _Turn] = field(default_factory=dict)
    _begun: int = 0

    def answer_of(self, held: HeldEvents, record: Mapping[str, Any], file: str) -> FoundAnswer | None:
        """The answer that events are of; None for those of none that has begun.

        Args:
            held: What the record holds.
            record: The record, for the ids beside its events.
            file: Where it is.
        """
        ids = frozenset(_ids_beside(record, held.field))
        if not held.api:
            return self._finished(file)
        turn = self._turns.setdefault((held.api, file), _Turn())
        place = held.place
        found = self._found(held.api, place, ids, turn)
        if is_new := found is None:
            if place.whole or place.begins is False:
                return None
            found = self._begin(turn, ids)
        if place.id is not None:
            found.named = True
            _remember(self._named, (held.api, place.id), found)
        if place.ends and not found.ended:
            found.ended, found.ended_unnamed, turn.going_on = True, place.id is None, turn.going_on - 1
        return FoundAnswer(found.name, found.group, is_new)

    def _found(self, api: str, place: StreamPlace, ids: frozenset[tuple[str, Any]], turn: _Turn) -> _Answer | None:
        """The answer that an event goes on with; None where it begins one, or is of none."""
        if place.id is not None:
            known = self._named.get((api, place.id))
            if known is None and turn.last is not None and not turn.last.named and place.begins is not False:
                known = turn.last  # Azure's chunk about its filter went ahead
            return None if known is None or (known.ended and place.begins) else known
        if place.begins:
            return None
        near = {id(one): one for key in ids if (one := self._beside.get(key)) is not None}
        if near:
            return max(near.values(), key=lambda one: len(ids & one.beside))
        if turn.last is not None and turn.last.ended:
            if place.begins is None:
                return None
            if turn.going_on > 0 and turn.last.ended_unnamed:
                self.mixed.add(turn.group)
        return turn.last

    def _begin(self, turn: _Turn, ids: frozenset[tuple[str, Any]]) -> _Answer:
        self._begun += 1
        if not turn.going_on:
            turn.group = self._begun
        turn.last = _Answer(f"{self._begun}", turn.group, ids)
        turn.going_on += 1
        for key in ids:
            _remember(self._beside, key, turn.last)
        return turn.last

    def _finished(self, file: str) -> FoundAnswer | None:
        """The answer of which an event says that it is over: the only one that goes on there; None where several do."""
        turns = [turn for (_, of), turn in self._turns.items() if of == file and turn.last is not None]
        last = turns[0].last if len(turns) == 1 and turns[0].going_on < 2 else None
        if last is None:
            return None
        turns[0].going_on -= not last.ended
        last.ended = True
        return FoundAnswer(last.name, last.group, is_new=False)


def _ids_beside(record: Mapping[str, Any], field: str | None) -> Iterator[tuple[str, Any]]:
    if field is None:
        return
    for name, value in record.items():
        if name != field and isinstance(value, str | int) and _NAMES_ONE.search(name):
            yield name, value


def _remember(table: dict[Any, _Answer], key: Any, answer: _Answer) -> None:
    """Note under a key which answer has it; those that were noted first go when there are many."""
    table[key] = answer
    if len(table) > _MOST_OPEN:
        del table[next(iter(table))]
