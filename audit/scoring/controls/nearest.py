"""The answer to another request that is nearest to one by its letters: what a criterion by likeness confuses first.

A random other answer is far away. Where five requests of a session differ by one letter, a candidate that gives each
the answer of its neighbour is wrong on all of them, and a random exchange hardly ever shows it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rapidfuzz import fuzz, process

from audit.scoring.context import Context
from audit.scoring.controls.answer import NUMBER, Shape, View, calls, canonical

LONGEST = 400
"""Letters that are compared of an answer."""

CLOSEST = 8
"""Neighbours that are looked at until one is really another answer."""

MOST_ANSWERS = 400
"""Answers among which a neighbour is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Answers to look for neighbours among, by view; each is written down once.

    Attributes:
        pool: Exchanges of the route.
    """

    pool: Sequence[Context]
    _texts: dict[int, list[str]] = field(default_factory=dict)

    def of(self, context: Context, view: View) -> list[Context]:
        """The nearest other answers, nearest first, whose words or codes differ. Numbers alone are another damage's,
        which keeps away from what a tolerance allows.
        """
        pool = self.pool[:MOST_ANSWERS]
        texts = self._texts.setdefault(id(view), [])
        texts += [_written(view, other) for other in pool[len(texts) :]]
        own = _written(view, context)
        if not own:
            return []
        letters = _without_numbers(own)
        others = {
            place: text
            for place, text in enumerate(texts)
            if text and text != own and pool[place].request.request_fp != context.request.request_fp
        }
        found = process.extract(own, others, scorer=fuzz.ratio, limit=CLOSEST)
        return [pool[place] for text, _, place in found if _without_numbers(text) != letters]


def _written(view: View, context: Context) -> str:
    if view.shape is Shape.TOOL:
        return json.dumps([call.get("function", call) for call in calls(context.completion)])[:LONGEST]
    return (view.part(context.completion) or "")[:LONGEST]


def _without_numbers(text: str) -> str:
    return canonical(re.sub(r"\s+", " ", NUMBER.sub("0", text)))
