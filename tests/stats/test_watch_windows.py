"""Watching over months: counts multiply on, a late loss is found, and looking often costs nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.stats.noninferiority import GateTest
from audit.stats.sequential import log_e_fail, log_e_fail_windows, log_e_pass, watch_windows
from audit.stats.tango import PairCounts


def counts(b: float, c: float, n: float) -> PairCounts:
    """Counts of one window."""
    return PairCounts(b=b, c=c, n=n)


def test_windows_are_one_process() -> None:
    """Two windows are worth what their pairs would be worth in one, so state is counts and nothing else."""
    found = watch_windows(worst=[counts(2, 1, 150), counts(1, 2, 250)], best=[counts(2, 1, 150)] * 2, margin=0.03)
    assert found.log_e_pass == pytest.approx(log_e_pass(counts(3, 3, 400), margin=0.03))
    assert found.n == 400
    assert found.decision is GateTest.PASS


def test_one_window_pays_for_the_others_that_may_come() -> None:
    """The FAIL process of the first window has half of its own weight; what has not begun stands at 1."""
    one = counts(60, 0, 400)
    found = watch_windows(worst=[one], best=[one], margin=0.03)
    expected = math.log(0.5 * math.exp(log_e_fail(one, margin=0.03)) + 0.5)
    assert found.log_e_fail == pytest.approx(expected)
    assert found.decision is GateTest.FAIL


def test_a_loss_that_begins_late_is_found() -> None:
    """After a good year one bad month fails, although over the whole year hardly anything was lost."""
    year = [counts(4, 4, 400)] * 12
    bad = [*year, counts(60, 4, 400)]
    assert watch_windows(worst=year, best=year, margin=0.03).decision is GateTest.PASS
    found = watch_windows(worst=bad, best=bad, margin=0.03)
    assert found.decision is GateTest.FAIL
    summed = counts(sum(one.b for one in bad), sum(one.c for one in bad), sum(one.n for one in bad))
    assert log_e_fail(summed, margin=0.03) < 0


def test_what_could_not_be_measured_counts_both_ways() -> None:
    """Missing draws are failures for a PASS and passes for a FAIL, so they can bring about neither."""
    seen, lost = counts(2, 2, 400), counts(30, 2, 428)
    assert watch_windows(worst=[seen], best=[seen], margin=0.03).decision is GateTest.PASS
    assert watch_windows(worst=[lost], best=[seen], margin=0.03).decision is GateTest.INCONCLUSIVE


def test_no_windows_and_uneven_ones() -> None:
    """Nothing watched decides nothing; windows come in twos."""
    assert watch_windows(worst=[], best=[], margin=0.03).decision is GateTest.INCONCLUSIVE
    with pytest.raises(ValueError, match="1 windows"):
        watch_windows(worst=[counts(0, 0, 1)], best=[], margin=0.03)


def test_looking_every_month_is_wrong_as_rarely_as_promised() -> None:
    """At a loss of exactly the margin, neither a FAIL nor a PASS is ever given in more than alpha of the years."""
    rng = np.random.default_rng(11)
    years, enough = 200, math.log(1 / 0.05)
    failed = passed = 0
    for _ in range(years):
        windows = [counts(int(b), int(c), 300) for b, c, _ in rng.multinomial(300, [0.05, 0.02, 0.93], size=8)]
        looks = [windows[:k] for k in range(1, 9)]
        failed += any(log_e_fail_windows(look, margin=0.03) >= enough for look in looks)
        summed = np.cumsum([[one.b, one.c, one.n] for one in windows], axis=0)
        passed += any(log_e_pass(counts(*row), margin=0.03) >= enough for row in summed)
    most = 0.05 + 3 * math.sqrt(0.05 * 0.95 / years)
    assert failed / years <= most
    assert passed / years <= most
