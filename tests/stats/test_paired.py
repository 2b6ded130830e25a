"""Deltas, graded intervals, Wilson."""

import math

import pytest

from audit.stats.paired import (
    PairCounts,
    adjusted_t,
    graded_delta,
    tango,
    wilson,
)


@pytest.mark.acceptance(5)
def test_adjusted_t_golden() -> None:
    """Five differences have the worked interval."""
    interval = adjusted_t([0, 0, -0.2, 0.1, 0])
    assert (interval.low, interval.high) == pytest.approx((-0.55469, 0.52612), abs=1e-4)
    assert (interval.low + interval.high) / 2 == pytest.approx(-0.01429, abs=1e-4)


def test_adjusted_t_edges() -> None:
    """No, one and constant differences keep a width; a missing one is refused."""
    assert (adjusted_t([]).low, adjusted_t([]).high) == (-1.0, 1.0)
    for values in ([0.0], [0.0] * 50, [1.0] * 50):
        assert adjusted_t(values).high > adjusted_t(values).low
    for wrong in ([math.nan], [1.5], [[0.1]]):
        with pytest.raises(ValueError, match="differences"):
            adjusted_t(wrong)


def test_graded_delta_counts_both_directions() -> None:
    """b counts lower and c higher scores, and the delta is the mean difference."""
    found = graded_delta([0.5, 1.0, 0.2], [0.4, 1.0, 0.9])
    assert (found.b, found.c) == (1, 1)
    assert found.delta == pytest.approx(0.2)
    for wrong in ([0.1, 0.2], [0.1, 0.2, 1.2], [0.1, 0.2, math.nan]):
        with pytest.raises(ValueError, match=r"scores|shapes|candidate"):
            graded_delta([0.5, 1.0, 0.2], wrong)


def test_wilson_known_values_and_edges() -> None:
    """Wilson's interval of 1 of 10 is (.0179, .4042); at 0 and n it stays open on one side only."""
    interval = wilson(1, 10)
    assert (interval.low, interval.high) == pytest.approx((0.01788, 0.40415), abs=1e-4)
    assert (wilson(0, 20).low, wilson(20, 20).high) == (0.0, 1.0)
    assert wilson(0, 20).high > 0.1
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    with pytest.raises(ValueError, match="k must"):
        wilson(5, 4)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95.0])
def test_levels_are_probabilities(level: float) -> None:
    """A level outside (0, 1), such as 95, is refused."""
    with pytest.raises(ValueError, match="level"):
        tango(PairCounts(b=1, c=1, n=10), level=level)
