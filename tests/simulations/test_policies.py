"""Policies on planted worlds: how often is a loser certified, do the intervals of the recommended policy hold?"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from audit.certificate.certified import certify_route, prepare
from audit.certificate.verdicts import Verdicts
from audit.core.interval import Estimate
from tests.findings.routed import Routed, make_routed
from tests.findings.world import Planted

SEEDS = range(int(os.environ.get("AUDIT_SEEDS", "200")))
MARGIN = 0.03
WORLDS = {
    # What moves, how it loses, whether it shows: at the margin, inside it, or hopeless.
    "informative signal": (Planted(regress=0.012, gain=0.008, regress_hard=0.3), True),
    "informative, at the margin": (Planted(regress=0.055, gain=0.006, regress_hard=0.3), True),
    "useless signal": (Planted(regress=0.012, gain=0.008, regress_hard=0.3), False),
    "useless, just over the margin": (Planted(regress=0.038, gain=0.006), False),
}


def verdicts_of(routed: Routed) -> Verdicts:
    """The route's policies, chosen, sealed and tested."""
    world, settings = routed.world, routed.world.settings
    prepared = prepare(world.tables, [world.design], routed.bench())
    return certify_route(world.tables, world.design, world.tiers, settings, prepared, None).policies


def holds(estimate: Estimate | None, value: float) -> bool:
    """Whether an interval holds a value."""
    assert estimate is not None
    assert estimate.lo is not None
    assert estimate.hi is not None
    return estimate.lo <= value <= estimate.hi


@pytest.mark.slow
def test_certificates_and_intervals_of_policies(tmp_path: Path) -> None:
    """Wrong certificates in at most 5 % of runs of each world; loss and saving covered by their 95 % intervals."""
    print()
    covered: Counter[str] = Counter()
    for name, (planted, shows) in WORLDS.items():
        found: Counter[str] = Counter()
        moved = 0.0
        for seed in SEEDS:
            routed = make_routed(tmp_path, {"small": planted}, shows=shows, seed=seed)
            verdicts = verdicts_of(routed)
            losses = [routed.truth(tested.tuned.policy)[0] for tested in verdicts.tested if tested.certified]
            found["wrong"] += any(loss > MARGIN for loss in losses)
            for tested in verdicts.tested:
                loss, saving = routed.truth(tested.tuned.policy)
                found["policies"] += 1
                found["policies: loss"] += holds(tested.delta, -loss)
                found["policies: saving"] += holds(tested.saving_usd, saving)
            if (best := verdicts.best) is not None:
                loss, saving = routed.truth(best.tuned.policy)
                found["chosen"] += 1
                found["chosen: loss"] += holds(best.delta, -loss)
                found["chosen: saving"] += holds(best.saving_usd, saving)
                moved += best.share_moved
        covered += found
        share = moved / found["chosen"] if found["chosen"] else float("nan")
        print(
            f"{name:30} wrong {found['wrong']:2}/{len(SEEDS)}; recommended {found['chosen']:3} moving {share:.2f}, "
            f"loss held {found['chosen: loss']}, saving held {found['chosen: saving']}"
        )
        assert found["wrong"] / len(SEEDS) <= 0.05
    for what in ("policies", "chosen"):
        for kind in ("loss", "saving"):
            print(f"coverage of {kind}, {what}: {covered[f'{what}: {kind}'] / covered[what]:.3f} of {covered[what]}")
    assert covered["chosen: loss"] / covered["chosen"] >= 0.93
    assert covered["chosen: saving"] / covered["chosen"] >= 0.93
