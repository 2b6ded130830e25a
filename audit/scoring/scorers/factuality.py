"""A judge says that the completion does not contradict the statement in `value`."""

from __future__ import annotations

from collections.abc import Sequence

from audit.scoring.judges.prompt import Task
from audit.scoring.judges.reply import JudgeVerdict
from audit.scoring.judges.single import judge_alone
from audit.scoring.scorer import Check, Constant, Options, Scorer
from audit.scoring.texts.words import as_text

_TASK = Task(
    words=(
        "You compare the facts of a response with those of a reference. The question section holds what was asked, the "
        "conversation section, where there is one, what was said before, the response section the response, and the "
        "reference section what is known to be true. Style, grammar and punctuation do not matter."
    ),
    verdicts={
        "subset": "the response says a part of the reference, and nothing against it",
        "superset": "it says all of the reference and more, and nothing against it",
        "equal": "it says the same",
        "contradiction": "it says something that cannot be true if the reference is",
        "different": "the two differ in ways that do not matter for the facts",
    },
)


def build(options: Options) -> Check:
    """Everything but a contradiction holds, as in promptfoo."""
    reference = options.expected(as_text, constant=Constant.PROPERTY)

    def weigh(said: Sequence[JudgeVerdict]) -> tuple[float, bool]:
        holds = said[0].word != "contradiction"
        return float(holds), holds

    return judge_alone(
        options,
        _TASK,
        lambda context: [{"reference": reference(context)}],
        weigh,
        fails="the judge says that it contradicts the reference",
    )


SCORER = Scorer(
    name="factuality",
    version=1,
    summary=__doc__,
    needs_reference=True,
    calls_model=True,
    build=build,
    reads=("request",),
)
