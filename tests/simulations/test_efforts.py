"""A planted curve of efforts, 200 logs: the audit finds the cheapest level that loses nothing, and its intervals hold.

`AUDIT_SEEDS` says how many logs, 200 unless it is set.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.findings.efforts import effort_curve
from tests.simulations.figures import told

SEEDS = int(os.environ.get("AUDIT_SEEDS", "200"))


@pytest.mark.slow
def test_the_cheapest_level_that_loses_nothing_is_found(tmp_path: Path) -> None:
    """In 95 % of logs exactly that level, or none where every level loses; at most 5 % wrong, and both intervals of a
    level hold the truth in 90 %, since each may miss in 5 %."""
    found = [effort_curve(tmp_path, seed) for seed in range(SEEDS)]
    held = [one for audited in found for one in audited.held.values()]
    shares = {
        "audits": float(SEEDS),
        "the level found": sum(one.chosen == one.knee for one in found) / SEEDS,
        "wrong": sum(one.wrong for one in found) / SEEDS,
        "both intervals held": sum(held) / len(held),
    }
    told("an effort curve", {name: round(value, 4) for name, value in shares.items()})
    assert shares["the level found"] >= 0.95
    assert shares["wrong"] <= 0.05
    assert shares["both intervals held"] >= 0.90
