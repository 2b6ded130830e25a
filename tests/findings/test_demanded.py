"""What a reader is told where criteria demand a text and compare nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audit.core.criteria import CriteriaCheck, Grade
from audit.findings.routes import RouteTraffic, find_route
from tests.findings.world import Planted, make_world


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({Grade.DEMANDED.value: 1.0}, "compare nothing else: one accepted answer"),
        (
            {Grade.DEMANDED.value: 0.125, Grade.AGREEMENT.value: 0.875},
            "compare nothing else in 12.5% of the answers: one accepted answer",
        ),
    ],
)
def test_the_caveat_names_what_the_text_decides_alone(tmp_path: Path, shares: dict[str, float], said: str) -> None:
    """The share of answers that nothing but the text decides, and what the log's own answers come to."""
    world = make_world(tmp_path, {"small": Planted(regress=0.0, gain=0.02)}, n=3000)
    check = CriteriaCheck(grade=Grade.DEMANDED, shares=shares, answers=400, accepted=380)
    design = replace(world.design, criteria=check)
    traffic = RouteTraffic(spend_by_model={"large-1": design.spend_usd}, unreplayable={})
    route = find_route(world.tables, design, traffic, world.tiers, world.settings).finding
    caveat = next(one for one in route.caveats if "demand a text" in one)
    assert said in caveat
    assert "Of the log's own answers 95.0% pass" in caveat
