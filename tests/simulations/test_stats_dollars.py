"""Coverage of the avoidable share under heavy-tailed costs."""

import math

import numpy as np
import pytest

from audit.stats.dollars import draw_probabilities, pooled_share
from audit.stats.quantiles import two_sided_t
from tests.stats.populations import mmlu, pair

pytestmark = pytest.mark.slow
RUNS = 2000


def stress_costs(tokens: np.ndarray, seed: int) -> np.ndarray:
    """Token costs times a lognormal factor: the top 1 % of the records is about a quarter of the spend."""
    costs = tokens * np.random.default_rng(seed).lognormal(0.0, 1.5, tokens.size)
    return costs / costs.sum() * 1000.0


def dollar_coverage(costs: np.ndarray, z: np.ndarray, n: int, power: float = 1.0) -> tuple[float, float, float]:
    """Coverage, mean width and least width of the 95 % interval over RUNS draws."""
    rng = np.random.default_rng(n)
    truth = float(costs @ z / costs.sum())
    chances = draw_probabilities(costs, power=power)
    cumulative = np.cumsum(chances)
    inside, widths = 0, []
    for _ in range(RUNS):
        rows = np.minimum(np.searchsorted(cumulative, rng.random(n) * cumulative[-1]), costs.size - 1)
        found = pooled_share(z[rows], costs[rows] / chances[rows]).interval
        assert found is not None
        inside += found.low <= truth <= found.high
        widths.append(found.high - found.low)
    return inside / RUNS, float(np.mean(widths)), min(widths)


def random_record_coverage(costs: np.ndarray, z: np.ndarray, n: int) -> float:
    """The design that must not be used: records at random, ratio of means, t interval."""
    rng = np.random.default_rng(n)
    truth = float(costs @ z / costs.sum())
    inside = 0
    for _ in range(RUNS):
        rows = rng.integers(0, costs.size, n)
        some = costs[rows]
        share = float(some @ z[rows] / some.sum())
        residuals = some * (z[rows] - share) / some.mean()
        half = two_sided_t(0.95, n - 1) * math.sqrt(float(residuals @ residuals) / (n - 1) / n)
        inside += abs(share - truth) <= half
    return inside / RUNS


@pytest.mark.acceptance(11)
@pytest.mark.parametrize("n", [50, 100, 200])
def test_stress_log(n: int) -> None:
    """On a lognormal stress log dollar-unit sampling covers in [.93, .985]; random records stay below .90."""
    data = mmlu()
    costs = stress_costs(data.tokens, seed=1)
    z = (data.weak | ~data.strong) * 0.94
    coverage, width, _ = dollar_coverage(costs, z, n)
    other = random_record_coverage(costs, z, n)
    print(f"\nwaste, lognormal log, n={n}: dollar-unit {coverage:.4f} (width {width:.3f}), random records {other:.4f}")
    assert 0.93 <= coverage <= 0.985
    assert other < 0.90


@pytest.mark.parametrize("n", [100, 200])
def test_power_three_quarters(n: int) -> None:
    """Drawing by cost^0.75 covers in [.92, .985] too, about a tenth wider."""
    data = mmlu()
    costs = stress_costs(data.tokens, seed=1)
    z = (data.weak | ~data.strong) * 0.94
    coverage, width, _ = dollar_coverage(costs, z, n, power=0.75)
    print(f"\nwaste, lognormal log, power .75, n={n}: {coverage:.4f} (width {width:.3f})")
    assert 0.92 <= coverage <= 0.985


@pytest.mark.acceptance(12)
def test_almost_all_acceptable() -> None:
    """A log that is 97 % acceptable, 25 draws: coverage at least .94, and never an interval without a width."""
    data = pair("gsm 4o/mini")
    acceptable = data.candidate | ~data.incumbent
    costs = stress_costs(np.random.default_rng(2).lognormal(5.0, 0.4, acceptable.size), seed=3)
    coverage, width, least = dollar_coverage(costs, acceptable * 0.94, 25)
    print(f"\nwaste, 97 % acceptable, n=25: {coverage:.4f} (width {width:.3f}, least {least:.3f})")
    assert coverage >= 0.94
    assert least > 0.0


def test_dear_is_hard() -> None:
    """Where expensive requests are hard, dollar-unit sampling covers; the unweighted share of records does not."""
    data = mmlu()
    rng = np.random.default_rng(4)
    costs = stress_costs(data.tokens, seed=1)
    rank = np.argsort(np.argsort(costs)) / costs.size
    z = (rng.random(costs.size) < 0.95 - 0.5 * rank) * 0.94
    coverage, width, _ = dollar_coverage(costs, z, 100)
    truth = float(costs @ z / costs.sum())
    print(
        f"\nwaste, dear = hard, n=100: {coverage:.4f} (width {width:.3f}); share {truth:.3f}, unweighted {z.mean():.3f}"
    )
    assert 0.93 <= coverage <= 0.985
    assert z.mean() - truth > 0.08
