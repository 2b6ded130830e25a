"""Draws that could not be measured widen what is said; they never decide it."""

import numpy as np
import pytest

from audit.stats.exact import p_fail
from audit.stats.missing import Missing, delta_estimate, optimistic, pessimistic
from audit.stats.paired import PairCounts, tango

SEEN = PairCounts(b=2, c=1, n=90)


@pytest.mark.acceptance(27)
def test_missing_draws_are_bounded_not_dropped() -> None:
    """A regression at worst where the incumbent may have passed, and a gain at best where it may have failed."""
    missing = Missing(passed=4, failed=2, unknown=3)
    assert pessimistic(SEEN, missing) == PairCounts(b=9, c=1, n=99)
    assert optimistic(SEEN, missing) == PairCounts(b=2, c=6, n=99)
    found = delta_estimate(SEEN, missing, level=0.95)
    assert found is not None
    assert found.est == pytest.approx(-1 / 90)
    assert found.lo == tango(PairCounts(b=9, c=1, n=99)).low
    assert found.hi == tango(PairCounts(b=2, c=6, n=99)).high
    with pytest.raises(ValueError, match="negative"):
        Missing(passed=-1)


def test_an_unscored_incumbent_makes_a_failure_less_sure_than_one_that_passed() -> None:
    """Both lower the lower end alike; only the one that is not known can also be a gain."""
    counts = PairCounts(b=12, c=1, n=150)
    passed, unknown = Missing(passed=3), Missing(unknown=3)
    assert pessimistic(counts, passed) == pessimistic(counts, unknown)
    known, open_ = (delta_estimate(counts, missing, level=0.95) for missing in (passed, unknown))
    assert known is not None
    assert open_ is not None
    assert known.hi is not None
    assert open_.hi is not None
    assert (open_.lo, open_.hi > known.hi) == (known.lo, True)
    assert p_fail(optimistic(counts, unknown), margin=0.03) > p_fail(optimistic(counts, passed), margin=0.03)


def test_bounds_hold_every_completion() -> None:
    """Whatever the missing verdicts of either arm are, the complete data's delta and interval lie within."""
    rng = np.random.default_rng(1)
    for _ in range(60):
        n = int(rng.integers(2, 60))
        incumbent, candidate = rng.random(n) < 0.8, rng.random(n) < 0.7
        unscored = rng.random(n) < 0.1
        gone = unscored | (rng.random(n) < 0.2)
        counts = PairCounts.of(incumbent[~gone], candidate[~gone])
        missing = Missing(
            passed=int((gone & incumbent & ~unscored).sum()),
            failed=int((gone & ~incumbent & ~unscored).sum()),
            unknown=int(unscored.sum()),
        )
        assert missing.total == gone.sum()
        complete, worst, best = (
            PairCounts.of(incumbent, candidate),
            pessimistic(counts, missing),
            optimistic(counts, missing),
        )
        assert worst.n == best.n == complete.n == n
        assert worst.c - worst.b <= complete.c - complete.b <= best.c - best.b
        assert tango(worst).low <= tango(complete).low + 1e-9
        assert tango(complete).high <= tango(best).high + 1e-9


def test_nothing_missing_changes_nothing() -> None:
    """Without missing draws both extremes are the counts; without pairs there is no delta."""
    assert pessimistic(SEEN, Missing()) == optimistic(SEEN, Missing()) == SEEN
    assert delta_estimate(PairCounts(b=0, c=0, n=0), Missing(passed=3), level=0.95) is None
