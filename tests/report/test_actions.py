"""What follows from the verdicts, in order, with what it is worth."""

from __future__ import annotations

from dataclasses import replace

from audit.core.finding import Verdict
from audit.report.actions import MOST, action_list
from audit.report.routes import saved_text
from tests.report import fixtures
from tests.report.random_findings import random_findings


def test_moves_come_first_the_surest_saving_first() -> None:
    """Then what is to be mended, then what is open; each move with dollars a month."""
    for seed in range(60):
        findings = random_findings(seed)
        listed = action_list(findings)
        kinds = {"switch": 0, "split": 0, "keep": 1, "open": 2}
        found = [] if listed is None else [kinds[action.css] for action in listed.actions]
        assert found == sorted(found)
        moving = [route for route in findings.routes if route.recommendation.moves_traffic]
        moving.sort(key=lambda route: -(route.avoidable_usd.lo or 0.0))
        worth = [] if listed is None else [one.worth for one in listed.actions if kinds[one.css] == 0]
        wanted = [f"{saved_text(route, findings, 30 / findings.days)} a month" for route in moving]
        assert worth == wanted[:MOST]
        if listed is not None:
            assert listed.moves == bool(moving)
            assert bool(listed.ask) == bool(moving)


def test_a_log_without_dates_has_no_month() -> None:
    """Its dollars are those of the log."""
    listed = action_list(replace(fixtures.proven(), days=0))
    assert listed is not None
    assert listed.actions[0].worth.endswith("in this log")


def test_a_route_below_its_floor_is_to_be_mended() -> None:
    """No saving is the question there."""
    listed = action_list(fixtures.below_floor())
    assert listed is not None
    assert any(one.lead.startswith("Mend the answers of") and not one.worth for one in listed.actions)


def test_where_nothing_follows_nothing_is_listed() -> None:
    """Routes that are all kept."""
    assert action_list(fixtures.all_keep()) is None


def test_a_plan_of_many_actions_is_cut_and_says_so() -> None:
    """Three hundred routes: the first few, and how many more."""
    listed = action_list(fixtures.many_routes())
    assert listed is not None
    assert len(listed.actions) == MOST
    assert listed.more > 0


def test_a_route_that_waits_for_its_criteria_is_on_the_list() -> None:
    """Whatever stands in the way of a test is something to do, and each of the sentences begins as one."""
    waiting = 0
    for seed in range(60):
        listed = action_list(random_findings(seed))
        for one in () if listed is None else listed.actions:
            assert one.text[0].isupper()
            assert one.text.endswith(".")
            assert not one.worth or one.worth[0] in "U$−"
    for findings in (fixtures.proven(), fixtures.below_floor()):
        route = findings.routes[0]
        made = replace(
            route.recommendation, verdict=Verdict.NOT_PROVEN, reason="its criteria see the form of an answer alone"
        )
        open_ = replace(route, recommendation=made, candidates=(), needs_more=None, up_to_usd=0.0, below_floor=False)
        listed = action_list(replace(findings, routes=(open_,)))
        assert listed is not None
        waiting += [one.text for one in listed.actions] == ["Its criteria see the form of an answer alone."]
    assert waiting == 2
