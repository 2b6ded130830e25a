"""Every figure that any output prints of a route is one of its recommendation, whatever the verdicts are."""

from __future__ import annotations

import dataclasses
import html
import json
import re
from collections.abc import Iterable
from urllib.parse import unquote

import pytest

from audit.core.criteria import Grade
from audit.core.display import (
    compact,
    count,
    milliseconds,
    money_digits,
    percent,
    points,
    points_interval,
    usd,
    usd_at,
    usd_ends,
    usd_interval,
    usd_rate,
)
from audit.core.finding import CandidateVerdict, Findings, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.plain import from_plain, to_plain
from audit.flow.comparison import compare
from audit.gate.decide import GateDecision, interval_text, judge, with_names
from audit.gate.document import as_document
from audit.gate.github import github_lines
from audit.gate.junit import junit_xml
from audit.gate.markdown import markdown
from audit.gate.text import text_lines
from audit.report import charts
from audit.report.focus import focus_csv
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.routes import ends_text, money_columns
from audit.report.terminal import plain, summary_lines
from audit.report.words import STATUS, decides, margin_points, range_text, rule_text, score_text, verdict_line
from tests.report.random_findings import random_findings

SEEDS = range(60)
FIGURE = re.compile(r"\d[\d,]*\.?\d*")
CANDIDATE_COLOURS = {
    CandidateVerdict.NON_INFERIOR: "switch",
    CandidateVerdict.INFERIOR: "keep",
    CandidateVerdict.NOT_PROVEN: "open",
    CandidateVerdict.INSUFFICIENT: "open",
}
GATE = ("quality_delta{route:*} >= -3pt", "accept_rate{route:*} >= 50%", "avoidable_usd{route:*} >= $0")


def figures(text: str) -> set[str]:
    """Figures in a text, without signs and units."""
    return {found.rstrip(".,") for found in FIGURE.findall(text)}


def said_of(findings: Findings, route: RouteFinding) -> set[str]:
    """Every figure that may be said of a route: what was paid, its margin, its names, and its recommendation."""
    made, index = route.recommendation, str(findings.routes.index(route))
    paid, avoidable = money_columns(findings)
    total = findings.avoidable_usd.est
    texts: list[str] = [
        route.route, made.incumbent, made.tier or "", made.model or "", *(c.tier for c in route.candidates),
        paid[index], avoidable[index], usd(route.spend_usd), usd(route.auditable_usd), usd(made.saving_usd.est),
        usd_interval(made.saving_usd), range_text(made.saving_usd), ends_text(made.saving_usd, total),
        usd_rate(route.spend_usd / route.requests * 1000), count(route.requests), usd(route.up_to_usd),
        compact(route.requests),
        margin_points(route.margin), points(-route.margin), f"{route.margin * 100:g}",
        count(made.pairs.n), count(made.moves.requests), percent(made.moves.share), percent(made.moves.share_escalated),
        usd(made.moves.spend_usd or 0.0), usd_interval(made.cost_usd), count(made.moved_pairs.n),
        *(count(value) for table in (made.pairs, made.moved_pairs) for value in dataclasses.astuple(table)),
        *(milliseconds(one) for when in (made.latency_ms, made.latency_today_ms) for one in (when.p50, when.p95)),
        monthly(findings, made.saving_usd), decides(route.needs_more), interval_text(route.accepted_rate, "%"),
        percent(route.floor or 0.0), rule_text(made.params), score_text(float(made.params.get("threshold", 0.0))),
        "50 95 2 1k",
    ]  # fmt: skip
    if route.curve is not None and not made.moves_traffic:
        texts += [percent(route.curve.safe_share), "10%"]
    for delta in (made.quality_delta, made.moved_delta, made.deciding_delta):
        if delta is not None:
            ends = [-end for end in (delta.lo,) if end is not None]
            texts += [points_interval(delta), *(f"{abs(end) * 100:.1f}" for end in ends)]
    for rate in (made.accepted_after, route.accepted_rate):
        texts += [interval_text(rate, "%")] if rate is not None else []
    return set().union(*map(figures, texts))


def monthly(findings: Findings, saved: Estimate) -> str:
    """A saving at the window's rate, for a month of 30 days, as precise as the whole month's."""
    if not findings.days or saved.lo is None or saved.hi is None:
        return ""
    month = saved.scaled(30 / findings.days)
    digits = money_digits(findings.avoidable_usd.est * 30 / findings.days)
    return " ".join([usd_at(month.est, digits), *usd_ends(month.lo or 0.0, month.hi or 0.0, digits)])


def stray(texts: Iterable[str], allowed: set[str]) -> set[str]:
    """Figures in texts that are none of the allowed."""
    return set().union(*map(figures, texts)) - allowed


