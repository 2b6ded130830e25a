"""A route that runs on the candidate in part: what moves is judged, and the rest is shown as there already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from audit.core.finding import Verdict
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Price, Tier
from audit.replay.plan import planned_calls
from audit.sampling.design import RouteNeeds
from audit.sampling.frame import RouteFrame
from audit.sampling.run import Sample, draw_sample
from tests.held import held
from tests.sampling.test_draw import frame

SMALL = Tier(name="small", model="small-1", provider="simulated", price=Price(input=0.1, output=0.3))
MID = Tier(name="mid", model="mid-1", provider="simulated", price=Price(input=0.5, output=1.5))


def half_way(n: int = 4000, there: str = "small-1") -> RouteFrame:
    """Four requests in five are served by a cheap model already."""
    one = frame(n)
    rows = one.rows.with_columns(
        model=pl.when(pl.int_range(pl.len()) % 5 > 0).then(pl.lit(there)).otherwise(pl.lit("large-1"))
    )
    return replace(held(rows), models=one.models)


def sampled(one: RouteFrame, *tiers: Tier) -> tuple[RouteDesign, Sample]:
    """The design and the slice of the route."""
    entry = {"match": "*", "candidates": [t.name for t in tiers], "assert": [{"type": "equals", "value": "x"}]}
    settings = Settings.model_validate({"routes": [entry]})
    needs = {one.route: RouteNeeds(entry=settings.routes[0], unsupported=None)}
    sample = draw_sample([one], needs, list(tiers), settings)
    return sample.designs[0], sample


@pytest.mark.parametrize("logged", ["small-1", "acme/small-1"])
def test_what_the_only_candidate_serves_is_in_no_sample(logged: str) -> None:
    """All draws are of requests that would move; the rest is counted with its dollars."""
    one = half_way(there=logged)
    design, sample = sampled(one, SMALL)
    assert set(sample.table["incumbent_model"].to_pylist()) == {"large-1"}
    assert (design.already, design.movable("small")) == ({"small": 3200}, 800)
    there = one.rows.filter(pl.col("model") == logged)["cost_usd"].sum()
    assert design.already_usd["small"] == pytest.approx(there)
    assert design.movable_usd("small") == pytest.approx(one.rows["cost_usd"].sum() - there)


def test_no_candidate_is_asked_what_it_has_answered_already() -> None:
    """With two candidates the sample is of all requests, and each is replayed where the log shows another model."""
    design, sample = sampled(half_way(), SMALL, MID)
    calls = planned_calls([design], sample.table, [SMALL, MID])
    served = dict(zip(sample.table["request_fp"].to_pylist(), sample.table["incumbent_model"].to_pylist(), strict=True))
    asked = {name: {served[call.request_fp] for call in calls if call.tier == name} for name in ("small", "mid")}
    assert asked == {"small": {"large-1"}, "mid": {"large-1", "small-1"}}


def test_a_tier_that_serves_a_part_is_a_candidate_for_the_rest() -> None:
    """By default a cheaper tier is tested on what other models serve, even where it has the most dollars."""
    one = half_way()
    settings = Settings.model_validate({"routes": [{"match": "*", "assert": [{"type": "equals", "value": "x"}]}]})
    needs = {one.route: RouteNeeds(entry=settings.routes[0], unsupported=None)}
    assert draw_sample([one], needs, [SMALL], settings).designs[0].candidates == ("small",)


def test_the_delta_is_about_what_would_move(tmp_path: Path) -> None:
    """A loss of a seventh on the part that moves is not diluted by four times as many requests that stay."""
    from tests.findings.test_routes import judge
    from tests.findings.world import Planted, make_world

    world = make_world(tmp_path, {"small": Planted(regress=0.14, gain=0.0)}, n=4000, already=0.8)
    route = judge(world)
    assert route.verdict is not Verdict.SWITCH
    assert route.quality_delta is not None
    assert route.quality_delta.est == pytest.approx(-0.14, abs=0.05)
    assert route.already == pytest.approx(3200, abs=120)
