"""Groups of like vectors, and which of them hold more losses than chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import hypergeom

from audit.stats.groups import outstanding, spherical_groups


def test_more_groups_than_kinds_are_made_one() -> None:
    """Asked for eight, three kinds stay three."""
    vectors, which = planted(np.random.default_rng(4), [90, 60, 30])
    assert np.array_equal(spherical_groups(vectors, 8), which)


def planted(rng: np.random.Generator, sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around some directions, and which direction each is of."""
    centres = rng.normal(size=(len(sizes), 16))
    which = np.repeat(np.arange(len(sizes)), sizes)
    made = centres[which] + 0.15 * rng.normal(size=(len(which), 16))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32), which


def test_planted_groups_are_found_and_numbered_by_size() -> None:
    """Whatever the order of the rows; the same rows and seed give the same groups."""
    rng = np.random.default_rng(3)
    vectors, which = planted(rng, [90, 60, 30])
    order = rng.permutation(len(which))
    found = spherical_groups(vectors[order], 3, seed=1)
    assert np.array_equal(found, spherical_groups(vectors[order], 3, seed=1))
    assert np.array_equal(found, which[order])


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_few_and_equal_rows(rows: int) -> None:
    """No rows make no group, equal ones make one, zero rows are in any."""
    assert spherical_groups(np.zeros((rows, 4), np.float32), 3).tolist() == [0] * rows
    assert spherical_groups(np.tile(np.eye(4, dtype=np.float32)[:1], (rows, 1)), 3).tolist() == [0] * rows


def test_the_tail_is_scipys() -> None:
    """One group against the rest: named exactly where its hypergeometric tail, adjusted for two groups, is small."""
    for lost, other in ((9, 2), (7, 4), (3, 12), (0, 5), (0, 0)):
        tails = [hypergeom.sf(k - 1, 100, lost + other, 50) for k in (lost, other)]
        first, second = sorted(range(2), key=lambda at: tails[at])
        expected = [False, False]
        expected[first] = 2 * tails[first] <= 0.05
        expected[second] = expected[first] and tails[second] <= 0.05
        assert outstanding([lost, other], [50, 50]) == expected
    assert outstanding([], []) == []


def test_chance_names_a_group_rarely_and_a_bad_group_is_named() -> None:
    """Losses at random over twelve groups: in at most 5 % of worlds; one group that loses half: always."""
    rng = np.random.default_rng(5)
    sizes = [40] * 12
    named = sum(any(outstanding(rng.multivariate_hypergeometric(sizes, 60).tolist(), sizes)) for _ in range(400))
    assert named <= 0.05 * 400 + 3 * (400 * 0.05 * 0.95) ** 0.5
    assert outstanding([20, *[3] * 11], sizes) == [True, *[False] * 11]
