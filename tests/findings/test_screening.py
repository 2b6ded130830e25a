"""Dropping on the tuning split: what has no prospect and is beaten costs no further replay, and no promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from audit.certificate.certified import prepare
from audit.certificate.policies import PolicyInputs
from audit.core.finding import CandidateVerdict, Verdict
from audit.signals.written import written_rule
from tests.findings.rounds import walked
from tests.findings.world import Planted, make_world

GOOD = Planted(regress=0.01, gain=0.04, cost_share=0.1)
WORSE = Planted(regress=0.3, gain=0.02, cost_share=0.3)


def test_what_is_beaten_and_hopeless_is_dropped(tmp_path: Path) -> None:
    """It goes to no look, and is shown with what the tuning split says; the other goes on to its Switch."""
    route, rounds = walked(make_world(tmp_path, {"good": GOOD, "worse": WORSE}, n=6000))
    assert (route.verdict, route.candidate) == (Verdict.SWITCH, "good")
    assert rounds[-1]["worse"] == 0
    worse = next(c for c in route.candidates if c.tier == "worse")
    assert worse.verdict is CandidateVerdict.INFERIOR
    assert worse.reason.startswith(f"dropped after {worse.n} tuning pairs at ")
    assert worse.n == worse.tuning["n"]
    assert worse.quality_delta is not None
    assert worse.quality_delta.hi is not None
    assert worse.quality_delta.hi < -0.03
    assert worse.dropped
    assert worse.look is None
    assert worse.saving_usd is not None
    assert not [p for p in route.policies if p.params.get("tier") == "worse"]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (Planted(regress=0.3, gain=0.02, cost_share=0.01), "it saves 9 % of the cost more"),
        (Planted(regress=0.04, gain=0.04, cost_share=0.3), "it may hold the margin"),
    ],
)
def test_what_could_be_of_use_stays(tmp_path: Path, other: Planted, why: str) -> None:
    """A candidate that saves clearly more, or that may be certified, gets its turn."""
    _, rounds = walked(make_world(tmp_path, {"good": GOOD, "other": other}, n=6000))
    assert rounds[-1]["other"] > 0, why


def test_a_fixed_sample_and_a_single_candidate_drop_nobody(tmp_path: Path) -> None:
    """Without looks the whole sample is replayed; a candidate alone has nobody to be beaten by."""
    world = make_world(tmp_path, {"good": GOOD, "worse": WORSE}, n=6000)
    fixed = replace(world.design, looks=())
    assert prepare(world.tables, [fixed], PolicyInputs()).sealed["/r"].dropped == {}
    alone = make_world(tmp_path, {"worse": WORSE}, n=6000)
    assert prepare(alone.tables, [alone.design], PolicyInputs()).sealed["/r"].dropped == {}


def test_a_candidate_that_a_written_rule_names_stays(tmp_path: Path) -> None:
    """People who write a rule to a tier want to know what it does."""
    world = make_world(tmp_path, {"good": GOOD, "worse": WORSE}, n=6000)
    rule = written_rule("last_user_chars <= 900")
    asked = PolicyInputs(rules=lambda route: [("worse", rule)])
    assert set(prepare(world.tables, [world.design], PolicyInputs()).sealed["/r"].dropped) == {"worse"}
    assert prepare(world.tables, [world.design], asked).sealed["/r"].dropped == {}


def test_free_requests_are_no_obstacle(tmp_path: Path) -> None:
    """Requests that cost nothing are compared like others; what a candidate saves is of what was billed."""
    world = make_world(tmp_path, {"good": GOOD, "worse": WORSE}, n=6000)
    free = (pl.col("purpose") == "quality") & (pl.col("draw_order") % 5 == 0)
    cost = pl.when(free).then(0.0).otherwise("cost_usd").alias("cost_usd")
    some = replace(world, tables=replace(world.tables, slice=world.tables.slice.with_columns(cost)))
    route, rounds = walked(some)
    assert (route.verdict, route.candidate) == (Verdict.SWITCH, "good")
    assert rounds[-1]["worse"] == 0


@pytest.mark.slow
def test_dropping_keeps_the_intervals(tmp_path: Path) -> None:
    """The shown 95 % intervals hold, whether a candidate was dropped or went on, and no good one is dropped."""
    planted = {
        "good": Planted(regress=0.03, gain=0.03, cost_share=0.1),
        "near": Planted(regress=0.05, gain=0.03, cost_share=0.2),
        "far": Planted(regress=0.1, gain=0.02, cost_share=0.2),
    }
    runs = 200
    held, out, switched = (dict.fromkeys(planted, 0) for _ in range(3))
    for seed in range(runs):
        world = make_world(tmp_path, planted, n=9000, seed=seed)
        route, rounds = walked(world)
        for candidate in route.candidates:
            tier, delta = candidate.tier, candidate.quality_delta
            assert delta is not None
            assert delta.lo is not None
            assert delta.hi is not None
            held[tier] += delta.lo <= world.true_delta[tier] <= delta.hi
            out[tier] += rounds[-1][tier] == 0
            switched[tier] += (route.verdict, route.candidate) == (Verdict.SWITCH, tier)
    print()
    for tier in planted:
        print(
            f"{tier:6} true delta {world.true_delta[tier] * 100:+.1f}: held {held[tier] / runs:.3f}, "
            f"dropped {out[tier] / runs:.3f}, Switch {switched[tier] / runs:.3f}"
        )
        assert held[tier] / runs >= 0.93
    assert out["far"] / runs > 0.9
    assert out["good"] / runs < 0.02
    assert switched["far"] == 0
