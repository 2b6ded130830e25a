"""Sample sizes, power, allocation."""

import numpy as np
import pytest

from audit.stats.planning import (
    allocate_dollars,
    expected_delta_width,
    expected_share_half_width,
    graded_pairs_needed,
    pairs_needed,
    pairs_to_fail,
    power_at,
)
from audit.stats.tango import tango
from tests.stats.populations import counts

TABLE = {
    0.02: (1397, 425, 225, 107, 41),
    0.05: (3162, 837, 400, 167, 56),
    0.10: (6215, 1578, 717, 274, 81),
    0.20: (12378, 3104, 1386, 507, 134),
    0.35: (21643, 5414, 2408, 869, 220),
}


@pytest.mark.acceptance(6)
@pytest.mark.parametrize(("discordance", "expected"), TABLE.items())
def test_table_of_sample_sizes(discordance: float, expected: tuple[int, ...]) -> None:
    """The published table: equal arms, alpha .05, power .80, margins of 1, 2, 3, 5 and 10 points."""
    found = tuple(
        pairs_needed(discordance=discordance, margin=margin, alpha=0.05) for margin in (0.01, 0.02, 0.03, 0.05, 0.10)
    )
    assert found == expected


@pytest.mark.acceptance(6)
def test_golden() -> None:
    """A drop of .0197 needs 363 pairs; without a pilot 389; a drop of the margin cannot pass."""
    assert pairs_needed(discordance=0.0409, delta=-0.0197, margin=0.05, alpha=0.05) == 363
    assert pairs_needed(margin=0.05, alpha=0.05) == 389
    assert pairs_needed(discordance=0.1, delta=-0.05, margin=0.05, alpha=0.05) is None
    assert pairs_needed(discordance=0.1, delta=-0.06, margin=0.05, alpha=0.05) is None
    assert pairs_needed(discordance=0.0, margin=0.05, alpha=0.05) == 59


def test_planned_power_is_reached() -> None:
    """The exact power at the planned n is close to the 80 % that was asked for."""
    for discordance, delta, margin in ((0.1, 0.0, 0.05), (0.15, 0.0, 0.1), (0.0409, -0.0197, 0.05), (0.2, 0.02, 0.05)):
        n = pairs_needed(discordance=discordance, delta=delta, margin=margin, alpha=0.05)
        assert n is not None
        exact = power_at(n, discordance=discordance, delta=delta, margin=margin, alpha=0.05, exact=True)
        near = power_at(n, discordance=discordance, delta=delta, margin=margin, alpha=0.05)
        assert 0.77 <= exact <= 0.88
        assert near == pytest.approx(0.8, abs=0.01)


def test_fail_is_planned_too() -> None:
    """A true loss beyond the margin has an n for FAIL and none for PASS."""
    n = pairs_to_fail(discordance=0.16, delta=-0.12, margin=0.05, alpha=0.05)
    assert n is not None
    assert 80 < n < 300
    assert pairs_to_fail(discordance=0.1, delta=0.0, margin=0.05, alpha=0.05) is None


def test_power_edges() -> None:
    """No pairs have no power; without discordance power is 0 below the floor and 1 from it on."""
    assert power_at(0, margin=0.05, alpha=0.05) == 0.0
    assert power_at(58, discordance=0.0, margin=0.05, alpha=0.05) == 0.0
    assert power_at(59, discordance=0.0, margin=0.05, alpha=0.05) == 1.0
    assert power_at(58, discordance=0.0, margin=0.05, alpha=0.05, exact=True) == 0.0
    assert power_at(59, discordance=0.0, margin=0.05, alpha=0.05, exact=True) == pytest.approx(1.0)
    with pytest.raises(ValueError, match="discordance"):
        power_at(100, discordance=0.01, delta=-0.02, margin=0.05, alpha=0.05)


def test_expected_widths() -> None:
    """The expected width is Tango's at the expected counts; 100 draws give +-.08 of spend, 400 +-.04."""
    interval = tango(counts(5, 5, 100))
    assert expected_delta_width(100, discordance=0.1) == pytest.approx(interval.high - interval.low)
    assert expected_share_half_width(100) == pytest.approx(0.079, abs=0.002)
    assert expected_share_half_width(400) == pytest.approx(0.039, abs=0.001)
    assert expected_share_half_width(0) == 1.0
    assert expected_delta_width(0) == 2.0


def test_graded_plan() -> None:
    """Graded pairs grow with the square of deviation over distance, twice for betting, never below twice the floor."""
    assert graded_pairs_needed(deviation=0.2, delta=0.0, margin=0.05, alpha=0.05) == 198
    assert graded_pairs_needed(deviation=0.01, delta=0.0, margin=0.05, alpha=0.05) == 118
    assert graded_pairs_needed(deviation=0.2, delta=-0.05, margin=0.05, alpha=0.05) is None


def test_allocation_adds_up_and_follows_the_money() -> None:
    """Draws add up, follow spend over the root of the replay price, and give each route with spend its minimum."""
    found = allocate_dollars(200, spend=[1000, 10, 0, 300, 5], replay_cost=[0.01, 0.01, 0.01, 0.1, 0.01], deviation=0.4)
    assert found.sum() == 200
    assert found[2] == 0
    assert (found[[0, 1, 3, 4]] >= 10).all()
    assert found[0] == found.max()
    rng = np.random.default_rng(0)
    for _ in range(200):
        routes = int(rng.integers(1, 12))
        spend = rng.lognormal(3, 2, routes) * (rng.random(routes) < 0.8)
        total = int(rng.integers(0, 400))
        drawn = allocate_dollars(total, spend=spend, replay_cost=rng.lognormal(-4, 1, routes))
        assert drawn.sum() == (total if spend.any() else 0)
        assert (drawn[spend == 0] == 0).all()
        if 10 * (spend > 0).sum() <= total:
            assert (drawn[spend > 0] >= 10).all()


def test_allocation_without_enough_for_all() -> None:
    """When the minimum cannot be given to all, the largest claims get it and the others are pooled."""
    assert allocate_dollars(25, spend=[1000, 10, 300], replay_cost=[1, 1, 1]).tolist() == [15, 0, 10]
    assert allocate_dollars(5, spend=[1000, 10, 300], replay_cost=[1, 1, 1]).tolist() == [5, 0, 0]
    assert allocate_dollars(0, spend=[1000.0], replay_cost=[1.0]).tolist() == [0]
    with pytest.raises(ValueError, match="negative"):
        allocate_dollars(5, spend=[-1.0], replay_cost=[1.0])
    with pytest.raises(ValueError, match="shapes"):
        allocate_dollars(5, spend=[1.0], replay_cost=[1.0, 2.0])
