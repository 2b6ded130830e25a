"""What a way of answering promises, and when two answers are the same."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.core.fingerprint import canonical_json

MOST_LABELS = 50
LEAST_COVERED = 0.8
"""Labels are answers that were given at least twice; together they must be this part of all answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One request and the answer to learn.

    Attributes:
        text: The last user message.
        answer: What it was answered.
    """

    text: str
    answer: str


Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way of answering.

    Attributes:
        name: As in the learned file and in reports.
        version: Of the code; what another version learned is refused.
        summary: One line for the documentation.
        fit: Examples to parameters, JSON values only; None where the answers are not of its kind. The order of the
            examples does not count.
        answer: Parameters and the last user message to an answer; "" where it has none. Pure, and never raises for
            what a message holds.
    """

    name: str
    version: int
    summary: str
    fit: Callable[[Sequence[Example]], Params | None]
    answer: Callable[[Params, str], str]


def same_as(answer: str) -> str:
    """A key that equal answers share: a JSON document is one whatever its spaces and the order of its keys."""
    stripped = answer.strip()
    if stripped[:1] in ("{", "["):
        try:
            return canonical_json(json.loads(stripped))
        except (ValueError, RecursionError):
            pass
    return stripped


def labels_of(examples: Sequence[Example]) -> dict[str, str]:
    """By key of `same_as`, the usual spelling of each answer that was given at least twice.

    Special cases:
        Empty where these are too few of all answers, or too many to be labels.
    """
    spelled: dict[str, Counter[str]] = {}
    for example in examples:
        spelled.setdefault(same_as(example.answer), Counter())[example.answer] += 1
    often = {key: spellings for key, spellings in spelled.items() if spellings.total() > 1}
    covered = sum(spellings.total() for spellings in often.values())
    if not often or len(often) > MOST_LABELS or covered < LEAST_COVERED * len(examples):
        return {}
    return {key: usual(often[key]) for key in sorted(often)}


def usual(counts: Counter[str]) -> str:
    """The most frequent one; of several the first by its letters."""
    return min(counts, key=lambda one: (-counts[one], one))
