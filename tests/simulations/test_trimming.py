"""Planted trims, 200 logs: tools that are truly unused are found, and a turn that matters in a tenth of the requests is
certified as harmless in no more logs than the error rate allows, at a margin that is just below what it loses.

`AUDIT_SEEDS` says how many logs, 200 unless it is set.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.finding import CandidateVerdict
from audit.flow.sequential import replay
from tests.e2e.trimmed import write
from tests.simulations.figures import told

SEEDS = int(os.environ.get("AUDIT_SEEDS", "200"))
REQUESTS, MATTERS = 500, 51
"""At the margin of 10 points, 51 of 500 is a loss just beyond it: every certificate would be wrong."""


@pytest.mark.slow
def test_what_is_harmless_is_found_and_what_matters_is_not_certified(tmp_path: Path) -> None:
    """Unused tools in 95 % of logs, turns that matter wrongly in at most 5 %."""
    found = wrong = 0
    for seed in range(SEEDS):
        (place := tmp_path / str(seed)).mkdir()
        log, config = write(place, requests=REQUESTS, matters=MATTERS, seed=seed)
        findings = replay([log], load_settings(config), RunFolder(place / "run"), consent=lambda _: True)
        verdicts = {one.tier: one.verdict for one in findings.routes[0].candidates}
        found += verdicts["bare"] is CandidateVerdict.NON_INFERIOR
        wrong += verdicts.get("brief") is CandidateVerdict.NON_INFERIOR
    told("trims", {"audits": SEEDS, "unused tools found": found / SEEDS, "certified wrongly": wrong / SEEDS})
    assert found >= 0.95 * SEEDS
    assert wrong <= 0.05 * SEEDS
