"""What is said of an answer beside its criteria: whether it is a whole one, and whether it says what today's does.

Two models seldom err alike. Where a candidate says what today's model says and the right answer says something else, it
is the right answer that may be wrong: a label of somebody who was tired, or one that slipped into the next line.
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.criteria import Grade
from audit.core.exchange import Completion
from audit.scoring.context import Context
from audit.scoring.controls.answer import AnswerView, essence, views_of
from audit.scoring.criteria import Criterion, resolve

CALLS_BESIDE = "calls_beside"
"""Of an answer: it calls tools that nobody asked it to call."""
_CUT_SHORT = {
    "length": "truncated",
    "content_filter": "refused",
    "refusal": "refused",
    "error": "ended in an error",
    "aborted": "aborted",
}


def shortfall(status: str, completion: Completion) -> str | None:
    """Why a completion is no whole answer, in one word; None when it is one. The same rule for both arms."""
    if status != "ok":
        return status
    if completion.refusal:
        return "refused"
    return _CUT_SHORT.get(completion.finish_reason)


def not_accepted(status: str, context: Context, criteria: Sequence[Criterion]) -> str | None:
    """Why an answer is not accepted, whatever the criteria say of its text, in one word; None when they decide."""
    return shortfall(status, context.completion) or calls_beside(criteria, context)


def calls_beside(criteria: Sequence[Criterion], context: Context) -> str | None:
    """`CALLS_BESIDE` where an answer calls tools, today's does not, and no criterion that decides looks at calls: a
    program would make them, whatever the text beside them says. Else None.
    """
    today = context.incumbent
    if not context.completion.tool_calls or today is None or today.tool_calls:
        return None
    return None if any(c.weight > 0 and c.sees_calls for c in criteria) else CALLS_BESIDE


def look_of(criterion: Criterion) -> AnswerView:
    """What a criterion looks at."""
    return AnswerView(
        scorer=resolve(criterion.scorer)[1],
        extract=criterion.extract,
        options=criterion.options,
        demands=criterion.demands,
        searches=criterion.searches,
        agrees="incumbent" in criterion.reads and "reference" not in criterion.reads,
    )


def says_the_same(rejecting: Sequence[Criterion], context: Context) -> bool:
    """Whether an answer comes down to what today's answer does, by what right answers reject of it.

    Args:
        rejecting: The criteria that the answer fails.
        context: The answer, with today's.

    Special cases:
        None of them decides by a right answer, or one of the answers holds nothing that they look at: False.
    """
    right = [c for c in rejecting if c.weight > 0 and not c.negated and c.grade_on(context) is Grade.RIGHT]
    if context.incumbent is None or not right:
        return False
    views = views_of([look_of(criterion) for criterion in right], [context.incumbent])
    today, said = essence(views, context.incumbent), essence(views, context.completion)
    return today == said and all(today)
