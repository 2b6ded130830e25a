"""Agreement of two people beyond chance, from counts."""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.agreement import kappa


def test_known_values() -> None:
    """Perfect agreement is 1, agreement by chance 0, none at all -1; the interval holds each."""
    for counts, est in (((20, 0, 20), 1.0), ((25, 50, 25), 0.0), ((0, 40, 0), -1.0), ((45, 10, 45), 0.8)):
        found = kappa(*counts)
        assert found is not None
        assert found.est == pytest.approx(est)
        assert found.lo is not None
        assert found.hi is not None
        assert found.lo - 1e-9 <= found.est <= found.hi + 1e-9
        assert found.lo < found.hi


def test_what_chance_would_agree_on_as_well_has_none() -> None:
    """No answers, or one verdict for all of them."""
    assert [kappa(0, 0, 0), kappa(30, 0, 0), kappa(0, 0, 30)] == [None, None, None]
    with pytest.raises(ValueError, match="negative"):
        kappa(-1, 2, 3)


def test_the_verdicts_are_symmetric_and_more_answers_say_more() -> None:
    """Right and wrong may change places; ten times the counts give a narrower interval around the same estimate."""
    few, turned, many = kappa(12, 5, 8), kappa(8, 5, 12), kappa(120, 50, 80)
    assert few is not None
    assert turned is not None
    assert many is not None
    assert (few.est, few.lo, few.hi) == pytest.approx((turned.est, turned.lo, turned.hi))
    assert many.est == pytest.approx(few.est)
    assert many.hi - many.lo < few.hi - few.lo  # type: ignore[operator]


@pytest.mark.parametrize(("share", "truth"), [(0.5, 0.6), (0.8, 0.4), (0.7, 0.8)])
def test_the_interval_holds_the_truth_as_often_as_it_says(share: float, truth: float) -> None:
    """2,000 pairs of people who judge 60 answers."""
    rng = np.random.default_rng(3)
    mixed = share * (1 - share)
    cells = [share**2 + truth * mixed, 2 * mixed * (1 - truth), (1 - share) ** 2 + truth * mixed]
    found = [kappa(*map(int, counts)) for counts in rng.multinomial(60, cells, size=2_000)]
    held = [one.lo <= truth <= one.hi for one in found if one is not None]  # type: ignore[operator]
    assert len(held) > 1_990
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
