"""Does the whole chain from draws to verdicts keep its promises? Planted worlds, many seeds, figures printed."""

from pathlib import Path

import pytest

from audit.core.finding import Verdict
from tests.findings.test_routes import judge
from tests.findings.world import Planted, make_world

RUNS = 150


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("no loss", Planted(regress=0.02, gain=0.02)),
        ("loss at the margin", Planted(regress=0.05, gain=0.02)),
        ("loss of six points", Planted(regress=0.08, gain=0.02)),
        ("expensive answers", Planted(regress=0.01, gain=0.01, cost_share=0.8)),
    ],
)
def test_intervals_cover_and_wrong_switches_are_rare(tmp_path: Path, name: str, planted: Planted) -> None:
    """95 % intervals hold the truth in at least 93 % of runs, and a loss at the margin is rarely a Switch."""
    covered = dollars = switched = 0
    for seed in range(RUNS):
        world = make_world(tmp_path, {"small": planted}, n=3000, seed=seed)
        route = judge(world)
        candidate = route.candidates[0]
        delta, saving = candidate.quality_delta, candidate.saving_usd
        assert delta is not None
        assert saving is not None
        covered += delta.lo <= world.true_delta["small"] <= delta.hi  # type: ignore[operator]
        dollars += saving.lo <= world.true_saving_usd["small"] <= saving.hi  # type: ignore[operator]
        switched += route.verdict is Verdict.SWITCH
    print(f"\n{name}: delta {covered / RUNS:.3f}, saving {dollars / RUNS:.3f}, Switch {switched / RUNS:.3f}")
    assert covered / RUNS >= 0.93
    assert dollars / RUNS >= 0.93
    if planted.gain - planted.regress <= -0.03:
        assert switched / RUNS <= 0.05
