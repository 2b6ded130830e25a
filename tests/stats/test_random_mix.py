"""A moved part against a random choice of the same share: held against enumeration, and against lots."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from audit.stats.random_mix import Parted, random_mix_p, random_mix_z
from audit.stats.tango import PairCounts


def parted(loss: np.ndarray, moved: np.ndarray) -> Parted:
    """The pairs of a candidate, 1 a regression and -1 a gain, parted."""
    both = [
        PairCounts(b=int((loss[r] == 1).sum()), c=int((loss[r] == -1).sum()), n=int(r.sum())) for r in (moved, ~moved)
    ]
    return Parted(moved=both[0], kept=both[1])


@pytest.mark.parametrize(
    "loss", [[1, 1, 1, -1, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, -1, -1, 0, 0], [-1, -1, 0, 0, 0, 0, 1, 0, 0]]
)
@pytest.mark.parametrize("m", [1, 4, 8])
def test_it_is_the_share_of_all_lots_that_lose_no_more(loss: list[int], m: int) -> None:
    """Every way to move m of nine requests is counted."""
    values = np.array(loss)
    lots = [values[list(chosen)].sum() for chosen in combinations(range(9), m)]
    for chosen in list(combinations(range(9), m))[:: max(1, len(lots) // 7)]:
        moved = np.isin(np.arange(9), chosen)
        expected = np.mean(np.array(lots) <= values[moved].sum())
        assert random_mix_p(parted(values, moved)) == pytest.approx(expected)


@pytest.mark.parametrize("runs", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_a_lot_passes_no_more_often_than_it_may(runs: int) -> None:
    """Requests moved at random reach a p-value of 5 % in at most 5 % of random choices."""
    rng = np.random.default_rng(3)
    small = 0
    for _ in range(runs):
        loss = rng.choice([1, -1, 0], p=[0.05, 0.015, 0.935], size=400)
        small += random_mix_p(parted(loss, rng.random(400) < 0.4)) <= 0.05
    assert small / runs <= 0.055


def test_nothing_to_tell_is_no_evidence() -> None:
    """All moved, none moved, or no pair that differs: 1, and a score of 0."""
    none = PairCounts(b=0, c=0, n=0)
    some = PairCounts(b=3, c=1, n=50)
    for one in (
        Parted(moved=some, kept=none),
        Parted(moved=none, kept=some),
        Parted(moved=PairCounts(b=0, c=0, n=20), kept=PairCounts(b=0, c=0, n=30)),
    ):
        assert random_mix_p(one) == 1.0
        assert random_mix_z(one) == 0.0


def test_the_score_goes_with_the_p_value() -> None:
    """A part without regressions beside one with many is far from a lot."""
    clear = Parted(moved=PairCounts(b=1, c=2, n=300), kept=PairCounts(b=40, c=2, n=200))
    assert random_mix_p(clear) < 1e-9
    assert random_mix_z(clear) > 6
