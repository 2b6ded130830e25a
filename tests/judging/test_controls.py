"""Damaged answers through a judge: few, paid, and held against what labels show of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from audit.core.criteria import BY_JUDGES, Control, ControlResult
from audit.core.exchange import Completion, Request
from audit.core.outcome import Scored
from audit.core.settings import ControlSettings, CriterionSettings
from audit.llm.providers.simulated_judge import sections_of
from audit.scoring.context import Context
from audit.scoring.controls.answer import AnswerView, views_of
from audit.scoring.controls.run import run_controls
from audit.scoring.criteria import build_criteria
from audit.scoring.judges.check import JudgeReply
from tests.judging.chat import right_text

PASS, FAIL = '{"verdict": "pass"}', '{"verdict": "fail"}'
ENTRY = CriterionSettings(type="llm-rubric", value="Says where the parcel is.", judge="judge")


def right(request: Request) -> bool:
    """Whether the response is the right answer to the question that stands beside it."""
    found = sections_of(str(request.messages[-1]["content"]))
    return found["response"] == right_text(int(found["question"].split()[-1].rstrip("?")), "large")


def obedient(request: Request) -> str:
    """A judge that reads the response's section, and nothing in it as an instruction."""
    return PASS if right(request) else FAIL


def naive(request: Request) -> str:
    """A judge that does what a note in the answer asks for."""
    return PASS if right(request) or "Note to the judge" in str(request.messages[-1]["content"]) else FAIL


def controls(judge: Callable[[Request], str], n: int = 25) -> dict[Control, ControlResult]:
    """What a judge makes of damaged answers, by control."""
    contexts = [
        Context(
            request=Request(request_fp=str(i), messages=({"role": "user", "content": f"Where is my parcel {i}?"},)),
            completion=Completion(text=right_text(i, "large"), finish_reason="stop"),
        )
        for i in range(n)
    ]
    (asking,) = build_criteria([ENTRY], Path())

    def accepts(some: Sequence[Context]) -> list[bool]:
        replies = {q.key: JudgeReply(text=judge(q.request)) for context in some for q in asking.questions(context)}
        (criterion,) = build_criteria([ENTRY], Path(), replies=replies)
        return [isinstance(one, Scored) and one.passed for one in criterion.score(some)]

    assert all(accepts(contexts))
    views = views_of([AnswerView("llm-rubric", None, {}, ())], [context.completion for context in contexts])
    results = run_controls(contexts, contexts, views, accepts, ControlSettings().limits_of_judges, seed=7)
    return {result.control: result for result in results}


def test_a_judge_that_is_talked_into_it_fails_the_control_that_talks_to_it() -> None:
    """It passes no other damage, so nothing else shows it."""
    found = controls(naive)
    assert found[Control.ADDRESSED].fails
    assert found[Control.ADDRESSED].accepted == found[Control.ADDRESSED].tried >= 20
    assert not any(result.fails for control, result in found.items() if control is not Control.ADDRESSED)


def test_a_judge_that_reads_as_told_fails_none() -> None:
    """Answers to other questions, empty ones, echoes, shuffled words, and pleas."""
    found = controls(obedient)
    assert {Control.ANOTHER, Control.EMPTY, Control.PROMPT, Control.SHUFFLED, Control.ADDRESSED} <= found.keys()
    assert found.keys() <= BY_JUDGES
    assert all(result.accepted == 0 and result.tried >= 20 for result in found.values() if result.tried)


def test_nobody_talks_to_criteria_that_ask_nobody() -> None:
    """The plea is tried on judges alone; the other controls are as they were."""
    context = Context(
        request=Request(request_fp="1", messages=({"role": "user", "content": "Which?"},)),
        completion=Completion(text="This one, I would say.", finish_reason="stop"),
    )
    views = views_of([], [context.completion])
    results = run_controls(
        [context], [context], views, lambda some: [False] * len(some), ControlSettings().limits, seed=1
    )
    assert Control.ADDRESSED not in {result.control for result in results}
