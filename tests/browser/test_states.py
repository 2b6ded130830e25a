"""What holds in every state of the report: each is opened twice, and all checks read what was seen then.

Numbers in the docstrings are those of the list of checks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from audit.core.finding import RouteFinding, Verdict
from tests.browser.watched import Url, Watched
from tests.report.fixtures import STATES

pytestmark = pytest.mark.browser

GOLDEN = json.loads((Path(__file__).parents[1] / "report" / "headlines.json").read_text("utf-8"))

WORDS = {
    Verdict.SWITCH: "● Switch",
    Verdict.SPLIT: "◐ Split",
    Verdict.KEEP: "■ Keep",
    Verdict.NOT_PROVEN: "◇ Not proven",
}

VISITS: dict[str, dict[str, Any]] = {
    "light, wide, offline": {"color_scheme": "light", "viewport": {"width": 1280, "height": 800}, "offline": True},
    "dark, narrow, online": {"color_scheme": "dark", "viewport": {"width": 400, "height": 800}},
}

READ = """() => ({
    styled: [...document.querySelectorAll("*")]
        .filter(e => [...e.attributes].some(a => /^(on.*|style)$/i.test(a.name))).map(e => e.outerHTML.slice(0, 80)),
    overlapping: [...document.querySelectorAll("svg")].flatMap(svg => {
        if (!svg.getClientRects().length) return [];
        const boxes = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBBox()]);
        return boxes.flatMap(([one, a], i) => boxes.slice(i + 1).filter(([, b]) =>
            Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1 &&
            Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 3).map(([two]) => [one, two]));
    }),
    rows: [...document.querySelectorAll("#route-table tbody tr:has(.chip)")].map(row =>
        [row.querySelector("bdi").title, row.querySelector(".chip").innerText.trim()]),
    headline: document.querySelector("h1").innerText,
    banners: [...document.querySelectorAll(".banner b")].map(b => b.innerText),
})"""


@dataclass(frozen=True, slots=True)
class Seen:
    """One state in one visit: what the browser said, which addresses it asked for besides the file, what it drew."""

    said: list[str]
    asked: list[str]
    drawn: Mapping[str, Any]


@pytest.fixture(scope="module")
def visits(browser: Browser, state_url: Url) -> dict[tuple[str, str], Seen]:
    """Every state in every visit."""
    found: dict[tuple[str, str], Seen] = {}
    for visit, options in VISITS.items():
        with Watched(browser, "about:blank", **options) as seen:
            for name in STATES:
                seen.said.clear()
                seen.asked.clear()
                seen.page.goto(state_url(name))
                drawn = seen.page.evaluate(READ)
                asked = list(seen.asked)
                if state_url(name) in asked:
                    asked.remove(state_url(name))
                found[name, visit] = Seen(list(seen.said), asked, drawn)
    return found


Visits = dict[tuple[str, str], Seen]


def test_it_is_silent(visits: Visits) -> None:
    """Check 1: no console message and no page error on load, light and dark, in every state."""
    assert {place: seen.said for place, seen in visits.items() if seen.said} == {}


def test_it_asks_for_nothing_but_itself(visits: Visits) -> None:
    """Check 2: the only request is the file, with the network there and with it cut."""
    assert {place: seen.asked for place, seen in visits.items() if seen.asked} == {}


def test_no_element_has_a_style_or_a_handler(visits: Visits) -> None:
    """Check 5: no `style` and no `on…` attribute on any element, in every state."""
    assert {place: seen.drawn["styled"] for place, seen in visits.items() if seen.drawn["styled"]} == {}


def test_every_verdict_follows_from_its_interval(visits: Visits) -> None:
    """Check 20: a row says Switch only when its interval stays above the margin, with 100 pairs and a saving."""
    checked = 0
    for (name, _), seen in visits.items():
        routes = {route.route: route for route in STATES[name]().routes}
        assert bool(seen.drawn["rows"]) is (name not in ("no_routes", "scan_only")), name
        for shown, chip in seen.drawn["rows"]:
            finding = routes[shown.replace("⟦U+202E⟧", "\u202e")]
            assert chip == WORDS[finding.verdict], name
            follows(finding)
            checked += 1
    assert checked > 100


def follows(finding: RouteFinding) -> None:
    """The written rule."""
    if finding.verdict not in (Verdict.SWITCH, Verdict.SPLIT):
        assert finding.avoidable_usd.est == 0
        return
    assert finding.quality_delta is not None
    assert finding.quality_delta.lo is not None
    assert finding.quality_delta.lo > -finding.margin
    assert finding.candidates[0].n >= 100
    assert finding.avoidable_usd.est > 0


def test_labels_do_not_overlap(visits: Visits) -> None:
    """Check 21: no two texts of a chart share space, in any state, wide and narrow."""
    assert {place: seen.drawn["overlapping"] for place, seen in visits.items() if seen.drawn["overlapping"]} == {}


def test_the_first_line_of_every_state(visits: Visits) -> None:
    """Check 21: the headline of each state as it was agreed, and its banners above it."""
    for (name, visit), seen in visits.items():
        assert seen.drawn["headline"] == GOLDEN[name]["h1"].replace("\u00a0", " "), (name, visit)
        assert [text.rstrip(".") for text in seen.drawn["banners"]] == GOLDEN[name]["banners"], (name, visit)
