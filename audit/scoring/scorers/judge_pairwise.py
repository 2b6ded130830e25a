"""A judge, blind and in both orders, says that the completion is no worse than the incumbent's."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.exchange import Request
from audit.core.outcome import Scored
from audit.scoring.context import Context
from audit.scoring.expected.templates import Absent
from audit.scoring.judges.prompt import Task, answer_text, asked_sections, judge_request
from audit.scoring.judges.reply import read_verdict
from audit.scoring.scorer import Check, Constant, Options, Scorer
from audit.scoring.texts.words import as_text

_TASK = Task(
    words=(
        "You compare two responses to one question. The question section holds what was asked, the conversation "
        "section, where there is one, what was said before; the sections response_a and response_b hold the two "
        "responses, and the rubric section, where there is one, what a response must be like. Their order means "
        "nothing, and neither does their length. Say which serves whoever asked better."
    ),
    verdicts={
        "A": "the first response is better",
        "B": "the second response is better",
        "tie": "neither is, or the difference does not matter",
    },
)
USUAL_REQUESTS = 1.6
"""About an answer, where half of the answers are behind in the first order: the second order is asked of these, and of
those on which the judge itself is tried."""

_FIRST = {"A": 1, "tie": 0, "B": -1}
"""By how much the response that stands first is better."""


def build(options: Options) -> Check:
    """Two verdicts, one for each order; where they disagree, it is a tie. Ties hold unless `strict`.

    The second order is asked where it can still change that.

    An answer that says the same as the incumbent's is never asked about: it is no worse.
    """
    rubric = None if options.value is None else options.expected(as_text, constant=Constant.PROPERTY)
    strict = options.flag("strict")

    def ask(context: Context) -> Sequence[Request]:
        if context.incumbent is None:
            raise Absent("there is no completion of the incumbent")
        answer, other = answer_text(context.completion), answer_text(context.incumbent)
        if answer == other:
            return []
        shown = {} if rubric is None else {"rubric": rubric(context)}
        shown |= asked_sections(context.request)
        return [
            judge_request(_TASK, {**shown, "response_a": first, "response_b": second})
            for first, second in ((answer, other), (other, answer))
        ]

    def settles(replies: Sequence[str]) -> bool:
        # Both orders must say the same, or it is a tie: one that does not put the incumbent ahead rules out that both
        # do, and one that does not put the answer ahead rules out that it is better in both.
        ahead = _FIRST[read_verdict(replies[0], _TASK).word]
        return ahead <= 0 if strict else ahead >= 0

    def read(context: Context, replies: Sequence[str]) -> Scored:
        if not replies:
            return Scored(value=1.0, passed=True, evidence={"equal": True})
        said = [read_verdict(reply, _TASK) for reply in replies]
        ahead = _FIRST[said[0].word]
        better = ahead if len(said) > 1 and ahead == -_FIRST[said[1].word] else 0
        passed = better > 0 or (better == 0 and not strict)
        evidence = {
            "orders": [one.word for one in said],
            "judge_says": " / ".join(one.reason for one in said if one.reason),
        }
        reason = "the judge prefers the incumbent's in both orders" if better < 0 else "the judge prefers neither"
        return Scored(value=(better + 1) / 2, passed=passed, reason="" if passed else reason, evidence=evidence)

    return options.judged(ask, read, each=2, usual=USUAL_REQUESTS, shown=2, settles=settles)


SCORER = Scorer(
    name="judge-pairwise",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=True,
    build=build,
    accepts=("value", "strict"),
    reads=("request", "incumbent"),
)