def words(markup: str) -> str:
    """The text of some markup that people read or have read to them; charts' coordinates are none."""
    titles = re.findall(r"<(?:title|desc)[^>]*>(.*?)</", markup, re.DOTALL)
    texts = re.findall(r"<text[^>]*class=\"(?:value|name)\"[^>]*>(.*?)</text>", markup, re.DOTALL)
    rest = re.sub(r"<svg.*?</svg>", " ", markup, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", " ".join([rest, *titles, *texts])))


def parts(page: str, name: str) -> dict[str, str]:
    """What the report draws of one route: its row, its rows in both forest plots, its evidence, curve and policy."""
    forest = re.findall(rf"<g><title>{name}: .*?</g>", page, re.DOTALL)
    row = re.search(rf"<tr role=\"row\"[^>]*>(?:(?!</tr>).)*>{name}<.*?</tr>", page, re.DOTALL)
    article = re.search(rf"<article class=\"ev\"[^>]*>\s*<h3><bdi>{name}</bdi>.*?</article>", page, re.DOTALL)
    caption = re.search(
        rf"cell-h\"><bdi title=\"{name}\">(?:(?!</figure>).)*<figcaption>(.*?)</figcaption>", page, re.DOTALL
    )
    assert row is not None
    assert article is not None
    # Candidates have figures of their own, which their folded tables show.
    shown = re.sub(r"<details class=\"(?:cands|costs).*?</details>", "", article[0], flags=re.DOTALL)
    # The mix is the log's, not the verdict's.
    told = re.sub(r"<td role=\"cell\" data-l=\"Mix\">.*?</td>", "", row[0], flags=re.DOTALL)
    todo = re.search(rf"<li class=\"t-[a-z]+\"><b>[^<]*{name}(?![\w-])[^<]*</b>.*?</li>", page, re.DOTALL)
    policy = re.search(rf"(?:  # [^\n]*\n)  {name}:[^\n]*\n(?:    [^\n]*\n)*", html.unescape(page))
    return {
        "row": words(told),
        "forest": words(" ".join(forest)),
        "evidence": words(shown),
        "curve": words(caption[1]) if caption else "",
        "policy": policy[0] if policy else "",
        "next": words(todo[0]) if todo else "",
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_the_report_draws_the_recommendation(seed: int) -> None:
    """Row, interval, evidence, curve and policy of a route hold no figure but those of its recommendation."""
    findings = random_findings(seed)
    page = render_html(findings, [])
    for route in findings.routes:
        allowed = said_of(findings, route)
        for part, text in parts(page, route.route).items():
            assert not stray([text], allowed), (part, text)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_rows_of_the_texts_draw_the_recommendation(seed: int) -> None:
    """`summary.md`, the terminal and the FOCUS table."""
    findings = random_findings(seed)
    markdown_lines = summary_markdown(findings).splitlines()
    lines = plain(summary_lines(findings, width=140)).splitlines()
    table = focus_csv(findings).splitlines()
    for route in findings.routes:
        allowed = said_of(findings, route)
        # Every line that names this route alone: its row, and what is said of it elsewhere.
        others = [other.route for other in findings.routes if other is not route]
        told, shown = (
            [line for line in text if route.route in line and not any(other in line for other in others)]
            for text in (markdown_lines, lines)
        )
        assert any(line.startswith(f"| {route.route} |") for line in told)
        assert any(line.strip().startswith(route.route) for line in shown)
        assert not stray([html.unescape(line) for line in told], allowed)
        assert not stray(shown, allowed)
        made = route.recommendation
        cells = dict(
            zip(table[0].split(","), next(line for line in table if route.route in line).split(","), strict=True)
        )
        assert cells["x_Verdict"] == made.verdict.value
        assert float(cells["x_AvoidableCost"]) == pytest.approx(made.saving_usd.est, abs=1e-6)
        assert float(cells["x_ShareMoved"]) == pytest.approx(made.moves.share, abs=1e-6)
        assert made.deciding_delta is not None
        assert float(cells["x_QualityDelta"]) == pytest.approx(made.deciding_delta.est, abs=1e-6)
        assert points_interval(made.deciding_delta) in verdict_line(route)
        assert (made.deciding_words in verdict_line(route)) or not made.by_content
        (side,) = (one.after for one in compare(findings, findings).routes if one.route == route.route)
        assert side is not None
        assert side.quality_delta == made.deciding_delta


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gate_judges_the_recommendation(seed: int) -> None:
    """Value and pairs of every check, in every format, are the recommendation's; of a route that stays, today's."""
    findings = random_findings(seed)
    decision = judge(findings, with_names(GATE))
    by_name = {route.route: route for route in findings.routes}
    for rule in decision.rules:
        for check in rule.checks:
            route = by_name[check.subject]
            assert check.value == expected(rule.when, route), (rule.when, check)
    for route in findings.routes:
        allowed = said_of(findings, route) | {"3.0", "50.0", "3", "0", "50"} | figures("needs 100 pairs")
        for text in printed(decision, findings):
            lines = [line for line in text if route.route in line]
            assert not stray(lines, allowed), lines


def expected(rule: str, route: RouteFinding) -> Estimate | None:
    """What a rule is held against."""
    made = route.recommendation
    if rule.startswith("avoidable"):
        return made.saving_usd
    if rule.startswith("accept_rate"):
        # Criteria that compare with today's own answers measure no accepted share.
        if made.grade is Grade.AGREEMENT:
            return None
        return made.accepted_after if made.moves_traffic else route.accepted_rate
    return made.deciding_delta if made.moves_traffic else None


def printed(decision: GateDecision, findings: Findings) -> Iterable[list[str]]:
    """The decision in every format, as lines; of JSON and JUnit, which have more digits, what is a sentence."""
    yield text_lines(decision)
    yield [html.unescape(line) for line in markdown(decision, findings).splitlines()]
    yield [part for line in github_lines(decision) for part in unquote(line).splitlines()]
    yield re.findall(r"message=\"([^\"]*)\"", html.unescape(junit_xml(decision)))
    document = as_document(decision)
    yield [f"{check['subject']} {check['reason']}" for rule in document["rules"] for check in rule["checks"]]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_document_repeats_the_recommendation(seed: int) -> None:
    """What `findings.json` repeats beside the recommendation is the same; reading it back loses nothing."""
    findings = random_findings(seed)
    document = json.loads(json.dumps(to_plain(findings)))
    names = {"candidate": "tier", "avoidable_usd": "saving_usd", "savings_at_risk_usd": "saving_at_risk_usd"}
    for route in document["routes"]:
        made = route["recommendation"]
        for short in RouteFinding.REPEATED:
            value = made["moves"]["share"] if short == "share_moved" else made[names.get(short, short)]
            assert route[short] == value
    assert to_plain(from_plain(Findings, document)) == to_plain(findings)


def marks(page: str, name: str) -> list[set[str]]:
    """Colour classes of every quality interval that the report draws under a name: its line's and its point's."""
    title = html.escape(name)
    groups = re.findall(rf"<g><title>{title}: .*?</g>", page, re.DOTALL)
    groups += re.findall(rf"<title[^>]*>Quality change on {title}</title>.*?</svg>", page, re.DOTALL)
    return [set(re.findall(r"class=\"(?:iv i|p)-(\w+)\"", group)) for group in groups]


def miscoloured(findings: Findings) -> list[tuple[str, set[str]]]:
    """Intervals that are drawn in another colour than that of the verdict on what they show.

    Of a lone route every candidate has a row: it may be green only if all of the route could go there.
    """
    page = render_html(findings, [])
    expected = {route.route: STATUS[route.recommendation.verdict].css for route in findings.routes}
    if len(findings.routes) == 1:
        (route,) = findings.routes
        expected |= {f"all of it → {one.tier}": CANDIDATE_COLOURS[one.verdict] for one in route.candidates}
        if route.verdict is not Verdict.SPLIT:
            del expected[f"all of it → {route.recommendation.tier}"]
    drawn = {name: marks(page, name) for name in expected}
    assert all(drawn.values())
    return [(name, found) for name, groups in drawn.items() for found in groups if found != {expected[name]}]


@pytest.mark.parametrize("seed", SEEDS)
def test_colours_are_those_of_the_verdict_on_what_is_drawn(seed: int) -> None:
    """In the table and in the forest plot of either width."""
    assert not miscoloured(random_findings(seed))


def test_a_wrong_colour_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The old fault put back: a candidate's loss on all of a lone route, in the green of the Split above it."""
    drawn = charts._of_candidate
    monkeypatch.setattr(
        charts,
        "_of_candidate",
        lambda route, one, delta: dataclasses.replace(drawn(route, one, delta), verdict=route.verdict),
    )
    assert any(miscoloured(random_findings(seed)) for seed in SEEDS)


def test_the_worlds_hold_every_kind() -> None:
    """Lone routes and several, every verdict, every way to split: otherwise the tests above would show little."""
    worlds = [random_findings(seed) for seed in SEEDS]
    lone = {findings.routes[0].verdict for findings in worlds if len(findings.routes) == 1}
    kinds = {(bool(m.params.get("signal")), bool(m.params.get("verifier"))) for f in worlds for r in f.routes
             for m in [r.recommendation] if m.verdict is Verdict.SPLIT}  # fmt: skip
    assert lone == set(Verdict)
    assert kinds == {(True, False), (False, True), (True, True)}
