"""Answers that people have judged, as a file of JSON Lines holds them: one line a judgement, only ever appended.

    {"id": "chatcmpl-82", "right": false, "answer": "Refunds take 90 days.", "by": "ada", "at": "2026-03-01T09:30:00Z"}

Files are merged by taking the union of their lines. Of what one person says of one answer the last word counts; people
who disagree are counted by the majority, and where there is none, the answer is disputed.

Whether answers were chosen or drawn is not to be seen from them, so a line says it: `"random": {"first": 150, "of":
612}` stands on what was said of the first 150 of 612 pairs in their random order, a number that was declared before the
first was judged. A line without it, of whatever file, is taken for an answer that somebody chose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from audit.core.errors import InputError, Place
from audit.core.fingerprint import canonical_json

_KEYS = {"id", "right", "answer", "tool_calls", "by", "at", "random"}
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomPart:
    """How a pair came to be judged: it is one of the first so many in their random order.

    Attributes:
        first: Pairs that were to be judged, declared before the first of them was.
        of: Pairs that there were to draw from; each was drawn with probability `first / of`.
    """

    first: int
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCounts:
    """Draws of a candidate and labels of some of them, by what the judge makes of a draw: it saw a loss, nothing, or a
    gain. Tuples have these three.

    Attributes:
        draws: That the judge has looked at, those included whose answers need no label.
        said: Of these, draws that need one.
        told: Of these, draws that people have judged.
        changed: Of these, draws of which people call one answer right and the other wrong, or cannot tell. Which of
            both answers is right is not in it.
    """

    draws: int
    said: tuple[int, ...]
    told: tuple[int, ...]
    changed: tuple[int, ...]

    @classmethod
    def of(cls, said: Sequence[float], changed: Sequence[float], *, draws: int) -> LabelCounts:
        """Count.

        Args:
            said: What the judge makes of every draw that needs a label, in {-1, 0, 1}: those that people have judged
                first, in any order.
            changed: Of these, whether people call one answer right and the other wrong: 1 or 0, and 1 for what they
                cannot tell.
            draws: That the judge has looked at.
        """
        first = said[: len(changed)]
        found = [one for one, differs in zip(first, changed, strict=True) if differs]
        return cls(draws=draws, said=_by_stratum(said), told=_by_stratum(first), changed=_by_stratum(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnLabels:
    """Labels of pairs that were drawn at random, all of which people have judged: a verdict about this candidate is
    read from them, and from what the judge says of all draws.

    Attributes:
        first: Pairs that were to be judged, and are.
        sample: Quality draws of the sample that they are from. All of them stay in it.
        looks: Looks that were declared for it; so many stay, or labels that do not please under some could please under
            others.
        counts: Of all draws so far.
    """

    first: int
    sample: int
    looks: int
    counts: LabelCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One line of the file.

    Attributes:
        id: Of a logged request: the exchange as outputs name it, or the log's own request id.
        right: What is said of the answer; None for "cannot tell", which also takes an earlier word back.
        answer: That was judged; None for the log's own, or for one that is tool calls alone.
        tool_calls: Of the judged answer, in the OpenAI shape; None for the log's own, or for text alone.
        by: Who says it; "" where the line names nobody.
        at: When; None where the line does not say.
        random: How the pair was drawn; None where the line does not say, which is taken for chosen.
    """

    id: str
    right: bool | None
    answer: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] | None = None
    by: str = ""
    at: datetime | None = None
    random: RandomPart | None = None

    @property
    def logged(self) -> bool:
        """Whether it is about the log's own answer."""
        return self.answer is None and self.tool_calls is None

    @property
    def content(self) -> str | None:
        """What was judged, as a text that is equal for equal answers; None for the log's own."""
        return None if self.logged else answer_content(self.answer, self.tool_calls)

    @property
    def line(self) -> str:
        """The line, without its end."""
        said: dict[str, Any] = {"id": self.id, "right": self.right}
        said |= {} if self.answer is None else {"answer": self.answer}
        said |= {} if self.tool_calls is None else {"tool_calls": list(self.tool_calls)}
        said |= {"by": self.by} if self.by else {}
        if self.at is not None:
            said["at"] = self.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
        if self.random is not None:
            said["random"] = {"first": self.random.first, "of": self.random.of}
        return json.dumps(said, ensure_ascii=False)


