"""The sentences: one headline per state, exactly as written down."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from audit.core.criteria import Control, ControlResult, CriteriaCheck, Grade
from audit.core.display import usd
from audit.core.finding import NeedsMore, Verdict
from audit.core.interval import Estimate
from audit.core.mixture import UpperBound
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.routes import ends_text
from audit.report.terminal import plain, summary_lines
from audit.report.words import (
    action,
    banners,
    below_floor,
    carriers,
    change_text,
    criteria_note,
    graded_saving,
    headline_text,
    lede,
    range_text,
    settling,
    state_of,
    warning,
    window_text,
)
from tests.report import fixtures
from tests.report.fixtures import STATES

GOLDEN = json.loads((Path(__file__).parent / "headlines.json").read_text("utf-8"))


def test_every_state_has_a_golden_headline() -> None:
    """The golden file is about exactly the states that there are."""
    assert set(GOLDEN) == set(STATES)


@pytest.mark.parametrize("name", STATES)
def test_headlines(name: str) -> None:
    """State, headline and banners of each state."""
    findings = STATES[name]()
    said = {
        "state": state_of(findings),
        "h1": headline_text(findings),
        "lede": " ".join(lede(findings)),
        "banners": [banner.lead for banner in banners(findings)],
    }
    assert said == GOLDEN[name]


def test_only_tested_spend_is_called_avoidable() -> None:
    """Without a replay the word is not used."""
    findings = fixtures.scan_only()
    assert "avoidable" not in (headline_text(findings) + " ".join(lede(findings))).lower()


def test_a_log_without_an_upper_bound_says_nothing_has_been_tested() -> None:
    """No price for a cheaper tier, or none that is cheaper: no ceiling is named."""
    findings = fixtures.scan_only()
    dearer = UpperBound(tier="x", model="x", cost_usd=9.0, saving_usd=-1.0)
    for bound in (None, dearer):
        mix = dataclasses.replace(findings.mix, upper_bound=bound)
        assert headline_text(dataclasses.replace(findings, mix=mix)).endswith("days. Nothing has been tested.")


def test_an_incomplete_run_names_the_share() -> None:
    """The banner has the share of the plan and both counts."""
    [banner] = banners(fixtures.incomplete())
    assert banner.text.startswith("61% of the plan was replayed (3,904 of 6,400 calls).")


def test_demo_data_is_said_first() -> None:
    """Demo and simulated data have a banner each."""
    assert [banner.lead for banner in banners(fixtures.demo())] == ["Demo data", "Simulated data"]
    assert "local" in banners(fixtures.demo())[1].text


def test_a_route_below_its_floor_says_so() -> None:
    """The line names the route and its floor."""
    lines = [line for route in fixtures.below_floor().routes if (line := below_floor(route))]
    assert lines == [
        "contract-summary passes only 90.0% today, less than the 92% that you require; fix quality there before "
        "cutting cost."
    ]


def test_the_carriers_of_many_routes() -> None:
    """Hundreds of routes: how many carry nine tenths."""
    assert carriers(fixtures.many_routes()) == "90% of it comes from 70 of the 300 routes."


def test_what_would_settle_it_is_summed() -> None:
    """Replays and price add up; an unknown price leaves the price out."""
    findings = fixtures.all_open()
    assert settling(findings) == "About 2,800 more replays (≈\u00a0$1.42) would settle triage and weekly-digest."
    unknown = dataclasses.replace(findings.routes[0], needs_more=NeedsMore(replays=10, usd=None))
    assert "≈" not in settling(dataclasses.replace(findings, routes=(unknown, findings.routes[1])))
    assert settling(fixtures.all_keep()) == ""


def test_the_action_of_each_verdict() -> None:
    """What to do, in one sentence per verdict."""
    said = {route.verdict: action(route) for route in (*fixtures.proven().routes, *fixtures.split().routes)}
    assert said == {
        Verdict.SWITCH: "Send all of it to local",
        Verdict.SPLIT: "Send 36% to mini by similarity score; the rest stays on aurora-4",
        Verdict.KEEP: "Stay on aurora-4",
        Verdict.NOT_PROVEN: "Stay on aurora-4; about 1,400 more replays (≈\u00a0$0.71) would decide it",
    }


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-10-24", "2026-11-22", "24 Oct – 22 Nov 2026"),
        ("2025-12-24T00:00:00Z", "2026-01-22T23:59:59Z", "24 Dec 2025 – 22 Jan 2026"),
        ("2026-03-02", "2026-03-02", "2 Mar 2026"),
        (None, "2026-03-02", "unknown window"),
        ("soon", "later", "unknown window"),
    ],
)
def test_windows(start: str | None, end: str | None, expected: str) -> None:
    """Dates are written the same in every locale."""
    assert window_text(start, end) == expected


def test_changes_have_a_sign_and_a_glyph() -> None:
    """Up, down, unchanged, unknown."""
    assert [change_text(10, 11.3), change_text(10, 9.6), change_text(10, 10.01), change_text(None, 1)] == [
        "▲ +13%",
        "▼ −4%",
        "■ 0%",
        "–",
    ]


def test_what_the_criteria_are_worth_is_said() -> None:
    """Their grade and what they accept of damaged answers; a refusal stands as a line of its own; a split by grade."""
    share = Estimate(est=0.41, lo=0.3, hi=0.5, level=0.95)
    other = ControlResult(control=Control.ANOTHER, tried=100, accepted=41, share=share, limit=0.05)
    good = dataclasses.replace(other, accepted=0, share=dataclasses.replace(share, est=0.0, lo=0.0, hi=0.04))
    findings = fixtures.proven()
    route = dataclasses.replace(
        findings.routes[0], criteria=CriteriaCheck(grade=Grade.AGREEMENT, controls=(good,), confirmed=False)
    )
    assert "0% of 100 answers to other questions" in criteria_note(route)
    assert "nobody has confirmed them" in criteria_note(route)
    assert warning(dataclasses.replace(route, below_floor=False)) == ""
    refused = dataclasses.replace(route, candidates=(), criteria=CriteriaCheck(grade=Grade.RIGHT, controls=(other,)))
    assert "your criteria accept 41% of answers to other questions" in warning(refused)
    form = dataclasses.replace(route, candidates=(), criteria=CriteriaCheck(grade=Grade.FORM))
    assert "proves nothing about what it says" in warning(form)
    split = dataclasses.replace(findings, avoidable_by_grade={"agreement": 3.0, "right": 4.0})
    assert graded_saving(split) == "$4.00 by the right answer, $3.00 by agreement with the incumbent"
    mixed = dataclasses.replace(findings, avoidable_by_grade={"demanded": 2.0, "agreement": 3.0})
    assert graded_saving(mixed) == (
        "$3.00 by agreement with the incumbent, $2.00 by the text that you demand of every answer"
    )
    assert graded_saving(dataclasses.replace(findings, avoidable_by_grade={})) == ""


@pytest.mark.parametrize(
    ("low", "high"), [(160.72, 161.3), (28.31, 28.313), (1_240_100.0, 1_240_900.0), (-161.3, -160.8)]
)
def test_the_ends_of_an_interval_of_money_are_told_apart(low: float, high: float) -> None:
    """An interval whose ends round to one amount has more decimals; one without a width has none more."""
    estimate = Estimate(est=(low + high) / 2, lo=low, hi=high, level=0.95)
    for text in (range_text(estimate).split(" – "), re.findall(r"\$[\d,.]+M?", ends_text(estimate, high))):
        assert len(set(text)) == 2, text


def test_what_is_known_exactly_has_no_interval_on_any_face() -> None:
    """A log whose routes can all be served for nothing: the saving is what was paid."""
    found = fixtures.proven()
    routes = tuple(
        dataclasses.replace(
            route,
            recommendation=dataclasses.replace(
                route.recommendation, saving_usd=Estimate.exact(route.recommendation.saving_usd.est, 0.95)
            ),
        )
        for route in found.routes
    )
    findings = dataclasses.replace(
        found,
        routes=routes,
        avoidable_usd=Estimate.exact(found.avoidable_usd.est, 0.95),
        avoidable_share=Estimate.exact(found.avoidable_share.est, 0.95),
        yearly_usd=None if found.yearly_usd is None else Estimate.exact(found.yearly_usd.est, 0.95),
    )
    for text in (render_html(findings, fixtures.cases()), plain(summary_lines(findings)), summary_markdown(findings)):
        assert not re.findall(r"(\$[\d,.]+M?)(?: – |, )\1\b", text)
        assert f"interval {usd(findings.avoidable_usd.est)}" not in text
