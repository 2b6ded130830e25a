"""One person at work: the next pair, a word about it, and back again. All that is known is in the file of labels."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from audit.cases.texts import AnswerText
from audit.core.artifacts import RunFolder, append_labels, read_labels
from audit.core.criteria import Labelled
from audit.core.display import plural
from audit.core.errors import InputError
from audit.core.finding import RouteFinding
from audit.core.labels import Judgement, RandomPart, faults, last_words, settled
from audit.labelling.at_random import RandomSize
from audit.labelling.needed import Needed, needed
from audit.labelling.pairs import BlindPair, Pair, Queue, blind, logged_first, texts_of
from audit.stats.agreement import TwoPeople, agreements

TOLD_EVERY = 10
"""Pairs after which the number still needed is worked out anew: told at once, it would betray what the criteria said of
the answer just judged."""


class Word(Enum):
    """What can be said of a pair: the key for it, the same for people, and whether each of both answers is right."""

    FIRST = ("a", "only A is right", (True, False))
    BOTH = ("s", "both are right", (True, True))
    SECOND = ("d", "only B is right", (False, True))
    NEITHER = ("f", "both are wrong", (False, False))
    SKIP = ("x", "cannot tell", (None, None))

    def __init__(self, key: str, words: str, right: tuple[bool | None, bool | None]) -> None:
        self.key = key
        self.words = words
        self.right = right


@dataclass(slots=True)
class Session:
    """One person labels one route.

    Attributes:
        folder: Of the run.
        route: As concluded.
        confidence: Of the run.
        queue: Pairs of the route.
        file: Of labels; made with the first word.
        by: Who labels.
        seed: Of the order in which two answers are shown.
        now: The time.
        first: Pairs at the beginning of the queue that are a random sample, by a number that was declared before the
            first of them was judged; 0 where none was.
        size: How many of these pairs would settle the route; None where no judge decides.
    """

    folder: RunFolder
    route: RouteFinding
    confidence: float
    queue: Queue
    file: Path
    by: str
    seed: int
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    first: int = 0
    size: RandomSize | None = None
    _judgements: list[Judgement] = field(default_factory=list)
    _votes: dict[tuple[str, bool], dict[str, bool]] | None = None
    _history: list[str] = field(default_factory=list)
    _put_off: set[str] = field(default_factory=set)
    _back: str | None = None
    _told: tuple[int, Needed] | None = None
    _told_at_random: tuple[int, str] | None = None

    def __post_init__(self) -> None:
        """Read what is there, this person's own words in the order in which they were said."""
        found = read_labels(self.file) if self.file.exists() else ()
        self._judgements = [one for one in found if self._about(one)]
        judged = self.judged_pairs
        latest = {one.id: place for place, one in enumerate(self._judgements) if one.by == self.by}
        self._history = sorted(judged, key=lambda name: latest[name])

    def _about(self, one: Judgement) -> bool:
        """Whether it is about one of the two answers of a pair."""
        pair = self.queue.pairs.get(one.id)
        return pair is not None and (one.logged or one.content in (pair.logged, pair.other))

    @property
    def votes(self) -> Mapping[tuple[str, bool], Mapping[str, bool]]:
        """What people say in the end, by name: by pair and whether it is the log's own answer."""
        if self._votes is None:
            found: dict[tuple[str, bool], dict[str, bool]] = {}
            for one in last_words(self._judgements):
                own = one.logged or one.content == self.queue.pairs[one.id].logged
                found.setdefault((one.id, own), {})[one.by] = bool(one.right)
            self._votes = found
        return self._votes

    @property
    def judged_pairs(self) -> set[str]:
        """Pairs of which this person has said something of both answers."""
        mine = {key for key, said in self.votes.items() if self.by in said}
        # What was said before of a pair that is drawn at random now was said of a chosen one.
        drawn = {one.id for one in self._judgements if one.by == self.by and one.random is not None}
        chosen = set(self.random_part) - drawn
        return {name for name, own in mine if own and (name, False) in mine} - chosen

    @property
    def random_part(self) -> list[str]:
        """The pairs that are a random sample, in their order."""
        return list(self.queue.pairs)[: self.first]

    @property
    def random_left(self) -> int:
        """Pairs of the random part of which nobody has said anything yet, not even that they cannot tell."""
        said = {one.id for one in self._judgements if one.random is not None}
        return sum(name not in said for name in self.random_part)

    @property
    def random_changed(self) -> list[bool]:
        """Of the random part as far as it is judged without a gap, whether people call one answer right and the other
        wrong, or cannot tell; which of both is not in it."""
        said = {one.id for one in self._judgements if one.random is not None}
        judged = itertools.takewhile(said.__contains__, self.random_part)
        words = [[settled(self.votes.get((name, own), {}).values()) for own in (True, False)] for name in judged]
        return [logged is None or other is None or logged is not other for logged, other in words]

    @property
    def total(self) -> int:
        """Pairs of the route."""
        return len(self.queue.pairs)

    @property
    def left(self) -> int:
        """Pairs that this person has yet to judge."""
        return self.total - len(self.judged_pairs)

    def next(self) -> BlindPair | None:
        """The pair to judge now; None when all are judged or put off."""
        pair = self._next()
        return None if pair is None else blind(self.folder, self.queue, pair, seed=self.seed, by=self.by)

    def _next(self) -> Pair | None:
        if self._back is not None:
            return self.queue.pairs[self._back]
        done = self.judged_pairs
        skipped = {one.id for one in self._judgements if one.by == self.by and one.right is None} | self._put_off
        left = [name for name in self.queue.pairs if name not in done]
        fresh = next((name for name in left if name not in skipped), None)
        again = next((name for name in left if name not in self._put_off), None)
        name = fresh or again
        return None if name is None else self.queue.pairs[name]

    def judge(self, name: str, word: Word) -> None:
        """Take a word about a pair; on the disk when this returns.

        Raises:
            InputError: The route has no such pair.
        """
        pair = self.queue.pairs.get(name)
        if pair is None:
            raise InputError("this route has no such pair", code="label.pair")
        first, second = word.right
        logged, other = (first, second) if logged_first(pair, seed=self.seed, by=self.by) else (second, first)
        self._say(pair, logged, other)
        self._put_off.discard(name)
        if word is Word.SKIP:
            self._put_off.add(name)
        self._history = [one for one in self._history if one != name] + [name]
        self._back = None

    def undo(self) -> bool:
        """Take the last word back, and show its pair again; False where nothing was said yet."""
        if not self._history:
            return False
        name = self._history.pop()
        if name in self.judged_pairs:
            self._say(self.queue.pairs[name], None, None)
        self._put_off.discard(name)
        self._back = name
        return True

    def _say(self, pair: Pair, logged: bool | None, other: bool | None) -> None:
        # Two words in one second are still one after the other, whatever a merge makes of the order of lines.
        latest = max((one.at for one in self._judgements if one.by == self.by and one.at is not None), default=None)
        at = self.now()
        if latest is not None and at <= latest:
            at = latest + timedelta(microseconds=1)
        answer = texts_of(self.folder, self.queue, pair).other or AnswerText(text="", calls=())
        calls = tuple(answer.calls) or None
        drawn = None
        if pair.exchange_id in self.random_part:
            drawn = RandomPart(first=self.first, of=self.queue.certifying)
        # With the answer itself: a label outlives the run.
        theirs = Judgement(
            id=pair.exchange_id,
            right=other,
            answer=answer.text if answer.text or calls is None else None,
            tool_calls=calls,
            by=self.by,
            at=at,
            random=drawn,
        )
        said = [Judgement(id=pair.exchange_id, right=logged, by=self.by, at=at, random=drawn), theirs]
        append_labels(self.file, said)
        self._judgements += said
        self._votes = None

    @property
    def needed(self) -> Needed:
        """What more labels can do for the route, as it was at the last round number of pairs."""
        now = len(self.judged_pairs) // TOLD_EVERY
        if self._told is None or self._told[0] != now:
            self._told = now, needed(self.route, self.labelled(), confidence=self.confidence)
        return self._told[1]

    @property
    def standing(self) -> str:
        """How far the labels are, as a clause: the random part first, then what more labels can do."""
        about = f"; {self.about_at_random}" if self.about_at_random else ""
        if self.random_left:
            return f"{plural(self.random_left, 'pair')} left of the {self.first:,} that are drawn at random{about}"
        if self.first:
            return f"all {self.first:,} that are drawn at random are; others only say more of the judge{about}"
        return self.needed.words(self.left)

    @property
    def about_at_random(self) -> str:
        """How many pairs in random order about settle the route, as it was at the last round number of pairs; "" where
        no judge decides, or none are drawn."""
        if self.size is None or not self.first:
            return ""
        changed = self.random_changed
        now = len(changed) // TOLD_EVERY
        if self._told_at_random is None or self._told_at_random[0] != now:
            self._told_at_random = now, self.size.words(changed)
        return self._told_at_random[1]

    def labelled(self) -> Labelled:
        """What the criteria make of the answers of these pairs, by the words of all people."""
        check, pairs = self.route.criteria, self.queue.pairs
        own_answers = check is None or check.own_answers_tell
        used = [(pairs[name], logged, said) for (name, logged), said in self.votes.items() if own_answers or not logged]
        return Labelled.of(
            [settled(said.values()) for _, _, said in used],
            [pair.logged_accepted if logged else pair.other_accepted for pair, logged, _ in used],
            faults([pair.logged if logged else pair.other for pair, logged, _ in used], [p.logged for p, _, _ in used]),
        )

    def people(self) -> Mapping[str, int]:
        """Who judged how many answers of this route."""
        return dict(sorted(Counter(name for said in self.votes.values() for name in said).items()))

    def agreements(self) -> list[TwoPeople]:
        """Every two people who judged some of the same answers."""
        return agreements(self.votes.values())
