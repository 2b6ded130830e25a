"""Planted worlds with a few seeds each; `tests/simulations/test_planted.py` has two hundred."""

from __future__ import annotations

import numpy as np
import pytest

from tests.findings.planted import WORLDS, audit_of


@pytest.mark.parametrize("world", WORLDS)
def test_no_loser_is_recommended(world: str) -> None:
    """Three seeds of each world: no wrong Switch or Split, and the truth inside the interval at least twice."""
    found = [audit_of(WORLDS[world](np.random.default_rng([seed, 77])), seed) for seed in range(3)]
    assert not any(one.wrong for one in found)
    assert sum(one.holds_delta for one in found) >= 2
    assert sum(one.holds_saving for one in found) >= 2
