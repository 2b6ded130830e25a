"""Whether some of a few requests look like a random sample: against enumeration, and how often chance is blamed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from audit.stats.subsample import rank_sum_p, share_p, shown_unlike


@pytest.mark.parametrize(("part", "marked", "n"), [(3, 4, 9), (5, 2, 8), (4, 4, 8), (1, 3, 7)])
def test_a_share_is_judged_by_all_ways_to_draw(part: int, marked: int, n: int) -> None:
    """Twice the smaller tail over every sample of that size."""
    ways = [sum(one < part for one in way) for way in itertools.combinations(range(n), marked)]
    for held in set(ways):
        low, high = np.mean([k <= held for k in ways]), np.mean([k >= held for k in ways])
        assert share_p((held, part, marked, n)) == pytest.approx(min(2 * min(low, high), 1))


def test_ranks_are_judged_as_by_all_ways_to_draw() -> None:
    """Close to the share of samples that stand as far out, with ties; nothing is said of equal values."""
    values = np.array([1, 2, 2, 3, 5, 5, 8, 9, 9, 12, 14, 20, 21])
    ranks = np.array([float(((values < v).sum() + (values <= v).sum() + 1) / 2) for v in values])
    sums = np.array([ranks[list(way)].sum() for way in itertools.combinations(range(13), 5)])
    for way in ((0, 1, 2, 3, 4), (0, 2, 5, 8, 11), (8, 9, 10, 11, 12), (3, 6, 9, 10, 12)):
        marked = np.isin(np.arange(13), way)
        exact = float((abs(sums - 35) >= abs(ranks[list(way)].sum() - 35) - 1e-9).mean())
        assert rank_sum_p(values, marked) == pytest.approx(exact, abs=0.03)
    assert rank_sum_p([4, 4, 4], [True, False, True]) == 1
    assert rank_sum_p([1, 2, 3], [True, True, True]) == 1


def test_a_random_sample_is_seldom_blamed_and_a_chosen_one_always() -> None:
    """At a level of 5 % over all comparisons; skewed lengths, a few tenants, a rising time."""
    rng, blamed = np.random.default_rng(4), 0
    for _ in range(300):
        length, tenant = rng.lognormal(4, 1, 300), [f"t{k}" for k in rng.zipf(1.7, 300)]
        orders = {"time": list(range(300)), "length": list(length)}
        told = shown_unlike(orders, {"tenant": tenant}, list(rng.random(300) < 0.3), least=20)
        assert told is not None
        blamed += told[1] < 0.05
        for name, chosen in (("time", np.arange(300) < 90), ("length", length < np.quantile(length, 0.3))):
            told = shown_unlike(orders, {"tenant": tenant}, list(chosen), least=20)
            assert told is not None
            assert told[0] == name
            assert told[1] < 1e-6
    assert blamed <= 0.05 * 300 + 3 * (0.05 * 0.95 * 300) ** 0.5


def test_repeated_prompts_make_no_random_sample_suspect() -> None:
    """Short prompts of one tenant repeat, so a sample of requests holds more of them: at a level of 5 % it is refused
    no more often than that, and neither is one of prompts; an ordered and a filtered one are, whatever repeats."""
    rng, n = np.random.default_rng(9), 600
    refused = {"requests": 0, "prompts": 0}
    for _ in range(300):
        times = rng.choice([1, 1, 1, 2, 40], n)
        length = np.where(times == 40, rng.integers(10, 40, n), rng.integers(10, 900, n))
        tenant = [f"t{(times[k] == 40) or rng.integers(2)}" for k in range(n)]
        orders, within = {"time": list(range(n)), "length": length.tolist()}, times.tolist()
        of_requests = np.isin(np.arange(n), rng.permutation(np.repeat(np.arange(n), times))[: int(times.sum() / 20)])
        of_prompts = rng.random(n) < 0.3
        for name, chosen in (("requests", of_requests), ("prompts", of_prompts)):
            told = shown_unlike(orders, {"tenant": tenant}, chosen.tolist(), least=20, within=within)
            assert told is not None
            refused[name] += told[1] < 0.05
        biased = {
            "time": np.arange(n) < 200,
            "length": length < 300,
            "tenant": np.array([t == "t0" for t in tenant]) & of_prompts,
        }
        for name, chosen in biased.items():
            told = shown_unlike(orders, {"tenant": tenant}, chosen.tolist(), least=20, within=within)
            assert told is not None
            assert told[0] == name
            assert told[1] < 1e-6
    assert max(refused.values()) <= 0.05 * 300 + 3 * (0.05 * 0.95 * 300) ** 0.5
    told = shown_unlike({"length": length.tolist()}, {}, of_requests.tolist(), least=20)
    assert told is not None
    assert told[1] < 1e-3, "without the groups a true sample looks chosen"


def test_groups_are_judged_as_by_all_ways_to_draw() -> None:
    """The exact share over every sample of two groups, each of its own size."""
    ways = [
        sum(one < 2 for one in first) + sum(one < 3 for one in second)
        for first in itertools.combinations(range(5), 2)
        for second in itertools.combinations(range(6), 4)
    ]
    for first in range(3):
        for second in range(1, 4):
            held = first + second
            low, high = np.mean([k <= held for k in ways]), np.mean([k >= held for k in ways])
            expected = pytest.approx(min(2 * min(low, high), 1))
            assert share_p((first, 2, 2, 5), (second, 3, 4, 6)) == expected
