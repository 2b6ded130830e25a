"""Frontier, threshold curves and the policy to hand over: what the page says of them, and where it says nothing."""

from __future__ import annotations

import dataclasses
import itertools

import pytest
import yaml

from audit.core.finding import Findings, Verdict
from audit.report.handover import NOTHING, handover
from audit.report.scales import Box, boxes_along, place_labels
from audit.report.thresholds import MOST, NO_SCORE, thresholds
from audit.report.tradeoff import tradeoff
from tests.report import fixtures
from tests.report.fixtures import STATES
from tests.report.hostile import spoiled


def without_curves(findings: Findings) -> Findings:
    """The same, with no score to route on."""
    return dataclasses.replace(findings, routes=tuple(dataclasses.replace(r, curve=None) for r in findings.routes))


def test_the_frontier_names_every_way_once() -> None:
    """Today, the recommendation and the tiers have a mark and a row each; equal points share one mark."""
    found = tradeoff(fixtures.proven(), "30 days")
    assert found is not None
    assert [spot.css for spot in found.plots[0].spots] == ["pick", "now", "all", "all"]
    assert found.plots[0].spots[1].sub.endswith("also at 0.5 and 1 points")
    assert found.numbers is not None
    assert len(found.numbers.rows) == len(fixtures.proven().frontier)
    assert "exploratory" in " ".join(row[0] for row in found.numbers.rows)
    assert found.finding.startswith("At a margin of 0.5 or 1 point, nothing would move.")


def test_where_nothing_moves_nothing_was_shown_to_hold_the_margin() -> None:
    """What was not proven, or not tried, may hold it all the same: the text says no more than was shown."""
    found = tradeoff(fixtures.all_keep(), "30 days")
    assert found is not None
    assert found.finding.startswith("Nothing cheaper was shown to hold your margin.")


def test_fewer_than_two_points_is_a_sentence() -> None:
    """A lone point makes no chart."""
    whole = fixtures.all_keep()
    lone = tuple(point for point in whole.frontier if point.kind != "tier")
    found = tradeoff(dataclasses.replace(whole, frontier=lone), "30 days")
    assert found is not None
    assert (found.plots, found.numbers) == ((), None)
    assert tradeoff(fixtures.scan_only(), "30 days") is None


def test_curves_share_one_scale_and_say_the_verdict() -> None:
    """Every scored route has a cell with the same axis, its mark where the verdict moves, and its bound in words."""
    findings = fixtures.split()
    found = thresholds(findings)
    assert found is not None
    assert len(found.cells) == len(findings.routes)
    for route, cell in zip(findings.routes, found.cells, strict=True):
        assert (cell.mark is not None) == (route.verdict in (Verdict.SWITCH, Verdict.SPLIT))
        assert cell.mark is None or cell.mark.y >= cell.mark.top
    part = next(c for r, c in zip(findings.routes, found.cells, strict=True) if r.verdict is Verdict.SPLIT)
    assert part.caption == ("36% to mini where the similarity score is ≥ 0.62. It loses at most 1.3 points, inside 3.")


def test_no_score_says_so_and_many_routes_have_few_charts() -> None:
    """The empty state has its sentence; hundreds of routes have a handful of charts and a line about the rest."""
    empty = thresholds(without_curves(fixtures.proven()))
    assert empty is not None
    assert (empty.empty, empty.cells) == (NO_SCORE, ())
    many = thresholds(fixtures.many_routes())
    assert many is not None
    assert 0 < len(many.cells) <= MOST
    assert "more routes have a curve" in many.more


@pytest.mark.parametrize("name", [name for name in STATES if name not in ("scan_only", "no_routes")])
def test_the_policy_is_yaml_that_follows_from_the_verdicts(name: str) -> None:
    """What is handed over parses, and uses the candidate's model exactly where the verdict moves the route."""
    findings = STATES[name]()
    found = handover(findings)
    assert found is not None
    if not any(r.verdict in (Verdict.SWITCH, Verdict.SPLIT) for r in findings.routes):
        assert (found.text, found.empty) == ("", NOTHING)
        return
    routes = yaml.safe_load(found.text)["routes"]
    for route in findings.routes[: len(routes)]:
        models = {candidate.tier: candidate.model for candidate in route.candidates}
        moved = route.verdict in (Verdict.SWITCH, Verdict.SPLIT)
        entry = routes[route.route]
        assert entry["use"] == (models[route.candidate or ""] if moved else route.incumbent)
        assert ("when" in entry) == (route.verdict is Verdict.SPLIT)


@pytest.mark.parametrize("payload", ['a": {use: x}  # ', "two\nlines", "{{x}}", "- !!python/object:os.system", "#c"])
def test_a_strangers_name_stays_one_yaml_key(payload: str) -> None:
    """A route name cannot add a line, a key or a tag to the policy."""
    found = handover(spoiled(payload))
    assert found is not None
    assert list(yaml.safe_load(found.text)["routes"]) == [payload]


def test_labels_stand_on_nothing() -> None:
    """Labels of points on a line avoid each other, the marks and the line, while there is room."""
    points = [(100.0, 100.0), (130.0, 104.0), (400.0, 90.0)]
    line = boxes_along(points)
    frame = Box(left=0, top=0, right=600, bottom=300)
    placed = place_labels(points, [(120.0, 30.0)] * 3, frame, avoid=line)
    assert all(not a.covers(b) for a, b in itertools.combinations(placed, 2))
    assert all(not box.covers(piece) for box in placed for piece in line)
    assert all(box.left >= 0 and box.right <= 600 for box in placed)
