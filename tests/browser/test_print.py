"""The report on paper."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession

from audit.report.html import render_html
from tests.browser.conftest import Write
from tests.browser.watched import Url, Watched, packed, pdf_pages
from tests.report import fixtures
from tests.report.fixtures import cases

pytestmark = pytest.mark.browser

SHEETS = {"A4": {}, "Letter": {"format": "Letter"}, "landscape": {"format": "A4", "landscape": True}}


@pytest.mark.parametrize("options", SHEETS.values(), ids=list(SHEETS))
def test_the_first_sheet_holds_the_verdict_and_the_table(browser: Browser, write: Write, options: Any) -> None:
    """Check 15: eight routes; sheet 1 has the headline, the column heads, every route, and then the total."""
    extra = (
        fixtures.route("code-review", 1_830.2, 44_000, fixtures.candidate(n=640, b=70, c=10, base=0.9)),
        fixtures.route("onboarding-chat", 702.9, 31_000, fixtures.candidate(n=91, b=2, c=1, saving=500.0)),
    )
    findings = fixtures.findings((*fixtures.proven().routes, *extra))
    with Watched(browser, write(findings, cases()), color_scheme="dark") as seen:
        first, *_ = pdf_pages(seen.page, **options)
        sheet = packed(first)
        for word in ("You paid", "Before you use this number", "Quality change", *(r.route for r in findings.routes)):
            assert packed(word) in sheet, word
        assert sheet.index("Total$33,1") > max(sheet.index(route.route) for route in findings.routes)
        assert "$16,068" in first


@pytest.mark.parametrize("options", SHEETS.values(), ids=list(SHEETS))
def test_the_brief_fits_on_two_sheets(browser: Browser, tmp_path: Path, options: Any) -> None:
    """The headline, the routes, what to do next and the policy; the rest is named, and stands in the full report."""
    page = tmp_path / "brief.html"
    page.write_text(render_html(fixtures.split(), cases(), brief=True), "utf-8")
    with Watched(browser, page.as_uri()) as seen:
        sheets = pdf_pages(seen.page, **options)
        links = seen.page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.hash.slice(1))")
        missing = [name for name in links if seen.page.locator(f"[id='{name}']").count() != 1]
    assert len(sheets) <= 2
    assert missing == []
    for word in ("You paid", "What to do next", "Routing policy to hand over", "the full report"):
        assert any(packed(word) in packed(sheet) for sheet in sheets), word
    assert not any("Provenance" in sheet for sheet in sheets)


def test_dark_screens_print_on_white_paper(browser: Browser, state_url: Url) -> None:
    """Check 16: from a dark browser, white paper and dark text."""
    with Watched(browser, state_url("proven"), color_scheme="dark") as seen:
        seen.page.emulate_media(media="print", color_scheme="dark")
        paper, ink = seen.page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
        )
        assert paper == "rgb(255, 255, 255)"
        assert sum(map(int, re.findall(r"\d+", ink))) < 120


def test_nothing_is_cut_in_two(browser: Browser, state_url: Url) -> None:
    """Check 17: each chart and case on one sheet, no heading at the end of one, closed cases open, no buttons."""
    with Watched(browser, state_url("split")) as seen:
        charts = seen.page.evaluate("""() => [...document.querySelectorAll("svg.only-w, figure svg")]
            .map(svg => [svg.querySelector("title").textContent,
                [...svg.querySelectorAll("text")].map(t => t.textContent)])""")
        details = seen.page.evaluate("""() => [...document.querySelectorAll("details.case")]
            .map(d => [d.querySelector(".id").textContent, d.querySelector(".crit tr:last-child th").textContent,
                d.textContent.length])""")
        headings = [packed(text) for text in seen.page.locator("h2, h3").all_text_contents()]
        seen.page.emulate_media(media="print")
        assert not seen.page.locator("nav").is_visible()
        assert seen.page.locator("button:visible").count() == 0
        sheets = [packed(sheet) for sheet in pdf_pages(seen.page)]
    assert any("$17,488" in sheet for sheet in sheets)
    assert any("NordlichtGmbH" in sheet for sheet in sheets)
    for title, texts in charts:
        if texts:
            assert any(all(packed(text) in sheet for text in texts) for sheet in sheets), title
    for case_id, last, length in details:
        if length < 3_000:
            assert any(case_id in sheet and packed(last) in sheet.split(case_id, 1)[1] for sheet in sheets), case_id
    for sheet in sheets[:-1]:
        assert not [text for text in headings if text and sheet.endswith(text)]


def test_instructions_of_a_route_are_printed_once(browser: Browser, write: Write) -> None:
    """Cases with the instructions of the case above them say so; on screen each has its own, to be opened."""
    asked = [replace(one, request=f"system: Be brief with {one.route}.\nuser: {one.request}") for one in cases()]
    routes = {one.route for one in asked}
    assert len(asked) > len(routes)
    with Watched(browser, write(fixtures.proven(), asked)) as seen:
        assert seen.page.locator("details.sys pre").count() == len(asked)
        paper = packed("".join(pdf_pages(seen.page)))
    for route in routes:
        assert paper.count(packed(f"Be brief with {route}.")) == 1, route
    assert paper.count(packed("are those of the case above")) == len(asked) - len(routes)


def work_s(devtools: CDPSession) -> float:
    """Seconds that the page's tasks have taken so far."""
    metrics = devtools.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def test_hundreds_of_routes_stay_light(browser: Browser, state_url: Url) -> None:
    """Check 22: 300 routes: under 1 MB and 5,000 nodes, a second of work to load, at most 12 sheets; sums are right."""
    with Watched(browser, state_url("many_routes")) as seen:
        assert seen.page.evaluate("document.querySelectorAll('*').length") < 5_000
        assert seen.page.evaluate("performance.getEntriesByType('navigation')[0].decodedBodySize") < 1_000_000
        # Processor time of the page's own thread, whatever else the machine does.
        devtools = seen.page.context.new_cdp_session(seen.page)
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = work_s(devtools)
        seen.page.reload()
        assert 0 < work_s(devtools) - before < 1
        assert seen.page.locator("#route-table tbody tr").count() == 20
        for column in ("Paid", "Avoidable"):
            cells = seen.page.locator(f"#route-table [data-l={column}] .big").all_inner_texts()
            *parts, total = [int(re.sub(r"\D", "", cell)) for cell in cells]
            assert len(parts) == 21
            assert sum(parts) == total
        assert len(pdf_pages(seen.page)) <= 12
