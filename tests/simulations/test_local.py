"""Rules learned from a log, on planted worlds: found where answers follow something, certified wrongly hardly ever."""

from __future__ import annotations

import os
from collections import Counter

import pytest

from audit.imitation.lesson import Lesson, learn
from audit.imitation.way import same_as
from audit.stats.exact import p_pass
from audit.stats.tango import PairCounts
from tests.imitation import worlds

SEEDS = range(int(os.environ.get("AUDIT_SEEDS", "200")))
MARGIN, ALPHA, TUNING, CERTIFYING = 0.03, 0.05, 300, 1000
RIGHT = {"rule": worlds.rule, "template": worlds.template, "words": worlds.words}
WRONG = {
    # The true loss of a rule over the seen words is the share itself: far outside, and exactly at the margin.
    "unseen in 10 %": worlds.unseen(worlds.rule, 0.10),
    "unseen in 3 %": worlds.unseen(worlds.rule, MARGIN),
}


def switches(world: worlds.World, seed: int, n: int = CERTIFYING) -> tuple[bool, str]:
    """Whether what was learned passes the exact test on fresh draws, and the way; the incumbent is always accepted."""
    lesson = learn("r", worlds.drawn(world, TUNING, 2 * seed))
    if not isinstance(lesson, Lesson):
        return False, "none"
    fresh = worlds.drawn(world, n, 2 * seed + 1).values()
    lost = sum(same_as(lesson.answer(one.text)) != same_as(one.answer) for one in fresh)
    counts = PairCounts(b=lost, c=0, n=n)
    return p_pass(counts, margin=MARGIN) <= ALPHA, lesson.way


@pytest.mark.slow
def test_planted_worlds() -> None:
    """Rules and templates are switched to in at least 95 % of seeds; what only seems to follow them in at most 5 %."""
    found: dict[str, Counter[object]] = {}
    for name, world in {**RIGHT, **WRONG}.items():
        found[name] = Counter()
        for seed in SEEDS:
            passed, way = switches(world, seed)
            found[name].update({"switch": passed, way: 1})
        print(name, dict(found[name]))
    n = len(SEEDS)
    for name in ("rule", "template"):
        assert found[name]["switch"] >= 0.95 * n
    # 5 % of 200 seeds, with three standard errors of the count where the loss is exactly the margin.
    assert found["unseen in 10 %"]["switch"] == 0
    assert found["unseen in 3 %"]["switch"] <= 0.05 * n + 3 * (0.05 * 0.95 * n) ** 0.5


def test_a_few_seeds() -> None:
    """The same on a handful, and on fewer requests."""
    assert all(switches(world, 0, 120)[0] for world in (worlds.rule, worlds.template))
    assert not any(switches(WRONG["unseen in 10 %"], seed, 120)[0] for seed in range(2))
