"""What scorers share that are a function of two values: columns of completions and of what they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from audit.core.outcome import NotApplicable, Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import RAISED, BatchCheck, Expected, outcome_of

T = TypeVar("T")


def over_pairs(expected: Expected[T], score: Callable[[Sequence[str], Sequence[T]], Sequence[Outcome]]) -> BatchCheck:
    """A check that scores all pairs at once, and leaves out the contexts that have no value to compare with.

    Args:
        expected: What a completion is compared with.
        score: Completions and values, of equal length, to outcomes.
    """

    def score_many(contexts: Sequence[Context]) -> list[Outcome]:
        outcomes: list[Outcome] = [_NOT_YET] * len(contexts)
        places: list[int] = []
        texts: list[str] = []
        wanted: list[T] = []
        for place, context in enumerate(contexts):
            try:  # costs nothing until something is raised; a call for each answer would
                value = expected(context)
            except RAISED as error:
                outcomes[place] = outcome_of(error)
                continue
            places.append(place)
            texts.append(context.text)
            wanted.append(value)
        for place, outcome in zip(places, score(texts, wanted) if places else (), strict=True):
            outcomes[place] = outcome
        return outcomes

    return BatchCheck(score_many)


_NOT_YET = NotApplicable(reason="")
