"""The recorded judge on recorded chat answers: what is found of its error, and how often a delta holds the truth.

    pytest -m slow -s tests/simulations/test_recorded_judge.py

prints the table. The answers and what people prefer are recordings; the judge errs as the recorded server's does: it
turns its word on a share of the answers, in both orders alike, and takes whichever stands first on another share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
import pytest

from audit.core.criteria import CriteriaCheck, Grade, Labelled
from audit.core.interval import Estimate
from audit.core.reason import Reason
from audit.scoring.judges.check import AUDITED, Question
from audit.stats.agreement import agreement_of
from audit.stats.discrimination import clopper_pearson, discrimination_of
from audit.stats.pairs_test import WantedTest, labels_to_settle
from audit.stats.tango import PairCounts, tango
from tests.judging.test_fewer import PAIRWISE, context, everything, step_by_step
from tests.shared import SHARED, needs_shared

RECORDED = "data/dev/corpus/alpaca_eval.parquet"
pytestmark = [needs_shared(RECORDED), pytest.mark.slow]

ANSWERS = SHARED / RECORDED
CANDIDATE = "FuseChat-Gemma-2-9B-Instruct"
SEEDS, PAIRS, LABELS, LEVEL = 200, 800, 150, 0.95
WORLDS = [(error, bias) for error in (0.0, 0.1, 0.2) for bias in (0.0, 0.3)]


@cache
def preferred() -> np.ndarray:
    """Per prompt, how far people's proxy prefers the candidate: above 0 it is better, below 0 the incumbent is."""
    rows = pl.read_parquet(ANSWERS, columns=["prompt_id", "model", "judge_score"]).filter(pl.col("model") == CANDIDATE)
    return rows.drop_nulls().sort("prompt_id")["judge_score"].to_numpy() - 0.5


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the judge says of every prompt: whether the answer passes, whether the log's does, and whether its word
    turned when the answers changed places; whether either is right."""

    passes: np.ndarray
    own: np.ndarray
    turned: np.ndarray
    right: np.ndarray


def compared(error: float, bias: float, rng: np.random.Generator) -> Said:
    """`judge-pairwise`: right is what is no worse than the incumbent's answer, which passes by itself."""
    by = np.sign(preferred())
    ties = np.where(rng.random(by.shape) < 0.5, 1, -1)
    word = np.where(rng.random(by.shape) < error, np.where(by == 0, ties, -by), by)
    first = rng.random(by.shape) < bias
    whole = np.ones(by.shape, dtype=bool)
    return Said(passes=(word >= 0) | first, own=whole, turned=first, right=by >= 0)


def alone(error: float, bias: float, rng: np.random.Generator) -> Said:
    """`llm-rubric`: right is what people's proxy gives half of the points or more; there is no order to be turned."""
    del bias
    right = preferred() >= 0
    passes = right ^ (rng.random(right.shape) < error)
    own = rng.random(right.shape) >= error
    return Said(passes=passes, own=own, turned=np.zeros(right.shape, dtype=bool), right=right)


def labelled(said: Said, n: int, rng: np.random.Generator) -> Labelled:
    """What the judge makes of labels drawn from the truth, of the candidate's answers: the recordings have no other."""
    place = rng.choice(said.right.size, n, replace=False)
    right, passes = said.right[place], said.passes[place]
    return Labelled(
        right=int(right.sum()),
        right_accepted=int((right & passes).sum()),
        wrong=int((~right).sum()),
        wrong_accepted=int((~right & passes).sum()),
    )


def deltas(said: Said, labels: Labelled, grade: Grade, rng: np.random.Generator) -> tuple[Estimate, Estimate]:
    """The delta as measured on a sample of requests, and corrected by the labels."""
    draws = rng.integers(said.right.size, size=PAIRS)
    b = int((said.own & ~said.passes)[draws].sum())
    c = int((~said.own & said.passes)[draws].sum())
    counts, est = PairCounts(b=b, c=c, n=PAIRS), (c - b) / PAIRS
    told = discrimination_of(CriteriaCheck(grade=grade, judges=("judge",), labelled=labels), error=1 - LEVEL)
    kept = 1 - (1 - LEVEL) * told.kept
    measured = Estimate.of(est, tango(counts, level=LEVEL), LEVEL)
    return measured, told.corrected(Estimate.of(est, tango(counts, level=kept), LEVEL), moved=1.0)


def holds(shown: Estimate | None, truth: float) -> bool:
    """Whether an interval holds the truth."""
    return shown is None or ((shown.lo is None or shown.lo <= truth) and (shown.hi is None or truth <= shown.hi))


Judge = Callable[[float, float, np.random.Generator], Said]
KINDS: list[tuple[str, Grade, Judge]] = [
    ("judge-pairwise", Grade.AGREEMENT, compared),
    ("llm-rubric", Grade.JUDGED, alone),
]


def seeds(judge: Judge, error: float, bias: float) -> Iterator[tuple[np.random.Generator, Said, float]]:
    """A generator for each seed, what the judge says by it, and the true change of quality."""
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, round(error * 100), round(bias * 100)])
        said = judge(error, bias, rng)
        yield rng, said, float(said.right.mean()) - 1.0


