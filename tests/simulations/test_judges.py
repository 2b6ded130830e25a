"""A judge with a planted error and labels from the truth: how often the interval of a delta holds the true one."""

from __future__ import annotations

import numpy as np
import pytest

from audit.core.criteria import LEAST_LABELS, CriteriaCheck, Grade, Labelled
from audit.core.interval import Estimate
from audit.core.reason import Reason
from audit.stats.discrimination import USUAL_AGREEMENT, discrimination_of
from audit.stats.pairs_test import WantedTest, labels_to_settle
from audit.stats.tango import PairCounts, tango

SEEDS = 200
PAIRS = 1_500
LEVEL = 0.95
TODAY, AFTER = 0.92, 0.82
"""True shares of right answers of the incumbent and of the candidate."""
SAME = 0.3
"""Share of requests on which both say the same, so that one verdict stands for both."""


def judged(right: np.ndarray, error: float, rng: np.random.Generator) -> np.ndarray:
    """The verdicts of a judge that errs on this share of answers, right and wrong ones alike."""
    return right ^ (rng.random(right.shape) < error)


def labelled(n: int, error: float, rng: np.random.Generator) -> Labelled:
    """What the judge makes of n labelled answers, of which about half are right."""
    right = rng.random(n) < 0.5
    passed = judged(right, error, rng)
    return Labelled(
        right=int(right.sum()),
        right_accepted=int((right & passed).sum()),
        wrong=int((~right).sum()),
        wrong_accepted=int((~right & passed).sum()),
    )


def measured(error: float, rng: np.random.Generator) -> tuple[PairCounts, float]:
    """One audit's table, and the true change on requests of its kind."""
    same = rng.random(PAIRS) < SAME
    today = rng.random(PAIRS) < TODAY
    other = rng.random(PAIRS) < (AFTER - SAME * TODAY) / (1 - SAME)
    after = np.where(same, today, other)
    first, second = judged(today, error, rng), judged(after, error, rng)
    second = np.where(same, first, second)
    b, c = int((first & ~second).sum()), int((~first & second).sum())
    return PairCounts(b=b, c=c, n=PAIRS), AFTER - TODAY


def holds(shown: Estimate, truth: float) -> bool:
    """Whether an interval holds the truth."""
    return (shown.lo is None or shown.lo <= truth) and (shown.hi is None or truth <= shown.hi)


@pytest.mark.slow
@pytest.mark.parametrize("error", [0.0, 0.1, 0.2])
def test_the_corrected_interval_holds_the_truth_and_the_measured_one_does_not(error: float) -> None:
    """By 150 labels; without an error both hold."""
    corrected = plain = 0
    widths = []
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, round(error * 100)])
        check = CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labelled=labelled(150, error, rng))
        counts, truth = measured(error, rng)
        told = discrimination_of(check, error=1 - LEVEL)
        est = (counts.c - counts.b) / counts.n
        alone = Estimate.of(est, tango(counts, level=LEVEL), LEVEL)
        kept = 1 - (1 - LEVEL) * told.kept
        shown = told.corrected(Estimate.of(est, tango(counts, level=kept), LEVEL))
        plain += holds(alone, truth)
        corrected += holds(shown, truth)
        widths.append((shown.hi or 0.0) - (shown.lo or 0.0))
    print(
        f"judge errs on {error:.0%}: corrected holds {corrected / SEEDS:.1%}, as measured {plain / SEEDS:.1%}; "
        f"median width {np.median(widths) * 100:.1f} points"
    )
    assert corrected >= 0.93 * SEEDS
    assert (plain >= 0.9 * SEEDS) if error == 0 else (plain < 0.8 * SEEDS)


@pytest.mark.slow
def test_the_number_of_labels_that_would_settle_it() -> None:
    """From 40 labels, on which no judge decides and none is asked: near what a judge of the usual agreement needs. From
    100 labels that the judge was asked about: printed, as its error is known within some points only.
    """
    sizes = WantedTest(margin=0.08, alpha=0.05, confidence=LEVEL, pairs=800, discordance=0.15, power=0.8)
    exact = labels_to_settle(CriteriaCheck(grade=Grade.JUDGED, judges=("judge",)), sizes)
    assert exact is not None
    assert exact > LEAST_LABELS
    near = later = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng([seed, 40])
        right = int((rng.random(40) < 0.5).sum())
        few = Labelled(waiting_right=right, waiting_wrong=40 - right)
        check = CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labelled=few)
        assert check.why is not None
        assert check.why.reason is Reason.JUDGE_NEEDS_LABELS
        near += _near(labels_to_settle(check, sizes), exact)
        more = CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labelled=labelled(100, 1 - USUAL_AGREEMENT, rng))
        later += _near(labels_to_settle(more, sizes), exact)
    print(f"{exact} labels; within a factor of 1.5 from 40: {near / SEEDS:.0%}, from 100 judged: {later / SEEDS:.0%}")
    assert near >= 0.8 * SEEDS


def _near(about: int | None, exact: int) -> bool:
    return about is not None and exact / 1.5 <= about <= exact * 1.5
