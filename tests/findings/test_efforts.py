"""Efforts of one model as candidates; `tests/simulations/test_efforts.py` has two hundred planted curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from audit.core.finding import Verdict
from audit.core.trim import Trim
from audit.findings.handover import hand_over
from audit.sampling.design import candidates_of
from tests.findings.efforts import LEVELS, effort_curve
from tests.findings.world import INCUMBENT
from tests.held import held
from tests.report.fixtures import all_keep


def test_the_cheapest_level_that_loses_nothing_is_found(tmp_path: Path) -> None:
    """A knee in the middle, and a curve on which every level loses: that level, or Keep; none is taken for the
    incumbent, whose model they all are."""
    found = {one.knee: one for one in (effort_curve(tmp_path, seed) for seed in (0, 2))}
    assert found.keys() == {"low", ""}
    for knee, one in found.items():
        assert one.chosen == knee
        assert one.finding.verdict is (Verdict.SWITCH if knee else Verdict.KEEP)
        assert all(one.held.values())
        assert {level.tier for level in one.finding.candidates} == set(LEVELS)


@pytest.mark.parametrize(
    ("changes", "candidate"),
    [
        ({"reasoning_effort": "low"}, True),
        ({"thinking_tokens": 0}, True),
        ({"max_tokens": 50}, True),
        ({"trim": Trim(history=2)}, True),
        ({"reasoning_effort": "high"}, False),
        ({"prompt_suffix": " /no_think"}, False),
        ({"reasoning_effort": "low", "price": replace(INCUMBENT.price, input=6.0)}, False),
    ],
)
def test_a_level_that_writes_less_is_a_candidate_without_being_named(
    changes: dict[str, object], candidate: bool
) -> None:
    """It costs as much at the logged tokens, so only fewer tokens can save; a dearer one has to be named."""
    rows = pl.DataFrame({"cost_usd": [0.0008] * 9, "prompt_tokens": [100] * 9, "completion_tokens": [20] * 9})
    tier = replace(INCUMBENT, name="level", **changes)  # type: ignore[arg-type]
    assert [one.name for one in candidates_of(held(rows), None, [INCUMBENT, tier])] == ["level"] * candidate


@pytest.mark.parametrize("settings", [{"reasoning_effort": "low"}, {"trim": Trim(history=2)}])
def test_a_level_is_no_default_for_routes_that_keep_their_model(settings: dict[str, object]) -> None:
    """It has today's model, and nobody has tested it on what stays: the plain tier is named, wherever it stands."""
    kept = all_keep()
    findings = replace(kept, routes=tuple(replace(route, incumbents={INCUMBENT.model: 1.0}) for route in kept.routes))
    plain = replace(INCUMBENT, name="plain")
    level = replace(plain, name="level", **settings)  # type: ignore[arg-type]
    assert hand_over(findings, {}, {}, [level, plain]).default_tier == "plain"
    assert hand_over(findings, {}, {}, [level]).default_tier is None
