"""Planted worlds, one log each; `tests/simulations/test_planted.py` has two hundred."""

from __future__ import annotations

import numpy as np
import pytest

from tests.findings.planted import WORLDS, audit_of


@pytest.mark.parametrize("world", WORLDS)
def test_no_loser_is_recommended(world: str) -> None:
    """No wrong Switch or Split, no wrong certificate, and the truth inside both intervals."""
    one = audit_of(WORLDS[world](np.random.default_rng([0, 77])), 0)
    assert not one.wrong
    assert not one.wrongly_certified
    assert one.holds_delta
    assert one.holds_saving
