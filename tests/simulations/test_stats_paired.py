"""Coverage of the paired intervals, by resampling real pairs and by enumeration."""

import numpy as np
import pytest

from audit.stats.paired import adjusted_t, tango_many
from tests.stats.populations import gsm_shares, pair, table_weights, tables

pytestmark = pytest.mark.slow


def covered(low: np.ndarray, high: np.ndarray, truth: float) -> float:
    """Share of intervals that hold the truth."""
    return float(((low <= truth) & (truth <= high)).mean())


@pytest.mark.acceptance(8)
def test_resampled_pair() -> None:
    """2,000 samples of 100 GSM8K pairs: the 95 % interval covers in [.935, .967]."""
    data, rng = pair("gsm8k"), np.random.default_rng(8)
    p_b, p_c = data.shares
    drawn = rng.multinomial(100, [p_b, p_c, 1 - p_b - p_c], 2000)
    coverage = covered(*tango_many(drawn[:, 0], drawn[:, 1], 100), data.delta)
    print(f"\nTango, gsm8k, n=100, resampled: {coverage:.4f}")
    assert 0.935 <= coverage <= 0.967


@pytest.mark.acceptance(9)
def test_all_pairs_at_one_hundred() -> None:
    """At n = 100 the worst coverage over all ordered gsm pairs is at least .93, the mean in [.945, .97]."""
    b, c = tables(100)
    low, high = tango_many(b, c, 100)
    found = []
    for p_b, p_c in gsm_shares():
        inside = (low <= p_c - p_b) & (p_c - p_b <= high)
        found.append(float(table_weights(b[inside], c[inside], 100, p_b, p_c).sum()))
    print(f"\nTango, {len(found)} pairs, n=100: mean {np.mean(found):.4f}, worst {min(found):.4f}")
    assert min(found) >= 0.93
    assert 0.945 <= np.mean(found) <= 0.97


@pytest.mark.acceptance(10)
def test_finite_log() -> None:
    """800 of 1,319 without replacement, 2,000 draws: with the correction [.935, .967], without it above .99."""
    data, rng = pair("gsm8k"), np.random.default_rng(10)
    counts = data.counts
    cells = [int(counts.b), int(counts.c), int(counts.n - counts.b - counts.c)]
    drawn = rng.multivariate_hypergeometric(cells, 800, 2000)
    unsampled = 1 - 800 / counts.n
    log = covered(*tango_many(drawn[:, 0] / unsampled, drawn[:, 1] / unsampled, 800 / unsampled), data.delta)
    future = covered(*tango_many(drawn[:, 0], drawn[:, 1], 800), data.delta)
    print(f"\nFPC, gsm8k, n=800 of 1319: corrected {log:.4f}, plain {future:.4f}")
    assert 0.935 <= log <= 0.967
    assert future > 0.99


@pytest.mark.acceptance(13)
@pytest.mark.parametrize("n", [100, 200, 400])
def test_graded_skew(n: int) -> None:
    """3 % of records lose U(0, 1), most are equal: the lower bound misses in at most 3 % of 4,000 runs."""
    rng = np.random.default_rng(13)
    truth, misses, inside = -0.03 * 0.5, 0, 0
    for _ in range(4000):
        kind = rng.random(n)
        values = np.where(kind < 0.03, -rng.random(n), np.where(kind < 0.23, rng.uniform(-0.05, 0.05, n), 0.0))
        interval = adjusted_t(values)
        misses += interval.low > truth
        inside += interval.low <= truth <= interval.high
    print(f"\nadjusted t, skewed losses, n={n}: low miss {misses / 4000:.4f}, coverage {inside / 4000:.4f}")
    assert misses / 4000 <= 0.03
    assert inside / 4000 >= 0.94
