"""What the judges of one answer share: material in, one reply out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from audit.core.exchange import Request
from audit.core.outcome import Scored
from audit.scoring.context import Context
from audit.scoring.judges.check import JudgedCheck
from audit.scoring.judges.prompt import Task, answer_text, asked_sections, judge_request
from audit.scoring.judges.reply import JudgeVerdict, read_verdict
from audit.scoring.scorer import Options

Standard = Callable[[Context], Sequence[Mapping[str, str]]]
"""What an answer is held against: sections by name, one mapping for each request."""

Weigh = Callable[[Sequence[JudgeVerdict]], tuple[float, bool]]
"""The verdicts of one judge, one for each request, as a value in [0, 1] and whether the criterion holds."""


def judge_alone(
    options: Options, task: Task, standard: Standard, weigh: Weigh, *, fails: str, requests: int = 1
) -> JudgedCheck:
    """A check that shows a judge the question, the answer, and what it is held against.

    Args:
        options: Of the criterion.
        task: What the judge decides.
        standard: What the answer is held against.
        weigh: What the verdicts mean.
        fails: The reason of an answer that does not hold, for people.
        requests: About one answer.
    """

    def ask(context: Context) -> Sequence[Request]:
        shown = {**asked_sections(context.request), "response": answer_text(context.completion)}
        return [judge_request(task, {**sections, **shown}) for sections in standard(context)]

    def read(context: Context, replies: Sequence[str]) -> Scored:
        said = [read_verdict(reply, task) for reply in replies]
        value, passed = weigh(said)
        evidence = {"judge_says": " / ".join(one.reason for one in said if one.reason)}
        return Scored(value=value, passed=passed, reason="" if passed else fails, evidence=evidence)

    return options.judged(ask, read, each=requests)
