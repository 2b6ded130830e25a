"""Planted worlds through the product's own functions: wrong recommendations, and whether intervals hold the truth."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.findings.planted import WORLDS, audit_of

SEEDS = 200


def counted(world: str, seeds: range) -> Counter[str]:
    """What came of a world over some seeds."""
    found: Counter[str] = Counter()
    for seed in seeds:
        one = audit_of(WORLDS[world](np.random.default_rng([seed, 77])), seed)
        best = one.certified.policies.best
        found["wrong"] += one.wrong
        found["Switch"] += best is not None and best.tuned.policy.kind == "static"
        found["Split"] += best is not None and best.tuned.policy.kind != "static"
        found["delta held"] += one.holds_delta
        found["saving held"] += one.holds_saving
    return found


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_few_verdicts_are_wrong_and_intervals_hold(world: str) -> None:
    """At most 5 % wrong Switches or Splits, and coverage of at least 93 %, over 200 seeds of each world."""
    found = counted(world, range(SEEDS))
    print(f"\n{world:24}", ", ".join(f"{name} {found[name] / SEEDS:.3f}" for name in found))
    assert found["wrong"] / SEEDS <= 0.05
    assert found["delta held"] / SEEDS >= 0.93
    assert found["saving held"] / SEEDS >= 0.93
