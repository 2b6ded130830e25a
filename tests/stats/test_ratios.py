"""The ratio of two totals, by Fieller."""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.ratios import ratio_of_totals


def test_the_ends_solve_fiellers_equation() -> None:
    """At either end the difference of means is t standard errors."""
    rng = np.random.default_rng(1)
    x, y = rng.lognormal(5, 0.8, 60), rng.lognormal(5.2, 0.8, 60)
    found = ratio_of_totals(x, y)
    assert found is not None
    assert found.est == pytest.approx(x.sum() / y.sum())
    for end in (found.lo, found.hi):
        assert end is not None
        rest = x - end * y
        t = abs(rest.mean()) / (rest.std(ddof=1) / np.sqrt(60))
        assert t == pytest.approx(2.000995, abs=1e-5)  # Student's t, 59 degrees of freedom, 0.975


def test_edges() -> None:
    """No total below, one record, a total below that may be nothing, all at one ratio, no negative end."""
    assert ratio_of_totals([], []) is None
    assert ratio_of_totals([1.0, 2.0], [0.0, 0.0]) is None
    one = ratio_of_totals([3.0], [2.0])
    assert one is not None
    assert (one.est, one.lo, one.hi) == (1.5, None, None)
    unsure = ratio_of_totals([1.0, 2.0, 1.0], [0.0, 0.0, 9.0])
    assert unsure is not None
    assert (unsure.lo, unsure.hi) == (None, None)
    same = ratio_of_totals(2 * np.arange(1.0, 11.0), np.arange(1.0, 11.0))
    assert same is not None
    assert (same.lo, same.est, same.hi) == pytest.approx((2.0, 2.0, 2.0))
    wild = ratio_of_totals([0.0, 0.0, 0.0, 9.0], [5.0, 5.0, 6.0, 5.0])
    assert wild is not None
    assert wild.lo == 0.0
    with pytest.raises(ValueError, match="equal shapes"):
        ratio_of_totals([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="not negative"):
        ratio_of_totals([-1.0], [1.0])


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.5, 1.2])
@pytest.mark.parametrize("n", [25, 100, 300])
def test_coverage_on_lengths_with_long_tails(spread: float, n: int) -> None:
    """Lognormal lengths, correlated at 0.7 as answers to the same request are."""
    rng = np.random.default_rng([n, int(spread * 10)])
    shared, own = rng.standard_normal((2, 200_000))
    below = np.ceil(200 * np.exp(spread * shared))
    above = np.ceil(150 * np.exp(spread * (0.7 * shared + np.sqrt(1 - 0.49) * own)))
    truth, runs, hits = above.sum() / below.sum(), 2_000, 0
    for _ in range(runs):
        drawn = rng.integers(0, below.size, n)
        found = ratio_of_totals(above[drawn], below[drawn])
        assert found is not None
        hits += (found.lo is None or found.lo <= truth) and (found.hi is None or truth <= found.hi)
    print(f"ratio of totals, spread {spread}, n {n}: coverage {hits / runs:.3f}")
    assert 0.93 <= hits / runs <= 0.985
