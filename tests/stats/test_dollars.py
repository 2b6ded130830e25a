"""Dollar-weighted draws and shares of spend."""

import numpy as np
import pytest

from audit.core.interval import Estimate
from audit.pairing.evidence import lowest_share
from audit.stats.dollars import (
    combine_sums,
    dollar_unit_draw,
    draw_probabilities,
    pooled_masses,
    pooled_share,
)


@pytest.mark.acceptance(5)
def test_golden() -> None:
    """Four weighted draws have the worked share and lower end; nothing saves more than all."""
    found = pooled_share([1, 0, 0.9, 0.9], [1, 2, 1, 0.5])
    assert found.interval is not None
    assert found.share == pytest.approx(0.51481, abs=1e-5)
    assert (found.interval.low, found.interval.high) == pytest.approx((-0.09179, 1.0), abs=1e-5)
    assert found.observed == pytest.approx(2.35 / 4.5)


@pytest.mark.parametrize("value", [0.0, 0.37, 1.0])
@pytest.mark.parametrize("n", [1, 2, 30, 400])
def test_equal_values_keep_a_width(value: float, n: int) -> None:
    """All draws alike still leave an interval with a width that holds their value."""
    found = pooled_share(np.full(n, value), np.ones(n))
    assert found.interval is not None
    assert found.interval.low < found.interval.high
    assert found.interval.low <= value <= found.interval.high


def test_what_cannot_be_billed_is_known_without_error() -> None:
    """Where the longest answer that is allowed costs nothing, all is saved; a cent at the limit is a width."""
    masses = np.array([0.1, 0.7, 0.2]) / 3
    free = pooled_share(np.ones(3), masses, z_low=lowest_share(np.ones(3), np.ones(3), masses))
    assert free.interval is not None
    assert (free.share, free.observed, free.interval.low, free.interval.high) == (1.0, 1.0, 1.0, 1.0)
    for worst, saved in ((np.array([1, 1, 0.99]), np.ones(3)), (np.ones(3), np.array([1, 0.0, 1]))):
        found = pooled_share(saved, masses, z_low=lowest_share(worst, saved, masses)).interval
        assert found is not None
        assert found.low < found.high
    assert lowest_share(np.ones(0), np.ones(0), np.ones(0)) == 0


def test_draw_is_by_cost_reproducible_and_skips_what_was_free() -> None:
    """Probabilities are costs to the power; the same seed draws the same records; free records are never drawn."""
    costs = np.array([0.0, 1.0, 2.0, 4.0, 0.0])
    assert draw_probabilities(costs).tolist() == pytest.approx([0, 1 / 7, 2 / 7, 4 / 7, 0])
    assert draw_probabilities(costs, power=0.0).tolist() == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 0])
    indices, probabilities = dollar_unit_draw(costs, 5000, rng=np.random.default_rng(9))
    again = dollar_unit_draw(costs, 5000, rng=np.random.default_rng(9))
    assert (indices == again.indices).all()
    assert (np.diff(indices) >= 0).all()
    share = np.bincount(indices, minlength=5) / 5000
    assert share == pytest.approx([0, 1 / 7, 2 / 7, 4 / 7, 0], abs=0.03)
    assert (probabilities == draw_probabilities(costs)[indices]).all()
    assert dollar_unit_draw(costs, 0, rng=np.random.default_rng(1)).indices.size == 0


def test_weights_undo_the_draw() -> None:
    """Where records are drawn by another power of their cost, the weighted mean has the right expectation."""
    costs = np.random.default_rng(0).lognormal(0, 1.5, 500)
    z = (np.arange(500) % 3 == 0).astype(float)
    truth = float(costs @ z / costs.sum())
    estimates = []
    for seed in range(200):
        some = dollar_unit_draw(costs, 200, power=0.5, rng=np.random.default_rng(seed))
        estimates.append(pooled_share(z[some.indices], costs[some.indices] / some.probabilities).observed)
    assert np.mean(estimates) == pytest.approx(truth, abs=0.01)


