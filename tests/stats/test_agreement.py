"""Raters and judges."""

import numpy as np
import pytest

from audit.stats.agreement import flip_rate, rater_agreement, share_of


def test_textbook_kappa() -> None:
    """Cohen's two-by-two example (20, 5, 10, 15) has kappa .40, agreement .70."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    found = rater_agreement(first, second)
    assert found.kappa == pytest.approx(0.4)
    assert found.agreement.share == pytest.approx(0.7)
    assert found.kappa_interval is not None
    assert found.kappa_interval.low < 0.4 < found.kappa_interval.high
    assert found.kappa_interval.low > 0.1
    assert found.kappa_interval.high < 0.7


def test_equals_statsmodels() -> None:
    """Kappa equals statsmodels' on random tables of two and three verdicts."""
    raters = pytest.importorskip("statsmodels.stats.inter_rater", reason="statsmodels is the oracle")
    rng = np.random.default_rng(0)
    for categories in (2, 3):
        for _ in range(20):
            table = rng.integers(1, 30, (categories, categories))
            first = np.repeat(np.repeat(np.arange(categories), categories), table.ravel())
            second = np.repeat(np.tile(np.arange(categories), categories), table.ravel())
            assert rater_agreement(first, second).kappa == pytest.approx(raters.cohens_kappa(table).kappa)


def test_perfect_and_constant_raters_keep_a_width() -> None:
    """Perfect agreement has kappa 1 and a width; raters who always pass have agreement 1 and no kappa."""
    perfect = rater_agreement([1, 0] * 10, [1, 0] * 10)
    assert perfect.kappa == pytest.approx(1.0)
    assert perfect.kappa_interval is not None
    assert perfect.kappa_interval.low < 0.95
    constant = rater_agreement([1] * 50, [1] * 50)
    assert (constant.kappa, constant.agreement.share) == (None, 1.0)
    assert constant.kappa_interval is not None
    assert constant.kappa_interval.low < 0 < constant.kappa_interval.high


def test_nothing_rated_is_none() -> None:
    """Without items there is neither share nor kappa."""
    found = rater_agreement([], [])
    assert (found.kappa, found.kappa_interval, found.agreement.share, found.n) == (None, None, None, 0)
    assert share_of(0, 0).interval is None


def test_flip_rate() -> None:
    """One changed verdict in four is a rate of .25 with Wilson's interval; shapes must fit."""
    found = flip_rate(["a", "b", "tie", "a"], ["a", "b", "tie", "b"])
    assert (found.k, found.n, found.share) == (1, 4, 0.25)
    assert found.interval is not None
    assert found.interval.high > 0.5
    for compare in (flip_rate, rater_agreement):
        with pytest.raises(ValueError, match="equal shapes"):
            compare([1, 0], [1])
