"""The betting p-value for graded scores."""

import math

import numpy as np
import pytest

from audit.stats.betting import wsr_low, wsr_p


@pytest.mark.acceptance(29)
def test_depends_only_on_values_and_their_order() -> None:
    """The same differences in the same seeded order give the same p; another order gives another."""
    values = np.random.default_rng(1).normal(0, 0.2, 300).clip(-1, 1)
    first, second = (np.random.default_rng(seed).permutation(values) for seed in (4, 5))
    assert wsr_p(first, margin=0.05, alpha=0.05) == wsr_p(first.tolist(), margin=0.05, alpha=0.05)
    assert wsr_p(first, margin=0.05, alpha=0.05) != wsr_p(second, margin=0.05, alpha=0.05)


def test_directions() -> None:
    """A better candidate passes, and a much worse one does not."""
    better, worse = np.full(200, 0.1), np.full(200, -0.3)
    assert wsr_p(better, margin=0.05, alpha=0.05) < 1e-6
    assert wsr_p(worse, margin=0.05, alpha=0.05) == 1.0


def test_edges() -> None:
    """Nothing seen is p = 1; missing and out-of-range differences are refused."""
    assert wsr_p([], margin=0.05, alpha=0.05) == 1.0
    for wrong in ([math.nan], [1.2], [[0.1]]):
        with pytest.raises(ValueError, match="differences"):
            wsr_p(wrong, margin=0.05, alpha=0.05)
    with pytest.raises(ValueError, match="margin"):
        wsr_p([0.1], margin=1.0, alpha=0.05)


def test_valid_at_the_margin() -> None:
    """At a mean of exactly -margin, skewed losses reject in at most 5 % of 2,000 runs, give or take chance."""
    rng = np.random.default_rng(3)
    rejected = 0
    for _ in range(2000):
        # Loses 1 in 5 % of the records, otherwise nothing: mean -0.05.
        rejected += wsr_p(-(rng.random(150) < 0.05).astype(float), margin=0.05, alpha=0.05) <= 0.05
    assert rejected / 2000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 2000)


def test_the_bound_is_where_the_p_value_passes_alpha() -> None:
    """Just below it a mean is rejected, just above it is not; nothing seen bounds nothing."""
    values = np.random.default_rng(2).uniform(-0.5, 1.0, 150)
    low = wsr_low(values, alpha=0.01)
    assert wsr_p(values, margin=-(low - 1e-5), alpha=0.01) <= 0.01 < wsr_p(values, margin=-(low + 1e-5), alpha=0.01)
    assert low < values.mean()
    assert wsr_low([], alpha=0.01) == pytest.approx(-1.0, abs=2e-6)
