"""The completion has so many words, or a number of them within `min` and `max`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from audit.core.outcome import Outcome
from audit.scoring.context import Context
from audit.scoring.scorer import Check, Constant, Options, Scorer, verdict
from audit.scoring.texts.words import count_words


def build(options: Options) -> Check:
    """Count words between white space, and letters of scripts without spaces.

    `value` is a number, or a mapping of `min` and `max`.
    """
    expected = options.expected(as_range, constant=Constant.PROPERTY)

    def check(context: Context) -> Outcome:
        low, high = expected(context)
        count = count_words(context.text)
        return verdict(low <= count <= high, f"has {count} words", words=count)

    return check


def as_range(value: Any) -> tuple[float, float]:
    """A number, its text, or a mapping of `min` and `max`, as the two bounds.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, Mapping):
        if not value or value.keys() - {"min", "max"}:
            raise ValueError("must be a number, or a mapping of min and max")
        low, high = _count(value.get("min", 0)), _count(value.get("max", math.inf))
        if low > high:
            raise ValueError("has a `min` above its `max`")
        return low, high
    count = _count(value)
    return count, count


def _count(value: Any) -> float:
    if isinstance(value, str) and value.strip().isdigit() and len(value) < 15:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError("must be a number of words")
    return value


SCORER = Scorer(name="word-count", version=2, summary=__doc__, needs_reference=False, calls_model=False, build=build)
