"""The change of quality from labels of random draws: what its limits are, and what they never do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from audit.stats.random_labels import (
    LEAST_IN_STRATUM,
    SPENT,
    LabelledDraws,
    change_limits,
    joined,
    mean_change,
    p_inferior,
    p_noninferior,
)
from tests.stats.labelled_worlds import EDGES, drawn, partly_labelled


def made(seed: int = 1, *, n: int = 400, labels: int = 120, world: str = "much of all") -> LabelledDraws:
    """Draws of a world that loses 5 points."""
    return partly_labelled(*drawn(EDGES[world](0.05), n, np.random.default_rng(seed)), labels)


def test_the_estimate_weighs_what_people_say_by_how_often_the_judge_says_so() -> None:
    """By hand: of 100 draws 30 have the judge's loss, of whose 10 labels 6 are one; of 40 other labels none is."""
    said = np.repeat([-1.0, 0.0, -1.0, 0.0], [10, 40, 20, 30])
    low = np.concatenate([np.repeat([-1.0, 0.0], [6, 4]), np.zeros(40), np.full(50, np.nan)])
    draws = LabelledDraws(said=said, low=low, high=low, people=np.arange(100) < 50)
    assert mean_change(draws) == pytest.approx(-0.3 * 0.6)
    few = replace(draws, said=np.roll(said, 1))
    assert LEAST_IN_STRATUM == 10
    assert mean_change(few) != pytest.approx(-0.3 * 0.6)


@pytest.mark.parametrize(
    ("labelled", "into"),
    [
        ((40, 60, 20), (0, 1, 2)),
        ((9, 60, 20), (1, 1, 2)),
        ((9, 60, 9), (1, 1, 1)),
        ((40, 3, 20), (0, 1, 1)),
        ((20, 9, 40), (1, 1, 2)),
        ((20, 3, 20), (1, 1, 1)),
        ((4, 4, 40), (1, 1, 1)),
        ((0, 50, 0), (1, 1, 1)),
        ((3, 2, 4), (1, 1, 1)),
    ],
)
def test_a_stratum_with_few_labels_goes_with_its_neighbour(
    labelled: tuple[int, int, int], into: tuple[int, int, int]
) -> None:
    """By hand: the others keep apart."""
    assert tuple(joined(np.array(labelled, float))) == into


def test_strata_that_are_left_have_labels_enough_and_turn_with_the_arms() -> None:
    """Every number of labels: no stratum with too few stands alone, a loss and a gain go together only through nothing,
    and exchanged arms join the same."""
    rng = np.random.default_rng(5)
    for labelled in rng.integers(0, 30, size=(500, 3)).astype(float):
        into = joined(labelled)
        of = np.bincount(into, weights=labelled, minlength=3)
        kept = np.unique(into)
        assert len(kept) == 1 or of[kept].min() >= LEAST_IN_STRATUM
        assert into[1] == 1
        np.testing.assert_array_equal(joined(labelled[::-1]), 2 - into[::-1])


def test_without_any_loss_the_lower_limit_is_the_exact_one() -> None:
    """Where people saw no change at all, the rule of three: nothing that a judge says may improve on it."""
    draws = LabelledDraws(said=np.zeros(60), low=np.zeros(60), high=np.zeros(60), people=np.ones(60, dtype=bool))
    exact = 1 - (SPENT * 0.05) ** (1 / 60)
    found = change_limits(draws, error=0.05)
    assert -found.low == pytest.approx(exact)
    assert found.high == pytest.approx(-found.low)


def test_what_needs_no_label_is_known_of_every_draw() -> None:
    """A route on which nine of ten pairs say the same has a tenth of the width."""
    differ = made(n=200, labels=200)
    same = np.zeros(1_800)
    padded = LabelledDraws(
        **{
            name: np.concatenate([getattr(differ, name), same.astype(getattr(differ, name).dtype)])
            for name in ("said", "low", "high", "people")
        }
    )
    wide, narrow = (change_limits(one, error=0.025) for one in (differ, padded))
    assert mean_change(padded) == pytest.approx((mean_change(differ) or 0) / 10)
    assert narrow.high - narrow.low < 0.15 * (wide.high - wide.low)


@pytest.mark.parametrize("world", sorted(EDGES))
def test_limits_nest_and_turn_with_the_arms(world: str) -> None:
    """Smaller errors give wider limits; exchanged arms give the same ones with the other sign; the estimate is inside;
    and p-values are where the limits pass the margin."""
    for seed in range(3):
        draws = made(seed, world=world)
        est = mean_change(draws)
        assert est is not None
        last = None
        for error in (0.4, 0.1, 0.025, 0.001):
            found = change_limits(draws, error=error)
            assert -1 <= found.low <= est <= found.high <= 1
            assert last is None or (found.low <= last.low and found.high >= last.high)
            last = found
        turned = replace(draws, said=-draws.said, low=-draws.high, high=-draws.low)
        mirror = change_limits(turned, error=0.1)
        found = change_limits(draws, error=0.1)
        assert (mirror.low, mirror.high) == (pytest.approx(-found.high), pytest.approx(-found.low))
        for margin in (0.02, 0.1, 0.2):
            p = p_noninferior(draws, margin=margin)
            assert p == 1 or change_limits(draws, error=min(p * 1.001, 0.5)).low > -margin
            assert p in (1.0, pytest.approx(1e-12)) or change_limits(draws, error=p * 0.999).low <= -margin
            assert p_inferior(turned, margin=-margin) == pytest.approx(p)


def test_what_people_dispute_is_at_its_worst_on_both_ends() -> None:
    """Ten pairs that nobody can tell: wider on both sides than either answer to them."""
    sure = made(labels=150)
    unsure = replace(
        sure,
        low=np.where(np.arange(400) < 10, -1.0, sure.low),
        high=np.where(np.arange(400) < 10, 1.0, sure.high),
    )
    found, known = change_limits(unsure, error=0.025), change_limits(sure, error=0.025)
    assert found.low < known.low
    assert found.high > known.high


def test_nothing_known_is_no_claim() -> None:
    """No labels where labels are needed, or no draws: the whole range, and p-values of 1."""
    for draws in (made(labels=0), made(n=0, labels=0)):
        assert mean_change(draws) is None
        assert (change_limits(draws, error=0.05).low, change_limits(draws, error=0.05).high) == (-1.0, 1.0)
        assert p_noninferior(draws, margin=0.1) == p_inferior(draws, margin=0.1) == 1.0
    with pytest.raises(ValueError, match="one shape"):
        replace(made(), said=np.zeros(3))
    with pytest.raises(ValueError, match="both bounds"):
        replace(made(), low=np.full(400, np.nan))
    with pytest.raises(ValueError, match="error"):
        change_limits(made(), error=0.6)


@pytest.mark.parametrize("world", ["turns losses", "half, and gains", "sees nothing"])
def test_claims_at_the_edge_seldom_pass(world: str) -> None:
    """The small sibling of the simulation: 400 audits of a loss of exactly the margin, in worlds where an interval by
    Student's t lets up to 18 of a hundred pass."""
    rng = np.random.default_rng(3)
    passed = sum(
        change_limits(partly_labelled(*drawn(EDGES[world](0.08), 800, rng), 75), error=0.05).low > -0.08
        for _ in range(400)
    )
    assert passed <= stats.binom.ppf(0.999, 400, 0.05)
