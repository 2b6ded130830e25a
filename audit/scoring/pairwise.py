"""What the text similarities share: two columns of texts, the completions and what they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from audit.core.outcome import Errored, NotApplicable, Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import BatchCheck, Expected, guarded

ScorePairs = Callable[[Sequence[str], Sequence[str]], Sequence[Outcome]]
"""Completions and values, of equal length, to outcomes."""


def over_pairs(expected: Expected[str], score: ScorePairs) -> BatchCheck:
    """A check that scores all pairs at once, and leaves out the contexts that have no value to compare with."""

    def score_many(contexts: Sequence[Context]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        places, texts, wanted = [], [], []
        for place, context in enumerate(contexts):
            value = guarded(expected, context)
            if isinstance(value, NotApplicable | Errored):
                outcomes.append(value)
                continue
            outcomes.append(NotApplicable(reason=""))
            places.append(place)
            texts.append(context.text)
            wanted.append(value)
        if places:
            for place, outcome in zip(places, score(texts, wanted), strict=True):
                outcomes[place] = outcome
        return outcomes

    return BatchCheck(score_many)
