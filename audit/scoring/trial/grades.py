"""What a route's answers are decided by: the highest grade without which they cannot be accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.core.criteria import Grade
from audit.scoring.criteria import Criterion
from audit.scoring.trial.route import ScoredRoute

WEAKEST_SHARE = 0.02
"""A route has the grade that all but this share of its answers are decided by; the others would move unjudged. Answers
that fail, and that nothing is compared with, are no part of it: see `unread`."""


def too_many(count: int, share: float, of: int) -> bool:
    """Whether answers are more than a share of those that were looked at. One answer alone never is: of a few dozen it
    would be above any share, and nothing is said of a route by a single one.
    """
    return count > max(share * of, 1)


def unread(route: ScoredRoute) -> list[str]:
    """Answers that fail by their form, and that no comparing criterion could read: prose where JSON is compared.

    They say nothing of the grade. Today's answer is not accepted there, so a candidate cannot lose; nor does a test of
    what answers say let it gain (`Replayed.by_content`).
    """
    if not any(criterion.grade.compares for criterion in route.criteria if criterion.weight > 0):
        return []
    return [
        item.exchange_id
        for item, row, holds in zip(route.items, route.outcomes, route.verdicts, strict=True)
        if holds is False and not any(grade.compares for grade, _ in route.applying(item, row))
    ]


def graded(route: ScoredRoute, outside: Sequence[str]) -> dict[Grade, list[str]]:
    """The answers that each grade decides, but for some; answers to which nothing applies are outside too."""
    found: dict[Grade, list[str]] = {}
    left = set(outside)
    for item, row in zip(route.items, route.outcomes, strict=True):
        if item.exchange_id not in left and (applying := route.applying(item, row)):
            found.setdefault(deciding(applying, route.settings.threshold), []).append(item.exchange_id)
    return found


def deciding(applying: Sequence[tuple[Grade, float]], threshold: float | None) -> Grade:
    """The highest grade without which an answer cannot be accepted.

    Args:
        applying: Grade and weight of every criterion that applies to the answer.
        threshold: Weighted share of them that must hold; None is all.
    """
    total = sum(weight for _, weight in applying)
    for grade in sorted(Grade, key=lambda one: -one.rank):
        weaker = sum(weight for other, weight in applying if other.rank < grade.rank)
        if weaker < total and (threshold is None or weaker < threshold * total - 1e-9):
            return grade
    return Grade.FORM


def grade_of(answers: Mapping[Grade, Sequence[str]], criteria: Sequence[Criterion]) -> Grade:
    """The grade that all but a few answers are decided by, or by a higher one.

    Args:
        answers: By the grade that decides them; without any, the criteria alone say it.
        criteria: The route's.
    """
    if not answers:
        return max((c.grade for c in criteria if c.weight > 0), key=lambda grade: grade.rank, default=Grade.FORM)
    total = sum(map(len, answers.values()))
    for grade in sorted(answers, key=lambda one: -one.rank):
        weaker = sum(len(ids) for other, ids in answers.items() if other.rank < grade.rank)
        if not too_many(weaker, WEAKEST_SHARE, total):
            return grade
    return Grade.FORM
