"""A judge's reply, read. Prose and code fences around its JSON are tolerated; two verdicts are none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from audit.scoring.judges.prompt import Task
from audit.scoring.texts.json_values import json_values, same_json

REASON_CHARS = 300
"""Of a judge's reason that is kept for the evidence."""


class NoVerdict(Exception):
    """The reply holds no verdict that counts; the message says why and quotes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeVerdict:
    """What a judge says.

    Attributes:
        word: One of the task's verdicts; "" where the score is all.
        score: In [0, 1]; None where the task asks for none.
        reason: In the judge's words, cut; untrusted, as it may quote the answer.
    """

    word: str
    score: float | None = None
    reason: str = ""


def read_verdict(text: str, task: Task) -> JudgeVerdict:
    """Read a reply.

    Special cases:
        Several objects with a verdict: they must agree, because one of them may be quoted from an answer.

    Raises:
        NoVerdict: There is none, it is no word of the task, or the score is missing or out of range.
    """
    decides = "verdict" if task.verdicts else "score"
    found = [value for value in json_values(text) if isinstance(value, Mapping) and decides in value]
    if not found:
        raise NoVerdict(f"its reply holds no {decides}")
    if any(not same_json(one[decides], found[0][decides]) for one in found[1:]):
        raise NoVerdict(f"its reply holds two different {decides}s")
    said, word = found[-1], ""
    if task.verdicts:
        written = str(said["verdict"]).strip().casefold()
        word = next((word for word in task.verdicts if written == word.casefold()), "")
        if not word:
            raise NoVerdict(f"its verdict is none of {', '.join(task.verdicts)}")
    reason = said.get("reason")
    kept = reason[:REASON_CHARS] if isinstance(reason, str) else ""
    return JudgeVerdict(word=word, score=_score(said.get("score")) if task.scored else None, reason=kept)


def _score(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise NoVerdict("its reply holds no score")
    if not 0 <= value <= 1:
        raise NoVerdict("its score is not between 0 and 1")
    return float(value)
