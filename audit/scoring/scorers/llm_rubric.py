"""A judge says that the completion keeps to the rubric in `value`."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.exchange import Request
from audit.core.outcome import Scored
from audit.scoring.context import Context
from audit.scoring.judges.prompt import Task, answer_text, asked_sections, judge_request
from audit.scoring.judges.reply import read_verdict
from audit.scoring.scorer import Check, Constant, Options, Scorer
from audit.scoring.text import as_text

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

    def ask(context: Context) -> Sequence[Request]:
        material = {"rubric": rubric(context), **asked_sections(context.request)}
        return [judge_request(task, {**material, "response": answer_text(context.completion)})]

    def read(context: Context, replies: Sequence[str]) -> Scored:
        said = read_verdict(replies[0], task)
        value = float(said.word == "pass") if said.score is None else said.score
        passed = said.word == "pass" and (least is None or value >= least)
        reason = "" if passed else "the judge says that it does not keep to the rubric"
        return Scored(value=value, passed=passed, reason=reason, evidence={"judge_says": said.reason})

    return options.judged(ask, read)


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
