"""Looks: who goes on, who stops, and that stopping early changes neither the promise nor the picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from audit.core.finding import CandidateVerdict, Verdict
from audit.findings.routes import RouteTraffic, find_route
from tests.findings.rounds import walked
from tests.findings.world import Planted, make_world


def test_a_clear_gain_stops_early(tmp_path: Path) -> None:
    """A candidate that is plainly better is certified before the last look, on the pairs of that look alone."""
    route, rounds = walked(make_world(tmp_path, {"small": Planted(regress=0.01, gain=0.06)}, n=6000))
    assert route.verdict is Verdict.SWITCH
    assert route.looks[0] < route.looks[1] == 5
    assert rounds[-1] == {"small": route.looks[0]}
    candidate = route.candidates[0]
    assert candidate.look == route.looks[0]
    assert candidate.n == pytest.approx(1574 * 2 / 3 * route.looks[0] / 5, rel=0.1)
    assert candidate.quality_delta is not None
    assert candidate.quality_delta.lo is not None
    assert candidate.quality_delta.lo > -0.03


def test_clear_losers_are_dropped_and_the_route_kept(tmp_path: Path) -> None:
    """Candidates that lose far more than the margin are shown to do so at the first look or the second."""
    planted = {"small": Planted(regress=0.25, gain=0.02), "mid": Planted(regress=0.2, gain=0.02)}
    route, _ = walked(make_world(tmp_path, planted, n=6000))
    assert route.verdict is Verdict.KEEP
    assert route.looks[0] <= 2
    assert {c.verdict for c in route.candidates} == {CandidateVerdict.INFERIOR}


def test_a_candidate_at_the_margin_is_given_up_or_played_out(tmp_path: Path) -> None:
    """Nothing is recommended, and the route never goes beyond its last look."""
    route, rounds = walked(make_world(tmp_path, {"small": Planted(regress=0.05, gain=0.02)}, n=6000, seed=3))
    assert route.verdict is not Verdict.SWITCH
    assert all(look <= 5 for reach in rounds for look in reach.values())


def test_only_what_can_still_change_the_recommendation_goes_on(tmp_path: Path) -> None:
    """Once the cheapest candidate is certified, a dearer one is not replayed any further."""
    planted = {
        "cheap": Planted(regress=0.005, gain=0.06, cost_share=0.05),
        "dear": Planted(regress=0.03, gain=0.03, cost_share=0.6),
    }
    route, rounds = walked(make_world(tmp_path, planted, n=6000))
    assert (route.verdict, route.candidate) == (Verdict.SWITCH, "cheap")
    assert rounds[-1]["dear"] < 5


def test_a_dear_candidate_is_not_taken_to_a_look(tmp_path: Path) -> None:
    """What surely does not cost less is decided by the dollar draws; its certification draws are never asked for."""
    route, rounds = walked(make_world(tmp_path, {"dear": Planted(regress=0.0, gain=0.0, cost_share=1.5)}, n=3000))
    assert rounds == [{"dear": 0}]
    assert route.verdict is Verdict.KEEP
    assert route.candidates[0].reason == "it would not cost less"


def test_more_replays_do_not_take_a_certificate_back(tmp_path: Path) -> None:
    """A route that was certified at a look is certified with every answer at hand as well."""
    world = make_world(tmp_path, {"small": Planted(regress=0.01, gain=0.03)}, n=6000, seed=2)
    stopped, _ = walked(world)
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    whole = find_route(world.tables, world.design, traffic, world.tiers, world.settings).finding
    assert stopped.verdict is whole.verdict is Verdict.SWITCH
    assert whole.candidates[0].n > stopped.candidates[0].n


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("better by 2 points", Planted(regress=0.02, gain=0.04)),
        ("no loss", Planted(regress=0.03, gain=0.03)),
        ("loss of 1 point", Planted(regress=0.03, gain=0.02)),
        ("loss at the margin", Planted(regress=0.05, gain=0.02)),
        ("loss of 6 points", Planted(regress=0.08, gain=0.02)),
    ],
)
def test_stopping_keeps_the_promises(tmp_path: Path, name: str, planted: Planted) -> None:
    """Replayed in rounds, 95 % intervals hold the truth in at least 93 % of runs, and wrong Switches stay rare."""
    runs, covered, switched, whole, spent = 150, 0, 0, 0, 0.0
    for seed in range(runs):
        world = make_world(tmp_path, {"small": planted}, n=9000, seed=seed)
        route, _ = walked(world)
        delta = route.candidates[0].quality_delta
        assert delta is not None
        assert delta.lo is not None
        assert delta.hi is not None
        covered += delta.lo <= world.true_delta["small"] <= delta.hi
        switched += route.verdict is Verdict.SWITCH
        spent += route.looks[0] / route.looks[1]
        fixed = replace(world.design, looks=())
        traffic = RouteTraffic(spend_by_model={"large-1": fixed.spend_usd}, unreplayable={})
        whole += find_route(world.tables, fixed, traffic, world.tiers, world.settings).finding.verdict is Verdict.SWITCH
    print(
        f"\n{name}: delta held {covered / runs:.3f}; Switch {switched / runs:.3f}, fixed sample {whole / runs:.3f}; "
        f"certification replays {spent / runs:.2f} of it"
    )
    assert covered / runs >= 0.93
    if planted.gain - planted.regress <= -0.03:
        assert switched / runs <= 0.05
