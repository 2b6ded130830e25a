"""A plan and its verdict go by one correction: so many pairs as the plan calls just enough are just enough."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.core.criteria import CriteriaCheck
from audit.pairing.evidence import Pairs
from audit.stats.discrimination import discrimination_of, p_noninferior
from audit.stats.pairs_test import Expects, PairsTest
from audit.stats.random_labels import prospects
from audit.stats.tango import PairCounts
from tests.stats.planned import LEVEL, TIER, JudgedWorld, judged, planned_test, proven, told

EVEN = Expects(discordance=0.15, power=0.5)
"""A verdict that as many audits give as do not: the one of the expected case is then on the edge."""

JUDGES = [(1.0, 0.0), (0.95, 0.1), (0.9, 0.1), (0.85, 0.2)]


@pytest.mark.parametrize("labels", [60, 100, 200, 800])
@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("margin", [0.05, 0.1, 0.2])
def test_by_chosen_labels_just_enough_pairs_are_just_enough(
    labels: int, judge: tuple[float, float], margin: float
) -> None:
    """For every number of labels: the exact test passes on the planned pairs in the expected case, and not on a sixth
    fewer. (A Switch needs the whole interval too.)"""
    check = judged(*judge, labels=labels)
    test, shown = planned_test(check, margin, tier=None), discrimination_of(check, error=1 - LEVEL)
    wanted = test.pairs_wanted(EVEN)
    assert wanted is not None

    def passes(pairs: float) -> bool:
        each = round(pairs * EVEN.discordance / 2)
        return p_noninferior(PairCounts(b=each, c=each, n=round(pairs)), margin=margin, shown=shown) <= test.alpha

    if wanted > 3_000:  # no exact test of a few thousand pairs is quick
        return
    assert passes(wanted * 1.1)
    assert wanted == test.least or not passes(wanted * 0.85)


@pytest.mark.parametrize("labels", [120, 150, 200, 300, 450])
@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("looks", [1, 5])
def test_by_random_labels_just_enough_pairs_are_just_enough(
    labels: int, judge: tuple[float, float], looks: int
) -> None:
    """The same where people's words decide, by the verdict itself: of what the plan calls just enough, a margin that is
    a twentieth wider is proven, and one that is a twentieth narrower is not. Where the labels are too few, no number of
    pairs is planned, and none is proven; where pairs that have labels are enough, no more are planned."""
    margin = 0.08
    world = JudgedWorld(right=judge[0], wrong=judge[1], differ=0.25)
    check = told(judged(*judge), world.as_expected(600, labels), looks=looks)
    test = planned_test(check, margin)
    wanted = test.pairs_wanted(EVEN)

    def shown(draws: int, by: float) -> bool:
        return proven(world.pairs(world.as_expected(draws, labels)), check, by, looks=looks)

    if wanted is None:
        assert not shown(20_000, margin * 0.95)
        return
    assert shown(wanted, margin * 1.05)
    assert wanted <= max(labels, test.least) or not shown(wanted, margin * 0.95)
    if judge == (1.0, 0.0) and wanted > max(labels, test.least):  # the more the judge sees, the more pairs matter
        assert shown(round(wanted * 1.1), margin)
        assert not shown(round(wanted * 0.9), margin)


def test_the_least_pairs_of_plan_and_verdict_are_the_same() -> None:
    """Of a judge that errs, fewer pairs certify where people's words decide; of other candidates as many as ever."""
    world = JudgedWorld(right=0.9, wrong=0.2, differ=0.05)
    draws = world.as_expected(2_000, 150)
    check = told(judged(0.9, 0.2), draws)
    by_people, by_judge, other = (planned_test(check, 0.02, tier=tier) for tier in (TIER, None, "another"))
    assert by_people.least < by_judge.least
    assert other == by_judge
    for test, labelled in ((by_people, draws), (by_judge, None)):
        for n, enough in ((test.least, True), (test.least - 1, False)):
            pairs = world.pairs(world.as_expected(n, 150))
            found = replace(pairs, labelled=None if labelled is None else pairs.labelled)
            assert _testable(found, check) is enough


def _testable(pairs: Pairs, check: CriteriaCheck) -> bool:
    """Whether a verdict looks at so many pairs at all: gains that nobody could miss are then proven."""
    gained = replace(pairs, incumbent=np.zeros(pairs.n, bool), candidate=np.ones(pairs.n, bool))
    if pairs.labelled is not None:
        change = np.where(pairs.labelled.people, 1.0, np.nan)
        gained = replace(gained, labelled=replace(pairs.labelled, said=np.ones(pairs.n), low=change, high=change))
    return proven(gained, check, 0.02)


def test_what_makes_it_harder_takes_more_pairs() -> None:
    """Fewer labels, a surer verdict: more pairs, and a smaller loss that so many show; never below what has labels."""
    world = JudgedWorld(right=0.9, wrong=0.1, differ=0.2)
    found: list[int] = []
    for labels in (400, 300, 260):
        test = planned_test(told(judged(0.9, 0.1), world.as_expected(600, labels)), 0.08)
        wanted = test.pairs_wanted(Expects())
        assert wanted is not None
        assert wanted >= labels
        found.append(wanted)
        surer = test.pairs_wanted(Expects(power=0.9))
        assert surer is None or surer >= wanted
        losses = [test.loss_shown(n, Expects()) or 0.0 for n in (wanted, 2 * wanted, 8 * wanted)]
        assert losses == sorted(losses)
    assert planned_test(told(judged(0.9, 0.1), world.as_expected(600, 60)), 0.08).pairs_wanted(Expects()) is None


def test_prospects_are_those_of_the_words_that_decide() -> None:
    """A judge whose corrected verdict is hopeless does not stop what people's words are about to prove; and what these
    show to lose, or what too few of them say, is not worth more replays."""
    world = JudgedWorld(right=0.8, wrong=0.3, differ=0.1)
    error = 0.02

    def chances(labels: int, loss: float, times: float) -> tuple[float, float]:
        draws = replace(world, loss=loss).as_expected(600, labels)
        found = prospects(draws, margin=0.1, times=times, error=error)
        return found.passing, found.failing

    assert chances(300, 0.0, 2.0)[0] > 0.9
    assert chances(300, 0.09, 2.0)[0] < 0.1
    assert chances(30, 0.0, 4.0)[0] < 0.1
    assert max(chances(600, 0.0, 1.0)) in (0.0, 1.0)


def test_without_labels_of_random_pairs_nothing_changes() -> None:
    """The tests of a route on which nobody drew any are those of its criteria, whatever the candidate."""
    for check in (None, judged(0.9, 0.1)):
        every = [PairsTest.of(check, margin=0.05, alpha=0.05, confidence=0.95, tier=tier) for tier in (None, "a", "b")]
        assert every[0] == every[1] == every[2]
