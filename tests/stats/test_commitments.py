"""What a commitment costs, and which one is chosen, against brute force and closed forms."""

import numpy as np
import pytest
from scipy import stats

from audit.stats.commitments import (
    CommitmentTerms,
    bills,
    cheapest_commit,
    discounts,
    largest_commit,
    two_piece_normal,
    unused_risk,
)

RNG = np.random.default_rng(7)
TIERS = CommitmentTerms(overage=1.3, tiers=((80.0, 0.05), (120.0, 0.15)), minimum_usd=20.0)


def test_bills() -> None:
    """Below the commitment it is paid whole; beyond it at the overage price; after the tier's discount."""
    need = np.array([50.0, 100.0, 200.0])
    assert bills(need, 60.0, CommitmentTerms(overage=1.5)) == pytest.approx([60, 60 + 60, 60 + 210])
    assert discounts(need, 0.0, TIERS) == pytest.approx([0, 0.05, 0.15])
    assert discounts(need, 80.0, TIERS) == pytest.approx([0.05, 0.05, 0.15])
    assert bills(need, 120.0, TIERS) == pytest.approx([120, 120, 120 + 1.3 * 50])


def test_a_tier_begins_at_its_amount() -> None:
    """Reaching it to the cent is reaching it."""
    assert discounts(np.array([80.0, 79.99]), 0.0, TIERS) == pytest.approx([0.05, 0.0])


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("risk", [1.0, 0.3, 0.1])
def test_the_cheapest_is_the_brute_force_one(seed: int, risk: float) -> None:
    """No commitment of a fine grid within the risk has a smaller expected bill."""
    need = np.random.default_rng(seed).lognormal(4.4, 0.4, 301)
    found = cheapest_commit(need, TIERS, risk)
    grid = [commit for commit in np.arange(20.0, 400.0, 0.25) if unused_risk(need, commit, TIERS) <= risk]
    costs = [float(bills(need, commit, TIERS).mean()) for commit in grid]
    if found is None:
        assert not grid
        return
    assert unused_risk(need, found, TIERS) <= risk + 1e-12
    assert float(bills(need, found, TIERS).mean()) <= min(costs, default=np.inf) + 1e-9


def test_the_critical_ratio() -> None:
    """Without tiers it is the quantile (overage - 1) / overage of the need."""
    need = np.sort(RNG.normal(100, 10, 20_001))
    found = cheapest_commit(need, CommitmentTerms(overage=1.25))
    assert found == pytest.approx(stats.norm.ppf(0.2, 100, 10), abs=0.3)


def test_no_overage_no_commitment() -> None:
    """Committing gains nothing when use beyond it costs the same: the smallest that is signed."""
    assert cheapest_commit(np.array([50.0, 60.0]), CommitmentTerms()) == 0.0
    assert cheapest_commit(np.array([50.0, 60.0]), CommitmentTerms(minimum_usd=10.0)) == 10.0


def test_the_risk() -> None:
    """The largest commitment that is used up in all but one of ten draws, and none when the floor is above."""
    need = np.arange(10.0, 110.0, 10.0)
    assert largest_commit(need, CommitmentTerms(), 0.1) == 20.0
    assert unused_risk(need, 20.0, CommitmentTerms()) == pytest.approx(0.1)
    assert unused_risk(need, 20.01, CommitmentTerms()) == pytest.approx(0.2)
    assert largest_commit(need, CommitmentTerms(minimum_usd=25.0), 0.1) is None
    assert cheapest_commit(need, CommitmentTerms(minimum_usd=25.0), 0.1) is None


def test_two_piece_draws_have_the_interval() -> None:
    """Quantiles of the draws are the ends of the interval, and the median is the estimate."""
    draws = two_piece_normal(10.0, 8.0, 11.0, 0.95, RNG.standard_normal(200_000))
    assert np.quantile(draws, [0.025, 0.5, 0.975]) == pytest.approx([8, 10, 11], abs=0.02)
