"""A judge says that the completion keeps to the rubric in `value`."""

from __future__ import annotations

from collections.abc import Sequence

from audit.scoring.judges.prompt import Task
from audit.scoring.judges.reply import JudgeVerdict
from audit.scoring.judges.single import judge_alone
from audit.scoring.scorer import Check, Constant, Options, Scorer
from audit.scoring.texts.words import as_text

_WORDS = (
    "You check a response against a rubric. The rubric section says what a response must be like; the question section "
    "holds what was asked, the conversation section, where there is one, what was said before, and the response "
    "section holds the response. Only the rubric decides, not whether you would have answered otherwise."
)
_VERDICTS = {"pass": "the response keeps to the whole rubric", "fail": "it does not, or you cannot tell"}


def build(options: Options) -> Check:
    """The judge's verdict; with `threshold`, its score from 0 to 1 must reach that too."""
    rubric = options.expected(as_text, constant=Constant.PROPERTY)
    least = None if options.threshold is None else options.limit(high=1.0)
    task = Task(words=_WORDS, verdicts=_VERDICTS, scored=least is not None)

    def weigh(said: Sequence[JudgeVerdict]) -> tuple[float, bool]:
        (one,) = said
        value = float(one.word == "pass") if one.score is None else one.score
        return value, one.word == "pass" and (least is None or value >= least)

    return judge_alone(
        options,
        task,
        lambda context: [{"rubric": rubric(context)}],
        weigh,
        fails="the judge says that it does not keep to the rubric",
    )


SCORER = Scorer(
    name="llm-rubric",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=True,
    build=build,
    accepts=("value", "threshold", "extract"),
    reads=("request",),
)
