"""A judge says that the completion meets the criterion in `value`, yes or no."""

from __future__ import annotations

from collections.abc import Sequence

from audit.scoring.judges.prompt import Task
from audit.scoring.judges.reply import JudgeVerdict
from audit.scoring.judges.single import judge_alone
from audit.scoring.scorer import Check, Constant, Options, Scorer
from audit.scoring.texts.words import as_text

_TASK = Task(
    words=(
        "You decide whether a response to a question meets one criterion. The question section holds what was asked, "
        "the conversation section, where there is one, what was said before, the response section the response, and "
        "the criterion section the criterion. Go through the response step by step before you decide."
    ),
    verdicts={"pass": "the response meets the criterion", "fail": "it does not"},
)


def build(options: Options) -> Check:
    """The judge's yes or no."""
    criterion = options.expected(as_text, constant=Constant.PROPERTY)

    def weigh(said: Sequence[JudgeVerdict]) -> tuple[float, bool]:
        holds = said[0].word == "pass"
        return float(holds), holds

    return judge_alone(
        options,
        _TASK,
        lambda context: [{"criterion": criterion(context)}],
        weigh,
        fails="the judge says that it does not meet the criterion",
    )


SCORER = Scorer(
    name="model-graded-closedqa",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=True,
    build=build,
    reads=("request",),
)
