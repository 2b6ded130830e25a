"""Whether two histograms are of one kind of traffic."""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.drift import stability_index


def test_the_same_traffic_is_stable() -> None:
    """Two samples of one distribution are within 0.1 nearly always, from a hundred requests on."""
    rng = np.random.default_rng(1)
    shares = [0.05, 0.2, 0.4, 0.25, 0.1]
    found = [stability_index(rng.multinomial(2000, shares), rng.multinomial(100, shares)) for _ in range(300)]
    assert np.mean([index <= 0.1 for index in found]) >= 0.95


def test_other_traffic_is_not() -> None:
    """Prompts of double the length, or a bin that was never there, are other traffic."""
    assert stability_index([0, 0, 800, 200], [0, 0, 0, 0, 800, 200]) > 0.25
    assert stability_index([500, 500], [500, 0, 500]) > 0.25


@pytest.mark.parametrize(("before", "after"), [([], [1]), ([5], []), ([0, 9], [0, 900]), ([0, 0], [0, 3])])
def test_nothing_to_compare_is_no_drift(before: list[int], after: list[int]) -> None:
    """Empty histograms, and those with one bin."""
    assert stability_index(before, after) == 0.0
