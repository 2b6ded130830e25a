"""How many pairs to judge at random: enough for the verdict, and told without saying who is ahead."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.core.labels import LabelCounts
from audit.stats.label_sizes import ExpectedLabels, LabelSizing
from audit.stats.random_labels import change_limits
from tests.stats.labelled_worlds import drawn, partly_labelled

DRAWS = 600
USUAL = LabelSizing(
    margin=0.08, error=0.025, power=0.8, discordance=0.15, accepts_right=0.9, accepts_wrong=0.1, compares=False
)


@pytest.mark.parametrize("changes", [{}, {"accepts_right": 0.8, "accepts_wrong": 0.3}, {"compares": True}])
def test_so_many_pairs_show_it_in_about_four_of_five_audits(changes: dict[str, float]) -> None:
    """By the limits themselves, in the world that was planned with; a few fewer do so less often."""
    sizing = replace(USUAL, **changes)  # type: ignore[arg-type]
    labels = sizing.planned(DRAWS)
    assert labels is not None
    expected = ExpectedLabels.planned(
        discordance=sizing.discordance,
        accepts_right=sizing.accepts_right,
        accepts_wrong=sizing.accepts_wrong,
        compares=sizing.compares,
        draws=DRAWS,
    )
    assert expected.weights.sum() == pytest.approx(1)
    shares = zip((-1, 0, 1), expected.weights, expected.lost, expected.gained, strict=True)
    world = [
        (change, said, weight * share)
        for said, weight, lost, gained in shares
        for change, share in ((-1, lost), (1, gained), (0, 1 - lost - gained))
        if weight * share
    ]
    rng = np.random.default_rng(3)
    audits = [drawn(world, DRAWS, rng) for _ in range(150)]

    def shown(number: int) -> float:
        limits = [change_limits(partly_labelled(*one, number), error=sizing.error) for one in audits]
        return float(np.mean([one.low > -sizing.margin for one in limits]))

    assert 0.7 <= shown(labels) <= 0.9
    assert shown(labels // 2) < 0.6


def test_what_makes_it_harder_takes_more_pairs_until_not_even_all_would_do() -> None:
    """A smaller margin, more pairs that differ, a judge that errs more, a surer verdict; and no number is no number."""
    usual = USUAL.planned(DRAWS)
    assert usual is not None
    harder = [
        replace(USUAL, margin=0.06),
        replace(USUAL, discordance=0.3),
        replace(USUAL, accepts_right=0.75, accepts_wrong=0.25),
        replace(USUAL, power=0.95),
        replace(USUAL, error=0.01),
    ]
    assert [(one.planned(DRAWS) or DRAWS) > usual for one in harder] == [True] * len(harder)
    assert replace(USUAL, margin=0.01).planned(DRAWS) is None
    assert USUAL.planned(usual // 2) is None
    assert USUAL.pairs_to_judge(LabelCounts.of([], [], draws=0)) is None
