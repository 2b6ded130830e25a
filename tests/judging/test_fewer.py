"""Judges are asked no more than a verdict needs, and the verdict is that of asking everything."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from audit.core.exchange import Completion, Request
from audit.core.outcome import Errored, Outcome, Scored, Unjudged
from audit.core.settings import CriterionSettings
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion, build_criteria, orders_of
from audit.scoring.judges.check import AUDITED, JudgedCheck, JudgeReply, Question

Says = Callable[[Question], str]
PAIRWISE = {"type": "judge-pairwise"}
RUBRIC = {"type": "llm-rubric", "value": "Says where the parcel is."}
ONE, THREE, FIVE = ("one",), ("one", "two", "three"), ("one", "two", "three", "four", "five")
N = 400


def context(number: int, answer: str = "") -> Context:
    """One request with two answers to it."""
    return Context(
        request=Request(request_fp=f"{number}", messages=({"role": "user", "content": f"Where is parcel {number}?"},)),
        completion=Completion(text=answer or f"In depot {number}.", finish_reason="stop"),
        incumbent=Completion(text=f"On its way to {number}.", finish_reason="stop"),
    )


def chance(question: Question, *more: str) -> float:
    """A number in [0, 1) for each question."""
    name = "\x1f".join([*question.key, *more])
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=6).digest(), "big") / 2**48


def words(entry: dict[str, Any]) -> Says:
    """A judge that says anything, one in forty times nothing that counts."""

    def says(question: Question) -> str:
        if chance(question, "none") < 0.025:
            return "I cannot say."
        known = ("A", "B", "tie") if entry["type"] == "judge-pairwise" else ("pass", "fail")
        return f'{{"verdict": "{known[int(chance(question) * len(known))]}"}}'

    return says


def built(entry: dict[str, Any], judges: tuple[str, ...], replies: dict[Any, JudgeReply], **more: Any) -> Criterion:
    """The criterion by what was replied so far."""
    settings = CriterionSettings.from_entry({**entry, "judge": judges})
    (criterion,) = build_criteria([CriterionSettings.model_validate(settings)], Path(), replies=replies, **more)
    return criterion


def everything(entry: dict[str, Any], judges: tuple[str, ...], about: Context, says: Says) -> tuple[Outcome, int]:
    """The outcome when all is asked, and how much that is."""
    replies = {one.key: JudgeReply(text=says(one)) for one in built(entry, judges, {}).questions(about)}
    return built(entry, judges, replies).score([about])[0], len(replies)


def step_by_step(
    entry: dict[str, Any], judges: tuple[str, ...], about: Context, says: Says, **more: Any
) -> tuple[Outcome, int]:
    """The outcome when what is pending is asked until nothing is, and how much that was."""
    replies: dict[Any, JudgeReply] = {}
    while pending := built(entry, judges, replies, **more).pending(about):
        assert not replies.keys() & {one.key for one in pending}
        replies |= {one.key: JudgeReply(text=says(one)) for one in pending}
    return built(entry, judges, replies, **more).score([about])[0], len(replies)


KINDS = [
    *itertools.product([RUBRIC, PAIRWISE, {**PAIRWISE, "strict": True}, {**RUBRIC, "type": "not-llm-rubric"}],
                       [ONE, THREE, FIVE]),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "judges"), KINDS)
def test_the_verdict_is_that_of_asking_everything(entry: dict[str, Any], judges: tuple[str, ...]) -> None:
    """Whatever the judges say; a judge that says nothing that counts spoils no verdict that stands without it."""
    says, asked, whole = words(entry), 0, 0
    for number in range(N):
        all_said, most = everything(entry, judges, context(number), says)
        found, calls = step_by_step(entry, judges, context(number), says)
        assert not isinstance(found, Unjudged)
        if isinstance(all_said, Scored):
            assert isinstance(found, Scored)
            assert found.passed is all_said.passed
        asked, whole = asked + calls, whole + most
    each = 2 if entry["type"] == "judge-pairwise" else 1
    assert whole == N * each * len(judges)
    print(f"{entry['type']}, {len(judges)} judges: {asked / whole:.0%} of all calls")
    assert (asked < 0.9 * whole) if each * len(judges) > 1 else asked == whole


def test_a_tenth_is_asked_everything_whatever_is_said() -> None:
    """So that flips are counted on a random part of the pairs, not on those that looked lost at first."""
    says = words(PAIRWISE)
    counted = drawn = turned = 0
    for number in range(5 * N):
        outcome, calls = step_by_step(PAIRWISE, ONE, context(number), says)
        criterion = built(PAIRWISE, ONE, {})
        assert isinstance(criterion.check, JudgedCheck)
        orders = orders_of(criterion, context(number), outcome)
        if criterion.check.audited(context(number)):
            drawn += 1
            assert calls == 2
            if isinstance(outcome, Scored):
                counted += 1
                ((_, (first, second)),) = orders
                turned += {first, second} not in ({"A", "B"}, {"tie"})
        else:
            assert orders == []
    assert abs(drawn / (5 * N) - AUDITED) < 0.03
    # Three words at random in either order agree in three of nine cases.
    assert abs(turned / counted - 6 / 9) < 0.15


def test_where_grades_count_everything_is_asked() -> None:
    """The value is the mean of all judges and orders then."""
    says = words(PAIRWISE)
    for number in range(40):
        all_said, most = everything(PAIRWISE, THREE, context(number), says)
        found, calls = step_by_step(PAIRWISE, THREE, context(number), says, graded=True)
        assert calls == most
        assert type(found) is type(all_said)
        assert not isinstance(found, Scored) or found.value == getattr(all_said, "value", None)


def test_equal_answers_are_never_compared_and_asked_about_once() -> None:
    """A comparison asks nothing; a rubric has one question for both, so the pair cannot differ."""
    same = context(1, answer="On its way to 1.")
    assert built(PAIRWISE, THREE, {}).pending(same) == []
    own = replace(same, completion=same.incumbent or same.completion)
    assert [one.key for one in built(RUBRIC, ONE, {}).pending(same)] == [
        one.key for one in built(RUBRIC, ONE, {}).pending(own)
    ]


def test_a_judge_that_fails_is_not_asked_around() -> None:
    """Without its word the answer has no verdict, and the rest of the panel is not paid for nothing."""
    about = next(c for c in map(context, range(N)) if not _audited(c))
    first = built(RUBRIC, THREE, {}).pending(about)
    assert [one.judge for one in first] == ["one", "two"]
    replies = {first[0].key: JudgeReply(failure="outage"), first[1].key: JudgeReply(text='{"verdict": "pass"}')}
    assert built(RUBRIC, THREE, replies).pending(about) == []
    assert isinstance(built(RUBRIC, THREE, replies).score([about])[0], Errored)


def _audited(about: Context) -> bool:
    check = built(RUBRIC, THREE, {}).check
    assert isinstance(check, JudgedCheck)
    return check.audited(about)


def test_what_is_usual_is_what_happens() -> None:
    """The quote counts on as many requests as judges of the usual agreement take."""

    def agreeing(question: Question) -> str:
        return f'{{"verdict": "{"pass" if chance(question) < 0.9 else "fail"}"}}'

    check = built(RUBRIC, FIVE, {}).check
    assert isinstance(check, JudgedCheck)
    told = sum(check.usual_requests(place) for place in range(len(FIVE)))
    calls = sum(step_by_step(RUBRIC, FIVE, context(number), agreeing)[1] for number in range(N))
    assert abs(calls / N - told) < 0.15
