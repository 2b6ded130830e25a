"""The report in a real browser. Numbers in the docstrings are those of the checks in the design."""

from __future__ import annotations

import io
import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from audit.core.finding import RouteFinding, Verdict
from audit.report.html import render_html
from audit.report.terminal import plain, summary_lines
from tests.browser.conftest import Write
from tests.report import fixtures
from tests.report.fixtures import STATES, cases
from tests.report.hostile import spoiled, spoiled_cases

pytestmark = pytest.mark.browser

Url = Callable[[str], str]

HOSTILE = (
    "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"></title></textarea>"
    "<!--<svg onload=\"document.title='taken'\">' onmouseover='document.title=1' \u202e\u2028"
)
LIVE = "img, iframe, object, embed, base, link, form, [onerror], [onload]"


class Watched:
    """A page that keeps what the browser says and asks for."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.goto(url)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_silent_and_asks_for_nothing(browser: Browser, state_url: Url, scheme: Any) -> None:
    """Checks 1, 2 and 5: no console message, no error, one request, no style or handler attribute, in every state."""
    urls = [state_url(name) for name in STATES]
    with Watched(browser, urls[0], color_scheme=scheme, offline=True) as seen:
        for url in urls:
            seen.asked.clear()
            seen.page.goto(url)
            assert (seen.said, seen.asked) == ([], [url])
            odd = seen.page.evaluate("""[...document.querySelectorAll("*")]
                .filter(e => [...e.attributes].some(a => /^(on.*|style)$/i.test(a.name))).length""")
            assert odd == 0


def test_injected_code_does_not_run(browser: Browser, state_url: Url) -> None:
    """Check 6: a script and a handler put into the page are refused."""
    with Watched(browser, state_url("proven")) as seen:
        seen.page.evaluate("""() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken'";
            document.body.append(script);
            const holder = document.createElement("div");
            holder.innerHTML = "<img src=x onerror=\\"document.title = 'taken'\\">";
            document.body.append(holder);
        }""")
        seen.page.wait_for_timeout(100)
        assert "taken" not in seen.page.title()
        assert len([text for text in seen.said if "Content Security Policy" in text]) >= 2


def test_a_changed_script_does_not_run(
    browser: Browser, state_url: Url, file_of: Callable[[str], Path], tmp_path: Path
) -> None:
    """Check 6: one byte of the script changed, and the browser refuses it; the page still reads."""
    html = file_of(state_url("proven")).read_text("utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(html.replace('"use strict";', '"use strict" ;'), "utf-8")
    with Watched(browser, changed.as_uri()) as seen:
        assert seen.page.locator(".sort").count() == 0
        assert any("Content Security Policy" in text for text in seen.said)
        assert seen.page.locator("h1").inner_text().startswith("You paid $30,629")


def test_hostile_text_is_shown_as_text(browser: Browser, write: Write) -> None:
    """Checks 7 and 8: in every field, it makes no element and no dialog, and the title stays ours."""
    with Watched(browser, write(spoiled(HOSTILE), spoiled_cases(HOSTILE))) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert (seen.said, seen.dialogs, len(seen.asked)) == ([], [], 1)
        assert seen.page.title().startswith("LLM spend audit")
        assert seen.page.evaluate("document.scripts.length") == 2
        assert seen.page.locator(LIVE).count() == 0
        assert "<img src=x onerror=" in seen.page.locator("#evidence").inner_text()
        island = json.loads(seen.page.locator("#findings").text_content() or "")
        assert island["routes"][0]["route"] == HOSTILE


def test_it_works_without_scripts(browser: Browser, state_url: Url) -> None:
    """Check 10: headline, tables, charts, tabs and details are there with scripts off."""
    with Watched(browser, state_url("proven"), java_script_enabled=False) as seen:
        page = seen.page
        assert page.locator("h1").inner_text().startswith("You paid $30,629")
        assert page.locator("#route-table tbody tr").count() == 6
        assert page.locator("svg.only-w").first.is_visible()
        assert page.locator(".sort").count() == 0
        assert page.locator(".pane0").is_visible()
        page.locator("label[for=tab1]").click()
        assert page.locator(".pane1").is_visible()
        assert not page.locator(".pane0").is_visible()
        page.locator("details.case summary").first.click()
        assert page.locator("details.case .pair").first.is_visible()


@pytest.mark.parametrize("name", ["proven", "long_names", "other_scripts", "many_routes", "scan_only"])
def test_the_page_does_not_scroll_sideways(browser: Browser, state_url: Url, name: str) -> None:
    """Checks 11 and 12: only inner regions scroll, and they can be reached and have a name."""
    with Watched(browser, state_url(name)) as seen:
        seen.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for width in (320, 400, 768, 1280):
            seen.page.set_viewport_size({"width": width, "height": 800})
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            regions = seen.page.evaluate("""() => [...document.querySelectorAll("*")].filter(e => {
                const style = getComputedStyle(e).overflowX;
                return (style === "auto" || style === "scroll") && e.scrollWidth > e.clientWidth + 1 && e.clientWidth;
            }).map(e => [e.tagName, e.tabIndex, e.getAttribute("aria-label")])""")
            assert [r for r in regions if r[0] not in ("NAV", "PRE") and (r[1] != 0 or not r[2])] == []


@pytest.mark.parametrize("width", [1280, 400])
def test_labels_do_not_overlap(browser: Browser, state_url: Url, width: int) -> None:
    """Check 21: no two texts of a chart share space, in any state."""
    found = {}
    with Watched(browser, state_url("proven"), viewport={"width": width, "height": 800}) as seen:
        for name in STATES:
            seen.page.goto(state_url(name))
            found[name] = seen.page.evaluate("""() => [...document.querySelectorAll("svg")].flatMap(svg => {
                if (!svg.getClientRects().length) return [];
                const boxes = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBBox()]);
                return boxes.flatMap(([one, a], i) => boxes.slice(i + 1).filter(([, b]) =>
                    Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 1 &&
                    Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 3).map(([two]) => [one, two]));
            })""")
    assert {name: pairs for name, pairs in found.items() if pairs} == {}


def test_sorting_by_keyboard(browser: Browser, state_url: Url) -> None:
    """Checks 13 and 14: Enter sorts by Paid, again reverses, `aria-sort` says so, and the total stays last."""
    with Watched(browser, state_url("proven")) as seen:
        page = seen.page
        button = page.get_by_role("button", name="Sort by Paid")
        button.focus()
        page.keyboard.press("Enter")
        header = page.locator("th[data-sort=paid]")
        names = page.locator("#route-table tbody th bdi")
        assert header.get_attribute("aria-sort") == "descending"
        assert names.all_inner_texts()[:3] == ["invoice-fields", "contract-summary", "ticket-routing"]
        page.keyboard.press("Enter")
        assert header.get_attribute("aria-sort") == "ascending"
        assert names.first.inner_text() == "weekly-digest"
        assert page.locator("th[data-sort=avoidable]").get_attribute("aria-sort") == "none"
        assert page.locator("#route-table tr").last.inner_text().startswith("Total")


def test_the_keyboard_reaches_everything_in_order(browser: Browser, state_url: Url) -> None:
    """Check 13: Tab goes down the page, with a visible ring at every stop, the skip link first."""
    with Watched(browser, state_url("proven"), viewport={"width": 1280, "height": 900}) as seen:
        page, stops = seen.page, []
        for _ in range(80):
            page.keyboard.press("Tab")
            stop = page.evaluate("""() => {
                const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
                const sticky = e.closest(".top") ? -1e6 : 0;
                return [e.tagName, e.textContent.trim().slice(0, 30), box.top + scrollY + sticky, style.outlineStyle];
            }""")
            if stop[0] == "BODY":
                break
            stops.append(stop)
        assert stops[0][1] == "Skip to the verdict"
        tops = [stop[2] for stop in stops[1:]]
        assert len(stops) > 20
        assert all(later >= earlier - 60 for earlier, later in itertools.pairwise(tops))
        assert [stop for stop in stops if stop[3] == "none" and stop[0] != "INPUT"] == []


def test_filtering_by_verdict(browser: Browser, state_url: Url) -> None:
    """With many routes, a verdict can be picked, in the other routes too; picking it again shows all."""
    with Watched(browser, state_url("many_routes")) as seen:
        page = seen.page
        page.get_by_role("button", name="Keep 100").click()
        assert page.locator("#routes tr[data-v]:visible").count() == 100
        assert page.locator("#routes tr[data-v=switch]:visible").count() == 0
        page.get_by_role("button", name="Keep 100").click()
        assert page.locator("#route-table tr[data-v]:visible").count() == 20


def pdf_pages(page: Page, **options: Any) -> list[str]:
    """Text of each page of the printed report."""
    pypdf = pytest.importorskip("pypdf", reason="reading PDF text needs pypdf")
    data = page.pdf(prefer_css_page_size=not options, print_background=True, **options)
    return [re.sub(r"\s+", " ", sheet.extract_text()) for sheet in pypdf.PdfReader(io.BytesIO(data)).pages]


@pytest.mark.parametrize("options", [{}, {"format": "Letter"}], ids=["A4", "Letter"])
def test_the_first_sheet_holds_the_verdict_and_the_table(browser: Browser, write: Write, options: Any) -> None:
    """Check 15: eight routes; sheet 1 has the headline, the column heads, every route and the total."""
    extra = (
        fixtures.route("code-review", 1_830.2, 44_000, fixtures.candidate(n=640, b=70, c=10, base=0.9)),
        fixtures.route("onboarding-chat", 702.9, 31_000, fixtures.candidate(n=91, b=2, c=1, saving=500.0)),
    )
    findings = fixtures.findings((*fixtures.proven().routes, *extra))
    with Watched(browser, write(findings, cases()), color_scheme="dark") as seen:
        first, *_ = pdf_pages(seen.page, **options)
        for word in ("You paid", "Before you use this number", "Quality change", *(r.route for r in findings.routes)):
            assert word in first.replace("- ", "-"), word
        assert first.rindex("Total") > first.replace("- ", "-").rindex("onboarding-chat") - 40
        assert "$16,068" in first


def test_print_opens_what_is_closed_and_leaves_out_what_cannot_be_used(browser: Browser, state_url: Url) -> None:
    """Checks 16 and 17: white paper from a dark browser, closed cases open, no navigation or buttons."""
    with Watched(browser, state_url("proven"), color_scheme="dark") as seen:
        seen.page.emulate_media(media="print", color_scheme="dark")
        assert seen.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not seen.page.locator("nav").is_visible()
        assert seen.page.locator(".sort:visible").count() == 0
        assert "Nordlicht GmbH" in " ".join(pdf_pages(seen.page))


def test_hundreds_of_routes_print_on_few_sheets(browser: Browser, state_url: Url) -> None:
    """Check 22: 300 routes load within a second and print on at most 12 sheets."""
    with Watched(browser, state_url("many_routes")) as seen:
        assert seen.page.evaluate("document.querySelectorAll('*').length") < 5_000
        loaded = seen.page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        assert loaded < 3_000
        assert len(pdf_pages(seen.page)) <= 12


@pytest.mark.parametrize("name", ["proven", "split", "many_routes", "one_day"])
def test_the_numbers_agree(browser: Browser, state_url: Url, name: str) -> None:
    """Check 18: headline, footer, sum of rows, chart, island and terminal have one avoidable amount."""
    findings = STATES[name]()
    with Watched(browser, state_url(name)) as seen:
        page = seen.page
        amount = page.locator("h1 em").inner_text()
        assert page.locator("#total-avoidable").inner_text() == amount
        cells = page.locator("#route-table tr:not(.total) td[data-l=Avoidable] b").all_inner_texts()
        assert sum(int(re.sub(r"\D", "", cell)) for cell in cells) == int(re.sub(r"\D", "", amount))
        assert f"{amount} avoidable, proven" in (page.locator("#bar1072-d").text_content() or "")
        island = json.loads(page.locator("#findings").text_content() or "")
        assert f"${round(island['avoidable_usd']['est']):,}" == amount
        assert re.search(rf"Avoidable +{re.escape(amount)} ", plain(summary_lines(findings)))


def scale_of(page: Page, chart: str) -> Callable[[float], float]:
    """The x scale of a forest plot, read off its own tick labels."""
    ticks = page.evaluate(f"""() => [...document.querySelectorAll("#{chart}-t")].flatMap(title =>
        [...title.parentNode.querySelectorAll(":scope > path.grid")].map(path =>
            [Number(path.nextElementSibling.textContent.replace("−", "-")), path.getBBox().x]))""")
    (v1, x1), (v2, x2) = ticks[0], ticks[-1]
    return lambda value: float(x1 + (value - v1) / (v2 - v1) * (x2 - x1))


@pytest.mark.parametrize("chart", ["forest1072", "forest360"])
def test_marks_stand_where_their_numbers_say(browser: Browser, state_url: Url, chart: str) -> None:
    """Check 19: low ≤ estimate ≤ high, and marks, whiskers and margin are within 0.6 px of the scale."""
    by_name = {route.route: route for route in fixtures.proven().routes}
    width = 1280 if chart == "forest1072" else 400
    with Watched(browser, state_url("proven"), viewport={"width": width, "height": 800}) as seen:
        at = scale_of(seen.page, chart)
        rows = seen.page.evaluate(f"""() => [...document.getElementById("{chart}-t").parentNode.querySelectorAll("g")]
            .map(g => {{
                const iv = g.querySelector(".iv").getBBox(), mark = g.lastElementChild.getBBox();
                return [g.querySelector(".name").textContent, iv.x, iv.x + iv.width, mark.x + mark.width / 2];
            }})""")
        assert len(rows) == 6
        for name, left, right, centre in rows:
            delta = by_name[name].quality_delta
            assert delta is not None
            assert delta.lo is not None
            assert delta.hi is not None
            assert delta.lo <= delta.est <= delta.hi
            for pixel, value in ((left, delta.lo), (right, delta.hi), (centre, delta.est)):
                assert abs(pixel - at(value * 100)) <= 0.6
        margin = seen.page.evaluate(
            f'document.getElementById("{chart}-t").parentNode.querySelector(":scope > .margin").getBBox().x'
        )
        assert abs(margin - at(-3)) <= 0.6


WORDS = {
    Verdict.SWITCH: "● Switch",
    Verdict.SPLIT: "◐ Split",
    Verdict.KEEP: "■ Keep",
    Verdict.NOT_PROVEN: "◇ Not proven",
}


def test_every_verdict_follows_from_its_interval(browser: Browser, state_url: Url) -> None:
    """Check 20: a row says Switch only when its interval stays above the margin, with 100 pairs and a saving."""
    with Watched(browser, state_url("proven")) as seen:
        for name in STATES:
            if name in ("no_routes", "scan_only"):
                continue
            routes = {route.route: route for route in STATES[name]().routes}
            seen.page.goto(state_url(name))
            rows = seen.page.evaluate("""() => [...document.querySelectorAll("#route-table tbody tr")].map(row =>
                [row.querySelector("bdi").title, row.querySelector(".chip").innerText.trim()])""")
            assert rows
            for shown, chip in rows:
                finding = routes[shown.replace("⟦U+202E⟧", "\u202e")]
                assert chip == WORDS[finding.verdict]
                follows(finding)


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


def test_high_contrast_keeps_the_marks(browser: Browser, state_url: Url) -> None:
    """Check 24: with the system's colours, lines are drawn and every status still has its glyph and word."""
    with Watched(browser, state_url("proven"), forced_colors="active") as seen:
        stroke = seen.page.evaluate("getComputedStyle(document.querySelector('.iv')).stroke")
        assert stroke not in ("none", "")
        assert {"● Switch", "■ Keep", "◇ Not proven"} <= {
            chip.strip() for chip in seen.page.locator("#route-table .chip").all_inner_texts()
        }


def test_a_saved_copy_is_the_file(browser: Browser, state_url: Url, file_of: Callable[[str], Path]) -> None:
    """Check 25: what is on disk is what was rendered, byte for byte."""
    assert file_of(state_url("proven")).read_text("utf-8") == render_html(fixtures.proven(), cases())
