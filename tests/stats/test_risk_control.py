"""Splits, sealed orders, certification."""

import numpy as np
import pytest

from audit.core.errors import InputError
from audit.stats.risk_control import (
    TunedPolicy,
    order_by_loss,
    split_rows,
)


def tuned(*rows: tuple[str, float, float]) -> list[TunedPolicy]:
    """Policies as the tuning part sees them: name, loss, saving."""
    return [TunedPolicy(name=name, loss=loss, saving=saving) for name, loss, saving in rows]


def test_order_is_safe_to_bold_and_independent_of_the_input_order() -> None:
    """Least loss first, then least saving; what does not save is dropped; at most the limit is kept."""
    policies = tuned(("bold", 0.04, 9.0), ("safe", 0.0, 2.0), ("same", 0.0, 1.0), ("useless", -0.1, 0.0))
    order = order_by_loss(policies)
    assert order.names == ("same", "safe", "bold")
    assert order == order_by_loss(policies[::-1])
    assert order_by_loss(policies, limit=1).names == ("same",)
    assert order.digest != order_by_loss(policies[:2]).digest
    with pytest.raises(InputError, match="same name"):
        order_by_loss(tuned(("a", 0.0, 1.0), ("a", 0.1, 1.0)))


def test_split_is_by_record_stable_and_near_its_share() -> None:
    """Earlier assignments survive growth and shuffling, and a third is tuning."""
    names = [f"row-{i}" for i in range(3000)]
    split = split_rows(names, tuning_share=1 / 3, seed=7)
    assert abs(split.mean() - 1 / 3) < 0.05
    assert (split_rows(names[:100], seed=7) == split[:100]).all()
    order = np.random.default_rng(0).permutation(3000)
    assert (split_rows([names[i] for i in order], seed=7) == split[order]).all()
    assert (split_rows(names, seed=8) != split).any()
    assert split_rows([], seed=7).size == 0
