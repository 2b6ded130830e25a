"""Criteria that compare with today's own answers accept them by construction: no output calls that a share."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from audit.core.criteria import CriteriaCheck, Grade
from audit.core.finding import Findings
from audit.core.recommendation import TODAY_UNMEASURED
from audit.findings.totals import totals
from audit.gate.decide import State, judge, with_names
from audit.gate.text import text_lines
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.terminal import plain, summary_lines
from audit.report.tradeoff import tradeoff
from tests.report import fixtures


def graded(grade: Grade) -> Findings:
    """A run with one route of this grade, the rest by the right answer."""
    found = fixtures.proven()
    made = [replace(route.recommendation, grade=Grade.RIGHT) for route in found.routes]
    made[0] = replace(made[0], grade=grade)
    routes = tuple(replace(route, recommendation=one) for route, one in zip(found.routes, made, strict=True))
    sums = totals(routes, spend_usd=found.spend_usd, days=found.days, level=found.confidence)
    return replace(
        found,
        routes=routes,
        accepted_before=sums.accepted_before,
        accepted_after=sums.accepted_after,
        accepted_change=sums.accepted_change,
    )


@pytest.mark.parametrize("grade", [Grade.AGREEMENT, Grade.RIGHT])
def test_what_today_accepts_by_construction_is_not_measured(grade: Grade) -> None:
    """Neither alone nor in a sum; the change is told as ever, and a rule about the share is answered with why."""
    found, unmeasured = graded(grade), grade is Grade.AGREEMENT
    route = found.routes[0]
    assert (found.accepted_before is None) == (found.accepted_after is None) == unmeasured
    assert found.accepted_change == graded(Grade.RIGHT).accepted_change
    (line,) = [one for one in plain(summary_lines(found, width=92)).splitlines() if "Accepted answers" in one]
    assert ("not measured" in line) == unmeasured
    assert "pts overall, margin" in line
    page = render_html(found, [])
    assert (TODAY_UNMEASURED in page) == (">not measured<" in page) == unmeasured
    assert summary_markdown(found)
    rules = [
        "accept_rate >= 50%",
        f"accept_rate{{route:{route.route}}} >= 50%",
        f"accept_rate{{route:{route.route},tier:*}} >= 1%",
    ]
    decision = judge(found, with_names(rules))
    said = "\n".join(text_lines(decision))
    assert (said.count(TODAY_UNMEASURED) >= len(rules)) == unmeasured
    assert all(check.state is State.INCONCLUSIVE for check in decision.checks) == unmeasured
    delta = judge(found, with_names([f"quality_delta{{route:{route.route}}} >= -3pt"]))
    assert delta.state is State.PASS


@pytest.mark.parametrize("grade", [Grade.AGREEMENT, Grade.RIGHT])
def test_no_chart_and_no_row_of_a_criterion_calls_it_accepted(grade: Grade) -> None:
    """The point and the row of today, the labels beside the others, and today's share by each criterion of its own."""
    found, unmeasured = graded(grade), grade is Grade.AGREEMENT
    section = tradeoff(found, "30 days")
    assert section is not None
    assert section.numbers is not None
    wide = max(section.plots, key=lambda plot: plot.width)
    subs = {spot.css: spot.sub for spot in wide.spots}
    assert ("not measured" in subs["now"]) == unmeasured
    assert subs["pick"].endswith("accepted if today’s are right" if unmeasured else "accepted")
    assert (section.numbers.rows[0][3] == "not measured") == unmeasured
    assert ("of answers accepted if today’s are right" in section.finding) == (
        unmeasured and "of answers accepted" in section.finding
    )

    route = next(one for one in found.routes if one.candidates)
    first, *others = route.candidates[0].criteria
    check = CriteriaCheck(grade=grade, grades={first.name: grade} | {one.name: Grade.RIGHT for one in others})
    with_check = replace(found, routes=(replace(route, criteria=check),))
    page = render_html(with_check, [])
    today = [re.search(rf">{re.escape(one.name)}</bdi></th>.*?</tr>", page, re.DOTALL) for one in (first, *others)]
    assert all(today)
    assert ["not measured" in row[0] for row in today if row] == [unmeasured, *(False for _ in others)]