def answer_content(text: str | None, tool_calls: Iterable[Mapping[str, Any]] | None) -> str:
    """An answer as a text that is equal for equal answers: what was said and what was called, not the calls' ids."""
    calls = [{key: value for key, value in call.items() if key != "id"} for call in tool_calls or ()]
    return canonical_json([text or "", calls])


def parse_judgements(text: str, path: str) -> tuple[Judgement, ...]:
    """Every line of a file, in order.

    Args:
        text: Of the file.
        path: Of the file, for errors.

    Raises:
        InputError: A line is not as it should be; what it says is not repeated.
    """
    lines = enumerate(text.split("\n"), 1)
    return tuple(_judgement(line, Place(file=path, line=number)) for number, line in lines if line.strip())


def last_words(judgements: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """What each person says of each answer in the end, in the order of the file; what was taken back is left out.

    Later is by time; lines without one come before, and among equals the order of the file decides. Lines that name
    nobody are no person's, so all of them count.
    """
    last: dict[tuple[str, str | None, str], tuple[datetime, Judgement]] = {}
    nobody: list[Judgement] = []
    for one in judgements:
        if not one.by:
            nobody.append(one)
            continue
        key, at = (one.id, one.content, one.by), one.at or _EARLIEST
        if key not in last or at >= last[key][0]:
            last[key] = (at, one)
    return (*nobody, *(one for _, one in last.values() if one.right is not None))


def settled(votes: Iterable[bool]) -> bool | None:
    """What people say of one answer together: the majority's word; None for a draw, which is a dispute."""
    said = list(votes)
    balance = sum(said) - sum(not one for one in said)
    return None if balance == 0 else balance > 0


def faults(said: Sequence[str], expected: Sequence[str]) -> list[str]:
    """What each answer would be wrong in, as a text that is equal for equal faults.

    An answer that is right of other requests, such as a label, is another fault for every answer that was expected. One
    that is right of none, such as "I do not know", is one fault however many requests it was given to.

    Args:
        said: Each answer, from `answer_content`.
        expected: The answer that was expected in its place, likewise.
    """
    known = set(expected)
    return [canonical_json([one, wanted if one in known else None]) for one, wanted in zip(said, expected, strict=True)]


def _judgement(line: str, place: Place) -> Judgement:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise _wrong("it is not JSON", place) from None
    if not isinstance(value, dict):
        raise _wrong("it is not an object", place)
    if value.keys() - _KEYS:
        raise _wrong("it has other keys than `id`, `right`, `answer`, `tool_calls`, `by`, `at` and `random`", place)
    read = Judgement(id=_text(value, "id", place) or "", right=value.get("right"), by=_text(value, "by", place) or "")
    if not read.id:
        raise _wrong("`id` is not the id of a request, as text", place)
    # A word that nobody in particular said cannot be taken back.
    if not (isinstance(read.right, bool) or (read.right is None and read.by and "right" in value)):
        raise _wrong("`right` is neither true nor false", place)
    calls = value.get("tool_calls")
    if not (calls is None or (isinstance(calls, list) and calls and all(isinstance(call, dict) for call in calls))):
        raise _wrong("`tool_calls` is not a list of calls", place)
    return replace(
        read,
        answer=_text(value, "answer", place),
        tool_calls=None if calls is None else tuple(calls),
        at=_time(_text(value, "at", place), place),
        random=_random(value.get("random"), place),
    )


def _by_stratum(said: Iterable[float]) -> tuple[int, ...]:
    signs = [(one > 0) - (one < 0) for one in said]
    return tuple(signs.count(sign) for sign in (-1, 0, 1))


def _random(value: object, place: Place) -> RandomPart | None:
    if value is None:
        return None
    if isinstance(value, dict) and value.keys() == {"first", "of"}:
        first, of = value["first"], value["of"]
        if type(first) is int and type(of) is int and 0 < first <= of:
            return RandomPart(first=first, of=of)
    raise _wrong('`random` is not two whole numbers such as {"first": 150, "of": 612}', place)


def _text(value: Mapping[str, Any], key: str, place: Place) -> str | None:
    found = value.get(key)
    if found is not None and not isinstance(found, str):
        raise _wrong(f"`{key}` is not text", place)
    return found


def _time(text: str | None, place: Place) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise _wrong("`at` is not a time with its zone, such as 2026-03-01T09:30:00Z", place)
    return at


def _wrong(why: str, place: Place) -> InputError:
    return InputError(
        f"a line of the labels cannot be used: {why}",
        code="labels.line",
        place=place,
        hint='one line an answer: {"id": "…", "right": false, "answer": "…"}',
    )
