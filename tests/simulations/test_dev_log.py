"""The whole audit of a real log over many seeds: do its intervals hold the truth, are wrong verdicts rare?

The recorded completions come once from the local server and then from a cassette; every seed draws, scores and
concludes anew through the pipeline.
"""

import csv
from collections import Counter
from pathlib import Path

import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.flow import sequential
from tests.e2e.recorded import DEV, config_for, recorded_server
from tests.shared import needs_shared

SEEDS = range(20)


@pytest.mark.slow
@needs_shared("data/dev/log.jsonl.gz")
def test_twenty_audits_of_a_real_log(tmp_path: Path) -> None:
    """The 95 % intervals of delta hold the truth in >= 90 % of cells; losers are recommended in <= 5 % of runs."""
    with (DEV / "truth_by_route.csv").open(encoding="utf-8") as file:
        truth = {
            (row["route"], row["model"]): float(row["delta_traffic"])
            for row in csv.DictReader(file)
            if row["delta_traffic"]
        }
    held, cells, wrong = Counter[tuple[str, str]](), Counter[tuple[str, str]](), 0
    folder = RunFolder(tmp_path / "run")
    with recorded_server(0) as url:
        for seed in SEEDS:
            config = config_for(url, tmp_path, seed=str(seed))
            settings = load_settings(config, overrides={"replay.cassette": str(tmp_path / "cassette")})
            findings = sequential.replay([DEV / "log.jsonl.gz"], settings, folder, consent=lambda plan: True)
            loser = False
            for route in findings.routes:
                for candidate in route.candidates:
                    delta, true = candidate.quality_delta, truth[route.route, candidate.model]
                    assert delta is not None
                    assert delta.lo is not None
                    assert delta.hi is not None
                    cell = (route.route, candidate.tier)
                    cells[cell] += 1
                    held[cell] += delta.lo <= true <= delta.hi
                    loser |= route.verdict == "switch" and route.candidate == candidate.tier and true < -0.03
            wrong += loser
    print()
    for cell, n in sorted(cells.items()):
        print(f"{cell[0]:24} {cell[1]:12} truth held {held[cell]}/{n}")
    share = sum(held.values()) / sum(cells.values())
    print(f"coverage {share:.3f} over {sum(cells.values())} cells; wrong recommendations in {wrong}/{len(SEEDS)} runs")
    assert share >= 0.90
    assert wrong / len(SEEDS) <= 0.05
