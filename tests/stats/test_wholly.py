"""A part that fails wholly: against enumeration, and how often chance alone names one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from audit.stats.wholly import wholly_lost_p


@pytest.mark.parametrize(("size", "lost", "n"), [(0, 2, 6), (1, 2, 6), (2, 3, 7), (3, 3, 7), (4, 3, 7), (5, 8, 9)])
def test_it_is_the_share_of_all_ways_to_lose(size: int, lost: int, n: int) -> None:
    """Every choice of losses is tried."""
    ways = list(itertools.combinations(range(n), lost))
    wholly = sum(set(range(size)) <= set(way) for way in ways)
    assert wholly_lost_p(size, lost, n) == pytest.approx(wholly / len(ways))


@pytest.mark.parametrize(("parts", "losses"), [(12, 0.3), (40, 0.5), (60, 0.1)])
def test_chance_names_a_part_in_at_most_one_route_of_twenty(parts: int, losses: float) -> None:
    """Losses at random over a route in parts of several sizes, every part tested at 5 % of their number."""
    rng = np.random.default_rng(5)
    sizes = rng.integers(1, 9, size=parts)
    part = np.repeat(np.arange(parts), sizes)
    n = len(part)
    named = 0
    for _ in range(400):
        lost = rng.permutation(n) < round(losses * n)
        wholly = [i for i in range(parts) if lost[part == i].all()]
        named += any(wholly_lost_p(int(sizes[i]), int(lost.sum()), n) * parts <= 0.05 for i in wholly)
    assert named <= 0.05 * 400 + 3 * (0.05 * 0.95 * 400) ** 0.5
