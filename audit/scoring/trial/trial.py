"""A route on trial: its scored answers, and what finders and controls may ask beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.core.criteria import Grade, LogProblem
from audit.core.reason import Reason
from audit.core.settings import Settings
from audit.scoring.context import Context
from audit.scoring.controls.answer import View, views_of
from audit.scoring.trial.grades import grade_of, graded, too_many, unread
from audit.scoring.trial.looked_at import looked_at
from audit.scoring.trial.route import ScoredRoute

PARTS = {"tenant": "tenant", "system_hash": "system prompt", "tools_hash": "list of tools", "model": "model"}
"""Columns of the traffic that part a route, with what people call them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A route on trial.

    Attributes:
        route: With what its criteria say of the log's own answers.
        parts: The values of `PARTS` by exchange; columns without a value are left out.
        margin: What the user lets a candidate lose, in [0, 1].
        sampled: Requests with a right answer are said to be a random sample, so that lacking one stops nothing.
        unlike: Why they are none, where they are not.
        accepted: The route's accepted answers.
        grade: Of the route.
        graded: Its answers, by the grade that decides each.
        unread: Answers that fail by their form, and that no comparing criterion could read.
        views: What the criteria look at.
        seed: Of the audit.
    """

    route: ScoredRoute
    parts: Mapping[str, Mapping[str, str]]
    margin: float
    sampled: bool
    unlike: str | None
    accepted: Sequence[Context]
    grade: Grade
    graded: Mapping[Grade, Sequence[str]]
    unread: Sequence[str]
    views: Sequence[View]
    seed: int

    @classmethod
    def of(
        cls,
        route: ScoredRoute,
        settings: Settings,
        parts: Mapping[str, Mapping[str, str]],
        *,
        sampled: bool,
        unlike: str | None,
    ) -> Trial:
        """A scored route, with what decides its answers and what its criteria look at."""
        outside = unread(route)
        by_grade = graded(route, outside)
        accepted = route.accepted
        return cls(
            route=route,
            parts=parts,
            margin=settings.margin_of(route.name),
            sampled=sampled,
            unlike=unlike,
            accepted=accepted,
            grade=grade_of(by_grade, route.criteria),
            graded=by_grade,
            unread=outside,
            views=views_of(looked_at(route, accepted), [context.completion for context in accepted]),
            seed=settings.seed,
        )

    @property
    def shares(self) -> dict[str, float]:
        """Of the answers that some grade decides, the share of each grade."""
        decided = sum(map(len, self.graded.values()))
        return {grade.value: len(self.graded.get(grade, ())) / decided for grade in Grade if decided}

    def problem(self, reason: Reason, detail: str, ids: Sequence[str], *, stops: bool) -> LogProblem:
        """What was found on some of the route's answers."""
        return LogProblem(
            reason=reason, detail=detail, count=len(ids), of=len(self.route.items), example_id=ids[0], stops=stops
        )

    def too_many(self, count: int, share: float) -> bool:
        """Whether answers are more than a share of the route's."""
        return too_many(count, share, len(self.route.items))
