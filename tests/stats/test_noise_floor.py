"""The incumbent against itself."""

import numpy as np
import pytest

from audit.stats.noise_floor import excess_regressions, noise_floor
from audit.stats.noninferiority import GateDecision
from tests.stats.populations import pair


@pytest.mark.acceptance(25)
@pytest.mark.parametrize(("n", "decision"), [(58, GateDecision.INCONCLUSIVE), (59, GateDecision.PASS)])
def test_the_same_answers_twice_have_no_noise(n: int, decision: GateDecision) -> None:
    """One file as both arms gives b = c = 0, discordance 0, and PASS from n0 pairs on."""
    verdicts = np.arange(n) % 4 > 0
    found = noise_floor(verdicts, verdicts, margin=0.05, identical=np.ones(n, bool))
    assert (found.delta.b, found.delta.c, found.discordance, found.identical) == (0, 0, 0.0, 1.0)
    assert found.gate.decision is decision
    assert not found.shifted
    assert found.delta.interval is not None
    assert found.delta.interval.high > 0


@pytest.mark.acceptance(25)
def test_a_sampled_small_model_against_itself_is_shifted() -> None:
    """gpt-4o-mini on numersense, greedy against sampled: b = 47, c = 26, a significant shift, no PASS at 3 points."""
    data = pair("numersense mini A/A")
    found = noise_floor(data.incumbent, data.candidate, margin=0.03, identical=data.same)
    assert (found.delta.b, found.delta.c) == (47, 26)
    assert found.discordance == pytest.approx(0.143, abs=1e-3)
    assert found.delta.delta == pytest.approx(-0.041, abs=1e-3)
    assert found.delta.interval is not None
    assert (found.delta.interval.low, found.delta.interval.high) == pytest.approx((-0.075, -0.009), abs=1e-3)
    assert found.identical == pytest.approx(0.857, abs=1e-3)
    assert found.shifted
    assert found.gate.decision is not GateDecision.PASS


def test_a_steady_model_passes() -> None:
    """gpt-4o on numersense against itself has psi .021, no shift, and passes at 3 points."""
    data = pair("numersense 4o A/A")
    found = noise_floor(data.incumbent, data.candidate, margin=0.03)
    assert found.discordance == pytest.approx(0.0215, abs=1e-4)
    assert not found.shifted
    assert found.gate.decision is GateDecision.PASS
    assert found.identical is None


def test_excess_regressions_take_the_noise_off() -> None:
    """Only regressions beyond those of the incumbent's own replay count, with the interval of paired indicators."""
    logged = [1, 1, 1, 1, 0, 1]
    candidate = [0, 0, 1, 1, 0, 1]
    replay = [0, 1, 1, 0, 1, 1]
    found = excess_regressions(logged, candidate, replay)
    assert (found.b, found.c) == (1, 1)
    assert found.delta == 0.0
    alike = excess_regressions(logged, candidate, candidate)
    assert (alike.delta, alike.b, alike.c) == (0.0, 0, 0)
    worse = excess_regressions(np.ones(100), np.arange(100) >= 20, np.ones(100))
    assert worse.delta == pytest.approx(0.2)
    assert worse.interval is not None
    assert worse.interval.low > 0.1


def test_empty_and_wrong_input() -> None:
    """No pairs give None; other shapes and graded verdicts raise."""
    empty = noise_floor([], [], margin=0.05)
    assert (empty.discordance, empty.discordance_interval, empty.delta.delta) == (None, None, None)
    assert empty.gate.decision is GateDecision.INCONCLUSIVE
    with pytest.raises(ValueError, match="expected 2 values"):
        noise_floor([1, 0], [1, 0], margin=0.05, identical=[True])
    with pytest.raises(ValueError, match="expected 2 values"):
        excess_regressions([1, 0], [1, 0], [0.5, 1.0])
