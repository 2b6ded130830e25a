"""Splits, sealed orders, certification."""

from collections.abc import Iterator

import numpy as np
import pytest

from audit.core.errors import InputError, LineageError
from audit.stats.risk_control import (
    CertificationScores,
    PolicyOrder,
    TunedPolicy,
    certify,
    fixed_sequence,
    order_by_loss,
    split_rows,
)
from tests.stats.populations import counts


def tuned(*rows: tuple[str, float, float]) -> list[TunedPolicy]:
    """Policies as the tuning part sees them: name, loss, saving."""
    return [TunedPolicy(name=name, loss=loss, saving=saving) for name, loss, saving in rows]


def scores(name: str, b: int, c: int, n: int) -> CertificationScores:
    """What the certification part says of one policy."""
    return CertificationScores(name=name, counts=counts(b, c, n))


def test_the_sequence_stops_at_the_first_failure() -> None:
    """Nothing after the first p-value above the level counts, or is even read; NaN fails."""
    assert fixed_sequence([0.01, 0.05, 0.2, 0.001], level=0.05) == 2
    assert fixed_sequence([], level=0.05) == 0
    assert fixed_sequence([float("nan"), 0.01], level=0.05) == 0

    def poisoned() -> Iterator[float]:
        yield 0.5
        raise AssertionError("read after the first failure")

    assert fixed_sequence(poisoned(), level=0.05) == 0


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


@pytest.mark.acceptance(16)
def test_certifies_in_order_and_says_where_it_stopped() -> None:
    """Policies before the first failure are certified, and what follows is never asked for."""
    order = order_by_loss(tuned(("a", 0.0, 1.0), ("b", 0.01, 2.0), ("c", 0.02, 3.0)))

    def read() -> Iterator[CertificationScores]:
        yield scores("a", 1, 1, 300)
        yield scores("b", 20, 2, 300)
        raise AssertionError("the score of a policy after the first failure was read")

    found = certify(read(), order=order, margin=0.05, alpha=0.05)
    assert found.certified == ("a",)
    assert found.stopped_at == "b"
    assert len(found.p_values) == 2
    assert (found.n, found.below_floor, found.digest) == (300, False, order.digest)


@pytest.mark.acceptance(16)
def test_the_order_is_sealed_before_scores_are_read() -> None:
    """A changed order, or scores in another order, is refused; ordering cannot reach the certification scores."""
    order = order_by_loss(tuned(("a", 0.0, 1.0), ("b", 0.01, 2.0)))
    swapped = PolicyOrder(names=("b", "a"), digest=order.digest)
    with pytest.raises(LineageError, match="sealed"):
        certify([scores("b", 0, 0, 100)], order=swapped, margin=0.05)
    with pytest.raises(LineageError, match="sealed order at `a`"):
        certify([scores("b", 0, 0, 100)], order=order, margin=0.05)
    with pytest.raises(LineageError, match="sealed order at `b`"):
        certify([scores("a", 0, 0, 100)], order=order, margin=0.05)


@pytest.mark.acceptance(15)
def test_below_the_floor_it_warns_and_concordant_pairs_certify_nothing() -> None:
    """(0, 0, n) certifies from n0 on and not below; gains can certify below n0, with the warning."""
    order = order_by_loss(tuned(("a", 0.0, 1.0)))
    below = certify([scores("a", 0, 0, 58)], order=order, margin=0.05, alpha=0.05)
    assert (below.certified, below.below_floor, below.floor_n) == ((), True, 59)
    assert certify([scores("a", 0, 0, 59)], order=order, margin=0.05, alpha=0.05).certified == ("a",)
    gains = certify([scores("a", 0, 10, 40)], order=order, margin=0.05, alpha=0.05)
    assert (gains.certified, gains.below_floor) == (("a",), True)


def test_nothing_to_certify() -> None:
    """An empty order certifies nothing and says so."""
    found = certify([], order=order_by_loss([]), margin=0.05)
    assert (found.certified, found.p_values, found.n, found.below_floor) == ((), (), 0, True)


def test_graded_policies_are_certified_by_betting() -> None:
    """Graded differences go through the betting p-value; a policy has counts or differences, not both or neither."""
    order = order_by_loss(tuned(("a", 0.0, 1.0)))
    good = CertificationScores(name="a", differences=np.zeros(400))
    assert certify([good], order=order, margin=0.05).certified == ("a",)
    assert certify([good], order=order, margin=0.05).n == 400
    for wrong in ({}, {"counts": counts(0, 0, 5), "differences": np.zeros(5)}):
        with pytest.raises(ValueError, match="either counts or differences"):
            CertificationScores(name="a", **wrong)


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
