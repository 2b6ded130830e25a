"""Counting what a route's criteria still accept of the log's answers when these are damaged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from random import Random

from audit.core.criteria import Control, ControlResult
from audit.core.exchange import Completion
from audit.core.interval import Estimate
from audit.scoring.context import Context
from audit.scoring.controls.answer import Shape, View, damaged_context, essence
from audit.scoring.controls.damages import DAMAGES, Material
from audit.stats.paired import wilson

LEVEL = 0.95
"""Of the intervals of accepted shares."""

Accepts = Callable[[Sequence[Context]], Sequence[bool | None]]
"""Whether the route's criteria accept each of some answers; None where they cannot say."""


def run_controls(
    accepted: Sequence[Context],
    pool: Sequence[Context],
    views: Sequence[View],
    accepts: Accepts,
    limits: Mapping[Control, float],
    *,
    seed: int,
) -> tuple[ControlResult, ...]:
    """One result per control that applies to the route's answers, in the order of `Control`.

    Args:
        accepted: Answers of the log that the criteria accept as they are.
        pool: The answers to take another request's from.
        views: What the criteria look at.
        accepts: The criteria.
        limits: Share that may be accepted, by control.
        seed: Every choice comes from it, the control and the exchange.

    Special cases:
        No answer to damage: the control has `tried` 0 and no share.
    """
    if not accepted:
        return ()
    results = []
    for control, (_, shapes) in DAMAGES.items():
        mine = [view for view in views if view.shape in shapes]
        if mine:
            damaged = _damaged(control, accepted, pool, views, mine, seed)
            results.append(_result(control, accepts(damaged) if damaged else (), limits[control]))
    return tuple(results)


def _damaged(
    control: Control,
    accepted: Sequence[Context],
    pool: Sequence[Context],
    views: Sequence[View],
    mine: Sequence[View],
    seed: int,
) -> list[Context]:
    """The damaged answers; those that come out the same to every view are left out."""
    damage, _ = DAMAGES[control]
    # Where criteria look at a number, a label or a field, that is what the route is about, not the text around it.
    view = max(mine, key=lambda one: list(Shape).index(one.shape))
    frequent = _most_frequent(views, accepted)
    found = []
    for context in accepted:
        given = Material(
            context=context,
            view=view,
            others=pool,
            most_frequent=frequent,
            random=Random(f"{seed}\x1f{control}\x1f{context.request.request_fp}"),
        )
        answer = damage(given)
        if answer is not None and essence(views, answer) != essence(views, context.completion):
            found.append(damaged_context(context, answer))
    return found


def _most_frequent(views: Sequence[View], accepted: Sequence[Context]) -> Completion:
    counts = Counter(essence(views, context.completion) for context in accepted)
    most = max(counts.values())
    return next(c.completion for c in accepted if counts[essence(views, c.completion)] == most)


def _result(control: Control, verdicts: Sequence[bool | None], limit: float) -> ControlResult:
    scored = [verdict for verdict in verdicts if verdict is not None]
    n, k = len(scored), sum(scored)
    share = Estimate.of(k / n, wilson(k, n, level=LEVEL), LEVEL) if n else None
    return ControlResult(control=control, tried=n, accepted=k, unscored=len(verdicts) - n, share=share, limit=limit)
