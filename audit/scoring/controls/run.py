"""Counting what a route's criteria still accept of the log's answers when these are damaged."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from audit.core.criteria import Control, ControlResult
from audit.core.exchange import Completion
from audit.core.fingerprint import canonical_json
from audit.core.interval import Estimate
from audit.scoring.context import Context
from audit.scoring.controls.answer import FixedValue, Shape, View, essence, with_text
from audit.scoring.controls.damages import BESIDE, DAMAGES, Material
from audit.scoring.controls.nearest import Neighbours
from audit.scoring.texts.json_values import parse_json, unfenced
from audit.stats.paired import wilson

LEVEL = 0.95
"""Of the intervals of accepted shares."""

MOST_CONSTANTS = 8
"""Of the criteria's own constants so many are tried, each on every answer."""

PROSE = frozenset({Control.NEGATED, Control.WORD, Control.SHUFFLED, Control.SORTED, Control.CUT})
"""Controls of sentences."""

INSIDE = (PROSE - {Control.CUT}) | {Control.REVERSED, Control.ITEM_DROPPED, Control.ITEM_REPEATED}
"""Controls of what JSON and calls may hold, or not."""

IF_FOUND = frozenset(
    {Control.CONSTANT, Control.DENIED, Control.EXCHANGED, Control.WORD}
    | {Control.NEAREST, Control.SECOND, Control.CODE, Control.CALLS_REVERSED}
)
"""Controls that are told only where answers have what they damage."""

PROBED = 40
"""Answers in which a field is exchanged to see whether any criterion looks at it."""

UNNOTICED = 0.95
"""From this share of exchanges that are accepted on, no criterion compares the field."""

Accepts = Callable[[Sequence[Context]], Sequence[bool | None]]
"""Whether the route's criteria accept each of some answers; None where they cannot say."""


def run_controls(
    accepted: Sequence[Context],
    pool: Sequence[Context],
    views: Sequence[View],
    accepts: Accepts,
    limits: Mapping[Control, float],
    *,
    seed: int,
    constants: Sequence[FixedValue] = (),
) -> tuple[ControlResult, ...]:
    """One result per control that applies to the route's answers, in the order of `Control`.

    Args:
        accepted: Answers of the log that the criteria accept as they are.
        pool: The answers to take another request's from.
        views: What the criteria look at.
        accepts: The criteria.
        limits: Share that may be accepted, by control; others are not tried.
        seed: Every choice comes from it, the control and the exchange.
        constants: What the criteria accept beside other values; the one that they accept most often is told.

    Special cases:
        No answer to damage: the control has `tried` 0 and no share; it is left out where no answer has what it damages.
    """
    if not accepted:
        return ()
    answers = _Answers.of(accepted, pool, views, seed)
    results: dict[Control, ControlResult] = {}
    for control, (_, shapes) in ((name, damage) for name, damage in DAMAGES.items() if name in limits):
        mine = [view for view in views if view.shape in shapes]
        tried: Sequence[FixedValue | None] = constants[:MOST_CONSTANTS] if control is Control.CONSTANT else [None]
        found = [
            _result(control, accepts(damaged) if damaged else (), limits[control])
            for fixed in (tried if mine else ())
            for damaged in [answers.damaged(control, _in_turn(control, mine), fixed)]
        ]
        if found:
            results[control] = max(found, key=lambda one: -1.0 if one.share is None else one.share.est)
    return tuple(
        result for result in results.values() if result.tried or result.unscored or _said(result, results, views)
    )


def _said(result: ControlResult, results: Mapping[Control, ControlResult], views: Sequence[View]) -> bool:
    """Whether a control that found nothing to damage is told: where the answers have what it is about."""
    if result.control in IF_FOUND:
        return False
    if result.control is Control.NEGATED and Control.SHUFFLED in results and results[Control.SHUFFLED].tried:
        return True
    if result.control is Control.CUT:
        return any(view.shape is not Shape.TOOL for view in views)
    return result.control not in INSIDE or any(view.shape is Shape.TEXT for view in views)


def _in_turn(control: Control, views: Sequence[View]) -> list[View]:
    """The views in the order in which an answer is damaged by them, until one can be.

    Where criteria look at a number, a label or a field, that is what the route is about, not the text around it; words
    stand in the text first. A view that forgives differences goes before those that do not.
    """
    shapes = list(Shape)
    sign = 1 if control in PROSE else -1
    return sorted(views, key=lambda one: (not one.loose, sign * shapes.index(one.shape)))


