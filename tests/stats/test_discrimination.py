"""What a criterion's own error does to a claim, from counts."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

import audit
from audit.core.criteria import LEAST_LABELS, Control, ControlResult, CriteriaCheck, Grade, Labelled
from audit.core.discrimination import PERFECT, Discrimination
from audit.core.interval import Estimate
from audit.core.plain import from_plain, to_plain
from audit.stats.discrimination import (
    ERROR_SHARE,
    clopper_pearson,
    discrimination_of,
    p_inferior,
    p_noninferior,
)
from audit.stats.exact import p_fail, p_pass
from audit.stats.pairs_test import PairsTest, WantedTest, labels_to_settle
from audit.stats.planning import least_pairs
from audit.stats.tango import PairCounts, tango


def checked(right: tuple[int, int], wrong: tuple[int, int], grade: Grade = Grade.RIGHT) -> CriteriaCheck:
    """Criteria of which people have judged answers: accepted of so many, right and wrong."""
    counts = Labelled(right=right[1], right_accepted=right[0], wrong=wrong[1], wrong_accepted=wrong[0])
    return CriteriaCheck(grade=grade, labelled=counts)


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_clopper_pearson_is_scipys(level: float) -> None:
    """Every count of 23, and none of 0."""
    for k in range(24):
        known = binomtest(k, 23).proportion_ci(level, "exact")
        found = clopper_pearson(k, 23, level=level)
        assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=1e-9)
    assert clopper_pearson(0, 0, level=level).low == 0
    assert clopper_pearson(0, 0, level=level).high == 1
    with pytest.raises(ValueError, match="k must lie"):
        clopper_pearson(3, 2, level=level)


def test_the_case_of_the_method_page() -> None:
    """80 of 200 wrong answers and all of 200 right ones are accepted: -2.7 as measured is -4.5."""
    shown = discrimination_of(checked((200, 200), (80, 200)), error=0.05)
    assert shown.est == pytest.approx(0.6)
    # Four tails of .0025: of the right ones .0025 ** (1 / 200), of the wrong ones by the beta distribution.
    assert shown.low == pytest.approx(0.0025 ** (1 / 200) - clopper_pearson(80, 200, level=0.995).high)
    told = shown.corrected(Estimate(est=-0.027, lo=-0.04, hi=-0.014, level=0.95))
    assert told.est == pytest.approx(-0.045)
    assert told.lo == pytest.approx(-0.04 / shown.low)
    assert told.hi == pytest.approx(-0.014 / shown.high)


def test_criteria_without_known_error_leave_every_number_alone() -> None:
    """No check, or one without labels and damage: the same estimate and the same p-values."""
    for shown in (PERFECT, discrimination_of(None, error=0.05), discrimination_of(checked((0, 0), (0, 0)), error=0.05)):
        estimate = Estimate(est=-0.01, lo=-0.02, hi=None, level=0.95)
        assert shown.corrected(estimate) == estimate
        counts = PairCounts(b=3, c=2, n=200)
        assert p_noninferior(counts, margin=0.03, shown=shown) == p_pass(counts, margin=0.03)
        assert p_inferior(counts, margin=0.03, shown=shown) == p_fail(counts, margin=0.03)
    assert PairsTest.of(None, margin=0.03, alpha=0.05, confidence=0.95) == PairsTest(
        claimed=0.03, margin=0.03, alpha=0.05, confidence=0.95, least=least_pairs(0.03, 0.05)
    )


def _told(counts: PairCounts, measured: Estimate, refused: int, accepted: int) -> tuple[float, ...]:
    """The p-value, and how far the ends of the interval reach down and up."""
    shown = discrimination_of(checked((100 - refused, 100), (accepted, 100)), error=0.05)
    told = shown.corrected(measured)
    assert told.lo is not None
    assert told.hi is not None
    return p_noninferior(counts, margin=0.03, shown=shown), -told.lo, told.hi


def test_worse_criteria_never_prove_more() -> None:
    """p rises and the interval widens with every wrong answer that is accepted, and every right one that is not."""
    counts, measured = PairCounts(b=4, c=2, n=600), Estimate(est=-0.0033, lo=-0.013, hi=0.006, level=0.95)
    last: tuple[float, ...] = (0.0, -1.0, 0.0)
    for accepted in range(0, 101, 5):
        found = [_told(counts, measured, refused, accepted) for refused in (0, 20)]
        # Refusing right answers is worse than not, at every share of wrong ones that is accepted.
        assert all(worse >= better for better, worse in zip(found[0], found[1], strict=True))
        assert all(now >= before for before, now in zip(last, found[0], strict=True))
        last = found[0]
    blind = discrimination_of(checked((50, 100), (50, 100)), error=0.05)
    assert blind.low < 0
    assert p_noninferior(PairCounts(b=0, c=90, n=900), margin=0.03, shown=blind) == 1
    assert p_inferior(PairCounts(b=900, c=0, n=900), margin=0.03, shown=blind) == 1
    assert blind.corrected(measured).lo == -1


def test_answers_that_people_dispute_widen_the_bounds_and_move_no_estimate() -> None:
    """Each way in which a draw could end lies within the bounds; without wrong answers there is still no correction."""
    counts = Labelled(right=80, right_accepted=76, wrong=40, wrong_accepted=8, disputed=9, disputed_accepted=4)
    told = discrimination_of(CriteriaCheck(grade=Grade.RIGHT, labelled=counts), error=0.05)
    alone = discrimination_of(checked((76, 80), (8, 40)), error=0.05)
    assert told.est == alone.est
    assert told.low < alone.low
    assert told.high > alone.high
    for accepted_right in range(5):
        for rejected_right in range(6):
            right = (76 + accepted_right, 80 + accepted_right + rejected_right)
            wrong = (8 + 4 - accepted_right, 40 + 9 - accepted_right - rejected_right)
            ended = discrimination_of(checked(right, wrong), error=0.05)
            assert told.low <= ended.low
            assert ended.high <= told.high


def test_agreement_is_bounded_and_not_estimated() -> None:
    """Criteria that compare with the incumbent: only the wrong answers that they accept hide a loss."""
    shown = discrimination_of(checked((0, 50), (30, 100), Grade.AGREEMENT), error=0.05)
    assert (shown.est, shown.high) == (1.0, 1.0)
    assert shown.low == pytest.approx(1 - clopper_pearson(30, 100, level=1 - 0.05 * ERROR_SHARE).high)
    told = shown.corrected(Estimate(est=-0.02, lo=-0.03, hi=-0.01, level=0.95))
    assert (told.est, told.hi) == (-0.02, -0.01)
    assert told.lo == pytest.approx(-0.03 / shown.low)


def test_intervals_hold_the_truth_over_pairs_and_labels() -> None:
    """Both kinds of error at once: 600 audits of a true -4.5; the criteria accept 40 % of what is wrong."""
    rng, held, n = np.random.default_rng(5), 0, 800
    for _ in range(600):
        before = rng.random(n) < 0.9
        after = before & (rng.random(n) >= 0.05)
        seen = [np.where(good, rng.random(n) < 0.95, rng.random(n) < 0.4) for good in (before, after)]
        check = checked((int(rng.binomial(150, 0.95)), 150), (int(rng.binomial(150, 0.4)), 150))
        shown = discrimination_of(check, error=0.05)
        counts = PairCounts.of(seen[0], seen[1])
        interval = tango(counts, level=1 - 0.05 * shown.kept)
        told = shown.corrected(Estimate.of((counts.c - counts.b) / n, interval, 0.95))
        assert told.lo is not None
        assert told.hi is not None
        held += told.lo <= -0.045 <= told.hi
    assert held / 600 >= 0.95


def test_no_verdict_passes_the_error_of_its_criteria_by() -> None:
    """Whatever judges a route's pairs takes the exact p-values from here, where the error is taken off the margin."""
    root = Path(audit.__file__).parent
    direct = {
        f"{path.relative_to(root)}: {name.name}"
        for room in ("findings", "policy", "gate", "renewal", "report")
        for path in sorted((root / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("audit.stats.")
        for name in node.names
        if name.name in ("p_pass", "p_fail", "decide")
    }
    assert not direct


def test_bounds_are_serialised_whole() -> None:
    """What `options.json` carries comes back as it was."""
    shown = Discrimination(est=0.6, low=0.45, high=0.7, error_share=0.2)
    assert from_plain(Discrimination, to_plain(shown)) == shown


@pytest.mark.parametrize("grade", [Grade.RIGHT, Grade.AGREEMENT])
@pytest.mark.parametrize("accepted", [0.0, 0.025, 0.5, 1.0])
def test_labels_do_not_take_back_what_damage_has_shown(grade: Grade, accepted: float) -> None:
    """However many easy faults the criteria see, the lower bound is the smaller of the two; no estimate moves."""
    damage = ControlResult(
        control=Control.ANOTHER,
        tried=200,
        accepted=round(200 * accepted),
        share=Estimate.exact(accepted, 0.95),
        limit=1.0,
    )
    for labels in (checked((100, 100), (0, 5_000), grade), checked((100, 100), (20, 40), grade)):
        alone = discrimination_of(labels, error=0.05)
        both = discrimination_of(replace(labels, controls=(damage,)), error=0.05)
        assert both == replace(alone, low=min(alone.low, 1 - accepted))


@pytest.mark.parametrize("error", [0.0, 0.1, 0.2])
def test_false_alarms_of_a_judge_that_compares_are_no_losses(error: float) -> None:
    """It accepts the incumbent's own answer unasked, so what it wrongly calls worse has nothing that makes up for it: a
    perfect candidate is not shown to lose, and a true loss is in the interval, from above as well.
    """
    labels = checked((round(150 * (1 - error)), 150), (round(50 * error), 50), Grade.AGREEMENT)
    shown = discrimination_of(replace(labels, judges=("judge",)), error=0.05)
    for loss in (0.0, 0.1, 0.3):
        pairs = 2_000
        called_worse = round(pairs * (loss * (1 - error) + (1 - loss) * error))
        counts = PairCounts(b=called_worse, c=0, n=pairs)
        estimate = Estimate.of(-called_worse / pairs, tango(counts, level=0.96), 0.95)
        told = shown.corrected(estimate, moved=1.0)
        assert told.est == pytest.approx(-loss, abs=0.01)
        assert told.lo is not None
        assert told.hi is not None
        assert told.lo <= -loss <= told.hi
        assert shown.corrected(estimate).est <= told.est
        if loss <= 0.03:
            assert p_inferior(counts, margin=0.03, shown=shown) > 0.5
    gone = PairCounts(b=round(2_000 * (0.9 * (1 - error) + 0.1 * error)), c=0, n=2_000)
    assert p_inferior(gone, margin=0.03, shown=shown) < 0.01


SIZES = WantedTest(margin=0.08, alpha=0.05, confidence=0.95, pairs=800, discordance=0.15, power=0.8)


def test_labels_to_settle_hang_on_what_the_judge_is_taken_to_be() -> None:
    """A judge without error needs the least that any judge needs; one that guesses is settled by no number."""
    few = Labelled(waiting_right=28, waiting_wrong=12)
    check = CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labelled=few)
    told = [labels_to_settle(check, SIZES, agreement=share) for share in (1.0, 0.9, 0.8, 0.5)]
    assert told[0] == LEAST_LABELS
    assert told[3] is None
    assert LEAST_LABELS < (told[1] or 0) < (told[2] or 0)


@pytest.mark.parametrize(
    ("usual", "between", "said"),
    [
        (
            120,
            (50, 700),
            "120 labels would settle it if the judge errs on a tenth of answers, 50 if it never does, 700",
        ),
        (120, (50, None), "50 if it never does, no number if it errs on a fifth"),
        (None, (60, None), "60 labels would settle it if the judge never errs, no number if it errs on a tenth"),
        (None, (None, None), "no number of labels would settle it with the requests that it has"),
        (50, (50, 50), "about 50 labels would settle it"),
    ],
)
def test_what_is_said_of_labels_that_settle_a_route(
    usual: int | None, between: tuple[int | None, int | None], said: str
) -> None:
    """Of a judge that nobody has asked, three numbers; one where they are the same."""
    check = CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labels_wanted=usual, labels_between=between)
    assert check.why is not None
    assert said in check.why.facts["about"]


@pytest.mark.parametrize(
    ("chosen", "drawn", "said"), [(590, 210, True), (None, 210, True), (200, 210, False), (590, None, False)]
)
def test_pairs_in_random_order_are_named_where_they_take_fewer(
    chosen: int | None, drawn: int | None, said: bool
) -> None:
    """Beside the labels that let the judge be asked at all."""
    check = CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labels_wanted=chosen, random_wanted=drawn)
    assert check.why is not None
    assert ("; 50 let the judge be asked, and then about 210 pairs drawn at random" in check.why.facts["about"]) is said
