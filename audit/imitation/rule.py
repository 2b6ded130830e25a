"""An answer by words: the first word of a list that stands in the message decides, and one answer is for the rest.

    {"list": [{"word": "refund", "answer": "billing"}, ...], "otherwise": "other"}

Without any word it is one answer to everything. A word counts whatever its case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from audit.imitation.way import Example, Params, Way, labels_of, same_as, usual
from audit.signals.words import words_of

MOST_RULES = 20

LEAST_SUPPORT = 3
"""Examples that a word must stand in, with its answer."""

LEAST_RIGHT = 0.8
"""Part of what a word takes that must have its answer."""


def fit(examples: Sequence[Example]) -> Params | None:
    """The decision list that a greedy search finds: each time the word that is most often right on what is left.

    Source:
        Rivest (1987), Learning decision lists, Machine Learning 2:229-246; the order is that of CN2 with Laplace's
        estimate: Clark and Boswell (1991), Rule induction with CN2, EWSL-91:151-163.
    """
    labels = labels_of(examples)
    if not labels:
        return None
    left = [(frozenset(words_of(one.text)), same_as(one.answer)) for one in examples]
    rules: list[dict[str, str]] = []
    otherwise = _most(left)
    while len(rules) < MOST_RULES and (found := _next(left, len(labels))) is not None:
        word, key = found
        rules.append({"word": word, "answer": labels[key]})
        left = [one for one in left if word not in one[0]]
        otherwise = _most(left) or otherwise
    while rules and rules[-1]["answer"] == labels.get(otherwise):
        rules.pop()
    return {"list": rules, "otherwise": labels.get(otherwise, "")}


def _most(left: Sequence[tuple[frozenset[str], str]]) -> str:
    return usual(Counter(key for _, key in left)) if left else ""


def _next(left: Sequence[tuple[frozenset[str], str]], labels: int) -> tuple[str, str] | None:
    """The word and answer with the best chance to be right, better than the most frequent answer; None for none."""
    standing = Counter(word for words, _ in left for word in words)
    together = Counter((word, key) for words, key in left for word in words)
    best, known = None, ("", "")
    always = Counter(key for _, key in left)
    plain = max(always.values(), default=0) / max(len(left), 1)
    for (word, key), right in together.items():
        if right < LEAST_SUPPORT or right < max(LEAST_RIGHT, plain) * standing[word] or standing[word] == len(left):
            continue
        rank = ((right + 1) / (standing[word] + labels), right)
        if best is None or rank > best or (rank == best and (word, key) < known):
            best, known = rank, (word, key)
    return None if best is None else known


def answer(params: Params, text: str) -> str:
    """What the first word that stands in the message says."""
    words = set(words_of(text))
    for one in params["list"]:
        if one["word"] in words:
            return str(one["answer"])
    return str(params["otherwise"])


WAY = Way(
    name="rule",
    version=1,
    summary="The first word of a list that stands in the last user message decides; one answer is for the rest",
    fit=fit,
    answer=answer,
)