@dataclass(frozen=True, slots=True)
class _Answers:
    """The answers to damage, with what is the same for every control.

    Attributes:
        essences: What each comes down to.
        frequent: The most frequent of them, the first of several.
        neighbours: The answers that are nearest to one.
    """

    accepted: Sequence[Context]
    pool: Sequence[Context]
    views: Sequence[View]
    seed: int
    essences: Sequence[tuple[str, ...]]
    frequent: Completion
    neighbours: Neighbours

    @classmethod
    def of(cls, accepted: Sequence[Context], pool: Sequence[Context], views: Sequence[View], seed: int) -> _Answers:
        """Look at every answer once: it takes longer than most damages."""
        essences = [essence(views, context.completion) for context in accepted]
        most = Counter(essences).most_common(1)[0][0]
        frequent = accepted[essences.index(most)].completion
        return cls(accepted, pool, views, seed, essences, frequent, Neighbours(pool=pool))

    def damaged(self, control: Control, mine: Sequence[View], fixed: FixedValue | None) -> list[Context]:
        """The damaged answers; those that come out the same to every view are left out.

        What is said beside an answer makes it another one, although all that was looked for still stands in it.
        """
        damage, _ = DAMAGES[control]
        found = []
        for context, own in zip(self.accepted, self.essences, strict=True):
            for view in mine:
                given = Material(
                    context=context,
                    view=view,
                    others=self.pool,
                    most_frequent=self.frequent,
                    random=Random(f"{self.seed}\x1f{control}\x1f{context.request.request_fp}"),
                    constant=fixed,
                    neighbours=self.neighbours,
                )
                answer = damage(given)
                if answer is not None and (control in BESIDE or essence(self.views, answer) != own):
                    found.append(context.with_completion(answer))
                    break
        return found


def _result(control: Control, verdicts: Sequence[bool | None], limit: float) -> ControlResult:
    scored = [verdict for verdict in verdicts if verdict is not None]
    n, k = len(scored), sum(scored)
    share = Estimate.of(k / n, wilson(k, n, level=LEVEL), LEVEL) if n else None
    return ControlResult(control=control, tried=n, accepted=k, unscored=len(verdicts) - n, share=share, limit=limit)


def uncompared_fields(
    accepted: Sequence[Context], views: Sequence[View], accepts: Accepts, *, seed: int
) -> dict[str, list[int]]:
    """Fields at the top of JSON answers whose value may be that of another answer without any criterion noticing.

    Args:
        accepted: Answers of the log that the criteria accept as they are.
        views: What the criteria look at; a field that one of them declares to ignore is left out.
        accepts: The criteria.
        seed: Of every choice.

    Returns:
        By name, in the order of the answers, the places of the accepted answers that have the field.

    Special cases:
        Fields that few answers have, or that are the same in nearly all: left out, since nothing can be exchanged.
    """
    objects = {
        place: value for place, context in enumerate(accepted) if isinstance(value := _whole(context.completion), dict)
    }
    ignored = {place[0] for view in views for place in view.ignored if len(place) == 1}
    having: dict[str, list[int]] = {}
    for place, value in objects.items():
        for name in value:
            having.setdefault(name, []).append(place)
    found = {}
    for name, places in having.items():
        if name in ignored or len(places) < len(accepted) / 2:
            continue
        random = Random(f"{seed}\x1f{name}")
        damaged = []
        for place in random.sample(places, min(PROBED, len(places))):
            other = objects[random.choice(places)][name]
            if canonical_json(other) != canonical_json(objects[place][name]):
                new = with_text(accepted[place].completion, json.dumps({**objects[place], name: other}))
                damaged.append(accepted[place].with_completion(new))
        if len(damaged) >= PROBED / 4 and sum(map(bool, accepts(damaged))) >= UNNOTICED * len(damaged):
            found[name] = places
    return found


def _whole(completion: Completion) -> Any:
    """The JSON value that a text is, in a code block or not; None where it is none."""
    try:
        return parse_json(unfenced(completion.text or ""))
    except ValueError:
        return None