def test_nothing_to_draw_is_an_error() -> None:
    """No dollars, negative costs or a negative n raise."""
    with pytest.raises(ValueError, match="no record has a cost"):
        draw_probabilities([0.0, 0.0])
    with pytest.raises(ValueError, match="negative"):
        draw_probabilities([1.0, -1.0])
    with pytest.raises(ValueError, match="power"):
        draw_probabilities([1.0], power=2.0)
    with pytest.raises(ValueError, match="negative"):
        dollar_unit_draw([1.0], -1, rng=np.random.default_rng(0))


def test_sums_add_in_quadrature() -> None:
    """The sum of two parts of +-3 and +-4 is +-5, exact parts add no width, an open end stays open."""
    one = Estimate(est=10.0, lo=7.0, hi=14.0, level=0.95)
    other = Estimate(est=20.0, lo=16.0, hi=23.0, level=0.95)
    total = combine_sums([one, other, Estimate.exact(5.0, 0.95)])
    assert total == Estimate(est=35.0, lo=30.0, hi=40.0, level=0.95)
    assert combine_sums([one]) == one
    assert combine_sums([one, Estimate(est=1.0, lo=None, hi=2.0, level=0.95)]).lo is None
    for wrong in ([], [one, Estimate.exact(1.0, 0.9)]):
        with pytest.raises(ValueError, match=r"no estimate|levels"):
            combine_sums(wrong)


WORLDS = ("steady", "reasoning", "one in a hundred to the limit", "a few times thirty", "loops", "one large request")
LIMIT = 4096


def costs_of(world: str, rng: np.random.Generator, n: int = 5000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Today's cost of each request, the candidate's, and the candidate's at the limit of its answers."""
    asked, said = 50 * rng.lognormal(0, 1.2, n) + 10, 20 * rng.lognormal(0, 1, n) + 1
    lengths = {
        "steady": said * rng.uniform(0.7, 1.4, n),
        "reasoning": said * rng.lognormal(0.5, 1.5, n),
        "one in a hundred to the limit": np.where(rng.random(n) < 0.01, LIMIT, said),
        "a few times thirty": np.where(rng.random(n) < 0.003, said * 30, said),
        "loops": np.where((rng.random(n) < 0.04) & (said < np.median(said)), said * 100, said),
        "one large request": said,
    }
    if world == "one large request":
        asked[0] = asked.sum() * 0.25
    answered = np.minimum(lengths[world], LIMIT)
    return (asked * 10 + said * 30) / 1e6, (asked * 2 + answered * 6) / 1e6, (asked * 3 + LIMIT * 6) / 1e6


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("certifying", [210, 1050])
def test_rare_long_answers_are_inside_the_interval(world: str, certifying: int) -> None:
    """All draws pooled hold the true saving in 93 % of seeds at the first and at the last look's size."""
    held = 0
    for seed in range(120):
        rng = np.random.default_rng(seed)
        today, candidate, at_most = costs_of(world, rng)
        spend = today.sum()
        drawn = np.concatenate(
            [rng.choice(today.size, certifying, replace=False), dollar_unit_draw(today, 100, rng=rng).indices]
        )
        cost = today[drawn]
        masses = pooled_masses(cost, quality_rate=certifying / today.size, dollar_draws=100, spend=spend)
        worst = min(0.0, float((1 - at_most[drawn] / cost) @ masses / masses.sum()))
        interval = pooled_share(1 - candidate[drawn] / cost, masses, z_low=worst).interval
        assert interval is not None
        held += interval.low <= 1 - candidate.sum() / spend <= interval.high
    assert held / 120 >= 0.93


def test_no_draw_of_spend_is_no_estimate() -> None:
    """Without draws there is neither an estimate nor an interval; a mass must be positive."""
    found = pooled_share([], [])
    assert (found.share, found.observed, found.interval, found.n) == (None, None, None, 0)
    with pytest.raises(ValueError, match="masses must be positive"):
        pooled_share([0.5], [0.0])
