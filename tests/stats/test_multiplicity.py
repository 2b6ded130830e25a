"""Holm's adjustment."""

import gc

import numpy as np
import pytest

from audit.stats.multiplicity import holm


def test_worked_example() -> None:
    """Four p-values have the textbook adjustments."""
    values = [0.01, 0.04, 0.03, 0.005]
    assert holm(values).p_values.tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(values).rejected.tolist() == [True, False, False, True]


@pytest.mark.acceptance(26)
def test_equal_to_statsmodels_on_a_thousand_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adjusted p-values and rejections equal statsmodels', ties and ones included."""
    multitest = pytest.importorskip("statsmodels.stats.multitest", reason="statsmodels is the oracle")
    # statsmodels collects garbage in each call of Holm, 0.1 s each.
    monkeypatch.setattr(gc, "collect", lambda: 0)
    rng = np.random.default_rng(0)
    for index in range(1000):
        values = rng.beta(0.3, 1.0, int(rng.integers(1, 40)))
        if index % 3 == 0:
            values = np.round(values, 2)
        alpha = float(rng.choice([0.01, 0.05, 0.1]))
        found = holm(values, alpha=alpha)
        rejected, adjusted, _, _ = multitest.multipletests(values, alpha=alpha, method="holm")
        assert np.abs(found.p_values - adjusted).max() < 1e-12
        # At an adjusted p within rounding of alpha either answer is right.
        assert (found.rejected == rejected)[np.abs(adjusted - alpha) > 1e-9].all()


def test_edges() -> None:
    """No claims give empty arrays; p-values outside [0, 1] are refused."""
    assert holm([]).p_values.size == 0
    for wrong in ([-0.1], [1.1], [float("nan")]):
        with pytest.raises(ValueError, match=r"p-values|p_values"):
            holm(wrong)
