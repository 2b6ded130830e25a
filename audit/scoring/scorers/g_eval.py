"""A judge scores the completion by the criteria in `value`, step by step; the mean must reach `threshold`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from audit.scoring.context import Context
from audit.scoring.judges.prompt import Task
from audit.scoring.judges.reply import JudgeVerdict
from audit.scoring.judges.single import judge_alone
from audit.scoring.scorer import Check, Constant, Options, Scorer

_THRESHOLD = 0.7

_TASK = Task(
    words=(
        "You score a response by a criterion. The criterion section holds the criterion, the question section what was "
        "asked, the conversation section, where there is one, what was said before, and the response section the "
        "response. First write down the steps by which the criterion is checked, then go through them, then score: 0 "
        "for a response that meets nothing of the criterion, 1 for one that meets all of it."
    ),
    verdicts={},
    scored=True,
    stepwise=True,
)


def _criteria(value: object) -> tuple[str, ...]:
    """One criterion as text, or a list of them."""
    found = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not found or not all(isinstance(one, str) and one.strip() for one in found):
        raise ValueError("must be a text or a list of texts")
    return tuple(str(one) for one in found)


def build(options: Options) -> Check:
    """One request for each criterion of `value`; the mean of their scores must reach `threshold`, 0.7 unless given.

    Source:
        Liu et al. (2023), G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment, EMNLP.
    """
    criteria = options.expected(_criteria, constant=Constant.PROPERTY)
    least = options.limit(_THRESHOLD, high=1.0)

    def standard(context: Context) -> Sequence[Mapping[str, str]]:
        return [{"criterion": one} for one in criteria(context)]

    def weigh(said: Sequence[JudgeVerdict]) -> tuple[float, bool]:
        value = fmean(one.score or 0.0 for one in said)
        return value, value >= least - 1e-9

    many = len(options.value) if isinstance(options.value, list | tuple) else 1
    return judge_alone(options, _TASK, standard, weigh, fails=f"the judge's score is below {least:g}", requests=many)


SCORER = Scorer(
    name="g-eval",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=True,
    build=build,
    accepts=("value", "threshold", "extract"),
    reads=("request",),
)
