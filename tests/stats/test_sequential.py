"""E-processes on counts: golden values, order, inversion."""

import math

import numpy as np
import pytest

from audit.stats.sequential import (
    confidence_sequence,
    log_e_fail,
    log_e_pass,
)
from audit.stats.tango import PairCounts
from tests.stats.populations import counts


@pytest.mark.acceptance(4)
@pytest.mark.parametrize(
    ("table", "passing", "failing"),
    [((0, 0, 100), 2.7855, -0.7337), ((2, 2, 200), 3.8639, -1.1102), ((29, 7, 100), -1.5966, 2.9040)],
)
def test_golden(table: tuple[int, int, int], passing: float, failing: float) -> None:
    """Both processes have the specification's values at a margin of five points."""
    assert log_e_pass(counts(*table), margin=0.05) == pytest.approx(passing, abs=1e-4)
    assert log_e_fail(counts(*table), margin=0.05) == pytest.approx(failing, abs=1e-4)


@pytest.mark.acceptance(4)
def test_order_changes_nothing() -> None:
    """Permuting the records gives the same bytes: the processes see counts alone."""
    rng = np.random.default_rng(0)
    before, after = rng.random(300) < 0.9, rng.random(300) < 0.9
    mixed = rng.permutation(300)
    table, again = PairCounts.of(before, after), PairCounts.of(before[mixed], after[mixed])
    assert log_e_pass(table, margin=0.05) == log_e_pass(again, margin=0.05)
    assert log_e_fail(table, margin=0.05) == log_e_fail(again, margin=0.05)


def test_expected_growth_is_at_most_one_under_the_hypothesis() -> None:
    """One record multiplies the capital by at most 1 in expectation at delta = -margin, and by 1 on the boundary."""
    for p_c in (0.0, 0.1, 0.4):
        for margin in (0.02, 0.1):
            p_b = p_c + margin
            one = {d: log_e_pass(counts(d == -1, d == 1, 1), margin=margin) for d in (-1, 0, 1)}
            mean = p_b * math.exp(one[-1]) + (1 - p_b - p_c) * math.exp(one[0]) + p_c * math.exp(one[1])
            assert mean == pytest.approx(1.0, abs=1e-12)
            other = {d: log_e_fail(counts(d == -1, d == 1, 1), margin=margin) for d in (-1, 0, 1)}
            mean = p_b * math.exp(other[-1]) + (1 - p_b - p_c) * math.exp(other[0]) + p_c * math.exp(other[1])
            assert mean == pytest.approx(1.0, abs=1e-12)


def test_confidence_sequence_is_the_inversion() -> None:
    """At the ends of the interval the evidence is exactly at the threshold; more data narrow it."""
    table = counts(12, 5, 400)
    interval = confidence_sequence(table, level=0.9)
    assert log_e_pass(table, margin=-interval.low) == pytest.approx(math.log(20), abs=1e-6)
    assert log_e_fail(table, margin=-interval.high) == pytest.approx(math.log(20), abs=1e-6)
    assert interval.low < -7 / 400 < interval.high
    assert (confidence_sequence(counts(0, 0, 0)).low, confidence_sequence(counts(0, 0, 0)).high) == (-1.0, 1.0)
    assert confidence_sequence(counts(120, 50, 4000)).high < interval.high
