"""Percentiles with bounds that hold for any distribution."""

from __future__ import annotations

import numpy as np
import pytest

from audit.core.interval import Estimate
from audit.stats.percentiles import percentile


def test_few_draws_have_no_upper_end() -> None:
    """The 95th percentile has an upper end from 72 draws on, as 0.95 to the 72nd is below 2.5 %."""
    assert percentile([], 0.95) is None
    for n, bounded in ((1, False), (71, False), (72, True)):
        found = percentile(np.arange(n, dtype=float), 0.95)
        assert found is not None
        assert (found.hi is not None) is bounded


def test_the_estimate_is_the_linear_quantile() -> None:
    """Of 101 equal steps the 95th percentile is the 95th step, inside its interval."""
    found = percentile(np.arange(101, dtype=float), 0.95)
    assert found is not None
    assert found.est == 95.0
    assert found.lo is not None
    assert found.hi is not None
    assert found.lo < 95 < found.hi


@pytest.mark.parametrize("bad", [0.0, 1.0])
def test_out_of_range(bad: float) -> None:
    """A percentile or a level of 0 or 1 is refused."""
    with pytest.raises(ValueError, match="q"):
        percentile([1.0], bad)
    with pytest.raises(ValueError, match="finite"):
        percentile([float("nan")], 0.5)


def test_the_upper_end_misses_as_often_as_it_says() -> None:
    """On a heavy tail, at most 2.5 % of upper ends lie below the true percentile."""
    rng = np.random.default_rng(5)
    truth = float(np.exp(1.2 * 1.6448536))
    found: list[Estimate | None] = [percentile(np.exp(1.2 * rng.standard_normal(300)), 0.95) for _ in range(600)]
    below = sum(one is not None and one.hi is not None and one.hi < truth for one in found)
    assert below / 600 <= 0.025 + 3 * (0.025 * 0.975 / 600) ** 0.5