@pytest.mark.parametrize(("name", "grade", "judge"), KINDS, ids=[name for name, _, _ in KINDS])
def test_the_corrected_delta_holds_the_truth(name: str, grade: Grade, judge: Judge) -> None:
    """In 93 % of 200 seeds at least, as measured in few; flips, sensitivity and specificity are in their intervals."""
    print(f"\n{name}, {PAIRS} pairs, {LABELS} labels, {SEEDS} seeds; shares of seeds in %, widths in points")
    print("error  bias   corrected  measured   width   measured   sensitivity  specificity  flips")
    for error, bias in WORLDS if name == "judge-pairwise" else [(e, b) for e, b in WORLDS if not b]:
        found = np.zeros(5)
        widths = []
        for rng, said, truth in seeds(judge, error, bias):
            labels = labelled(said, LABELS, rng)
            measured, corrected = deltas(said, labels, grade, rng)
            told = agreement_of(labels, level=LEVEL)
            assert told is not None
            drawn = rng.choice(said.right.size, round(AUDITED * said.right.size), replace=False)
            flips = clopper_pearson(int(said.turned[drawn].sum()), drawn.size, level=LEVEL)
            ties = float((preferred() == 0).mean())
            passes_wrong = error + (1 - error) * bias if name == "judge-pairwise" else error
            fails_right = error * (1 - bias) * (1 - ties / 2) if name == "judge-pairwise" else error
            found += [
                holds(corrected, truth),
                holds(measured, truth),
                holds(told.sensitivity, 1 - fails_right),
                holds(told.specificity, 1 - passes_wrong),
                flips.low <= bias <= flips.high,
            ]
            widths.append([(one.hi or 0.0) - (one.lo or 0.0) for one in (corrected, measured)])
        share, width = found / SEEDS, np.median(widths, axis=0) * 100
        print(
            f"{error:5.0%} {bias:5.0%} {share[0]:11.1%} {share[1]:9.1%} {width[0]:7.1f} {width[1]:10.1f} "
            f"{share[2]:13.1%} {share[3]:12.1%} {share[4]:6.1%}"
        )
        assert share[0] >= 0.93
        assert (share[1] < 0.8) if error or bias else (share[1] >= 0.9)
        assert min(share[2:]) >= 0.93


@pytest.mark.parametrize(("name", "grade", "judge"), KINDS, ids=[name for name, _, _ in KINDS])
def test_forty_labels_prove_nothing_and_say_how_many_would(name: str, grade: Grade, judge: Judge) -> None:
    """The judge has not been asked, so three numbers are said; that for its error is near in four of five seeds."""
    sizes = WantedTest(margin=0.08, alpha=1 - LEVEL, confidence=LEVEL, pairs=800, discordance=0.15, power=0.8)
    wrong = float((preferred() < 0).mean())
    print(f"\n{name}: labels that settle it, and in how many seeds 40 labels say so within a factor of 1.5")
    for error in (0.0, 0.1, 0.2):
        ideal = Labelled(
            right=round(10_000 * (1 - wrong)),
            right_accepted=round(10_000 * (1 - wrong) * (1 - error)),
            wrong=round(10_000 * wrong),
            wrong_accepted=round(10_000 * wrong * error),
        )
        exact = labels_to_settle(CriteriaCheck(grade=grade, judges=("judge",), labelled=ideal), sizes)
        told: list[int | None] = []
        for seed in range(SEEDS):
            rng = np.random.default_rng([seed, 40])
            few = labelled(judge(error, 0.0, rng), 40, rng)
            waiting = Labelled(waiting_right=few.right, waiting_wrong=few.wrong)
            check = CriteriaCheck(grade=grade, judges=("judge",), labelled=waiting)
            assert check.why is not None
            assert check.why.reason is Reason.JUDGE_NEEDS_LABELS
            told.append(labels_to_settle(check, sizes, agreement=1 - error))
        assert exact is not None
        near = [about is not None and exact / 1.5 <= about <= exact * 1.5 for about in told]
        print(f"a judge that errs on {error:.0%}: {exact} labels, {np.mean(near):.1%} of seeds")
        assert np.mean(near) >= 0.8


def test_judge_calls_against_judging_everything() -> None:
    """Every verdict is the same, so the interval is; with a panel that compares, half of the calls or less is asked."""
    by = np.sign(preferred())
    print("\nerror  bias  judges   calls asked of all")
    for error, bias in WORLDS:
        for judges in (("one",), ("one", "two", "three")):

            def says(question: Question, error: float = error, bias: float = bias) -> str:
                text = str(question.request.messages[-1]["content"])
                number = int(text.rpartition("parcel ")[2].partition("?")[0])
                first = text.index("In depot") < text.index("On its way")
                word = by[number] * (-1 if chance_of(question.judge, number, "error") < error else 1)
                if chance_of(question.judge, number, "first") < bias:
                    return '{"verdict": "A"}'
                ahead = word if first else -word
                return f'{{"verdict": "{ {1: "A", 0: "tie", -1: "B"}[int(ahead)] }"}}'

            asked = whole = 0
            for number in range(by.size):
                all_said, most = everything(PAIRWISE, judges, context(number), says)
                found, calls = step_by_step(PAIRWISE, judges, context(number), says)
                assert getattr(found, "passed", None) is getattr(all_said, "passed", None)
                asked, whole = asked + calls, whole + most
            print(f"{error:5.0%} {bias:5.0%} {len(judges):7} {asked:8} of {whole} ({asked / whole:.0%})")
            assert asked <= (0.6 if len(judges) > 1 else 0.75) * whole


def chance_of(judge: str, number: int, what: str) -> float:
    """A number in [0, 1) for a judge and a prompt, whatever the order of the answers."""
    return float(np.random.default_rng([number, *map(ord, judge + what)]).random())
