"""A candidate that samples: how often one answer a request, and three, give another verdict on the next run.

`AUDIT_SEEDS` says how many logs of each world, 200 unless it is set.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from audit.core.finding import Verdict
from tests.findings.test_repeats import ASKED, judged, once, sampling

SEEDS = int(os.environ.get("AUDIT_SEEDS", "200"))


@pytest.mark.slow
@pytest.mark.parametrize("loss", [0.0, 0.015, 0.035])
def test_three_answers_hold_the_truth_and_flip_less_often(tmp_path: Path, loss: float) -> None:
    """Two runs over each log, which differ in nothing but the sampled answers.

    At most 5 % of runs switch a log that truly loses the margin, at least 93 % of intervals hold the truth, and no more
    logs get another verdict on the second run than with one answer.
    """
    found: dict[str, Counter[str]] = {"one answer": Counter(), f"{ASKED} answers": Counter()}
    for seed in range(SEEDS):
        runs = [sampling(tmp_path / f"{seed}-{draw}", loss=loss, seed=seed, draw=draw) for draw in (0, 1)]
        for name, counted in found.items():
            routes = [judged(once(run.world) if name == "one answer" else run.world) for run in runs]
            switched = [route.verdict is Verdict.SWITCH for route in routes]
            counted["runs"] += 2
            counted["Switch"] += sum(switched)
            counted["flips"] += switched[0] != switched[1]
            counted["wrong"] += sum(switched) if runs[0].truth <= -routes[0].margin else 0
            for route in routes:
                delta = route.recommendation.quality_delta
                assert delta is not None
                assert delta.lo is not None
                assert delta.hi is not None
                counted["held"] += delta.lo <= runs[0].truth <= delta.hi
    for name, counted in found.items():
        shares = {what: counted[what] / (SEEDS if what == "flips" else counted["runs"]) for what in sorted(counted)}
        figures = ", ".join(f"{what} {value:.3f}" for what, value in shares.items() if what != "runs")
        print(f"\na candidate that samples, loss {100 * loss:.1f} points, {counted['runs']} runs, {name}: {figures}")
        assert counted["wrong"] <= 0.05 * counted["runs"]
        assert counted["held"] >= 0.93 * counted["runs"]
    one, several = found.values()
    assert several["flips"] <= one["flips"]
