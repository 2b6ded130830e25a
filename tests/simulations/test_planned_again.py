"""A plan that is made again once people have judged random pairs: what it promises, and what its verdict delivers.

    pytest -m slow -s tests/simulations/test_planned_again.py

prints the table. A first sample of 500 pairs is judged by a judge and, for a part that was drawn at random, by people.
The plan made from that says how many pairs show a candidate that loses nothing in four of five audits, and which loss
so many still show. Then audits are made of so many pairs, and their verdicts read as the certificate reads them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.stats.pairs_test import Expects
from tests.stats.planned import JudgedWorld, judged, planned_test, proven, told

pytestmark = pytest.mark.slow

FIRST, AUDITS, PLANS = 500, 400, 20
EXPECTS = Expects(discordance=0.2, power=0.8)
MARGIN = 0.08

CELLS = [
    *((right, wrong, labels, 1) for right, wrong in ((1.0, 0.0), (0.9, 0.1), (0.8, 0.2)) for labels in (150, 250, 350)),
    *((right, wrong, 350, 5) for right, wrong in ((1.0, 0.0), (0.9, 0.1), (0.8, 0.2))),
]


@pytest.mark.parametrize(("right", "wrong", "labels", "looks"), CELLS)
def test_what_is_planned_again_is_what_the_verdict_delivers(
    right: float, wrong: float, labels: int, looks: int
) -> None:
    """Four of five audits of a candidate that loses nothing are proven where the plan says so, within ten points, or
    more where the sample that there is was larger already; as many at the largest loss that the plan names. Where the
    plan calls the labels too few, fewer are, however many pairs are replayed."""
    world = JudgedWorld(right=right, wrong=wrong, differ=EXPECTS.discordance)
    check = judged(right, wrong)
    by_judge = planned_test(check, MARGIN, tier=None).pairs_wanted(EXPECTS)
    plans = []
    for seed in range(PLANS):
        rng = np.random.default_rng([labels, looks, seed])
        again = told(check, world.drawn(FIRST, labels, rng), looks=looks)
        test = planned_test(again, MARGIN)
        wanted = test.pairs_wanted(EXPECTS)
        plans.append((wanted, None if wanted is None else test.loss_shown(max(wanted, FIRST), EXPECTS)))
    known = sorted(wanted for wanted, _ in plans if wanted is not None)
    line = f"\njudge errs on {1 - right:.0%}, {labels} labels, {looks} looks: {by_judge} pairs by the judge; "
    if len(known) <= PLANS // 2:
        share = _share(world, 20_000, labels, looks)
        print(f"{line}labels too few in {PLANS - len(known)} of {PLANS} plans; {share:.1%} of 20,000 pairs are proven")
        assert share < EXPECTS.power + 0.1
        return
    # What the sample has is kept, so a plan of fewer pairs than there are is one of these.
    pairs = max(int(np.median(known)), FIRST)
    loss = float(np.median([loss for _, loss in plans if loss is not None]))
    found = _share(world, pairs, labels, looks), _share(replace(world, loss=loss), pairs, labels, looks)
    print(
        f"{line}{pairs} again; a loss of nothing is proven in {found[0]:.1%}, one of {loss * 100:.1f} points in "
        f"{found[1]:.1%}"
    )
    assert found[0] >= EXPECTS.power - 0.1
    assert abs(found[1] - EXPECTS.power) <= 0.1


def _share(world: JudgedWorld, pairs: int, labels: int, looks: int) -> float:
    """Audits that are proven, of so many pairs and labels."""
    check = judged(world.right, world.wrong)
    found = []
    for seed in range(AUDITS):
        rng = np.random.default_rng([pairs, labels, seed, 5])
        found.append(proven(world.pairs(world.drawn(pairs, labels, rng)), check, MARGIN, looks=looks))
    return float(np.mean(found))
