"""What the six `contains` types share: looking for texts in a completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from audit.core.outcome import Outcome
from audit.scoring.comparisons.columns import over_pairs
from audit.scoring.scorer import Check, Constant, Options, shown, verdict
from audit.scoring.texts.words import as_texts, as_words, fold


def contains_one(options: Options, *, ignore_case: bool) -> Check:
    """A check for one text."""
    folded = fold if ignore_case else str

    def score(texts: Sequence[str], values: Sequence[str]) -> list[Outcome]:
        return [
            verdict(folded(value) in folded(text), "does not contain the value", expected=shown(value))
            for text, value in zip(texts, values, strict=True)
        ]

    return over_pairs(options.expected(as_words), score)


def contains_many(options: Options, rule: Callable[[Iterable[object]], bool], *, ignore_case: bool) -> Check:
    """A check for a list of texts: `rule` is `all` or `any`."""
    expected = options.expected(as_texts, constant=Constant.DEMAND if rule is all else Constant.CHOICE)
    folded = fold if ignore_case else str

    def one(text: str, wanted: Sequence[str]) -> Outcome:
        missing = [item for item in wanted if folded(item) not in text]
        holds = rule(item not in missing for item in wanted)
        reason = f"{len(missing)} of {len(wanted)} values are missing"
        return verdict(holds, reason, expected=[shown(item) for item in wanted], missing=[shown(m) for m in missing])

    def score(texts: Sequence[str], values: Sequence[Sequence[str]]) -> list[Outcome]:
        return [one(folded(text), wanted) for text, wanted in zip(texts, values, strict=True)]

    return over_pairs(expected, score)
