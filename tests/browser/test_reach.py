"""The report can be read by everybody, on every screen, with or without scripts, mouse and colours."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import violations
from tests.browser.watched import Url, Watched, open_all
from tests.report.fixtures import STATES

pytestmark = pytest.mark.browser

WIDTHS = (320, 400, 768, 1280)
HARD = ("proven", "long_names", "other_scripts", "many_routes", "scan_only", "split")


@pytest.mark.parametrize(
    ("name", "scheme"), [("split", "light"), ("split", "dark"), ("scan_only", "light"), ("all_open", "light")]
)
def test_axe_finds_nothing(browser: Browser, state_url: Url, name: str, scheme: Any) -> None:
    """Check 3: axe-core, WCAG 2.0 to 2.2 A and AA and best practice: no violations, light and dark."""
    with Watched(browser, state_url(name), color_scheme=scheme) as seen:
        open_all(seen.page)
        assert violations(seen.page, scheme) == []


CONTRAST = """() => {
    const rgb = text => (text.match(/[\\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = e => {
        for (; e; e = e.parentElement) {
            const colour = rgb(getComputedStyle(e).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const low = [];
    for (const e of document.querySelectorAll("body *")) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.getClientRects().length || e.closest("script, .vh, title, desc")) continue;
        const style = getComputedStyle(e), svg = e.closest("svg");
        const one = light(rgb(svg ? style.fill : style.color)), other = light(ground(svg ? svg.parentElement : e));
        const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
        if (ratio < 4.5) low.push([e.tagName, e.className.baseVal ?? e.className, e.textContent.slice(0, 40), ratio]);
    }
    return low;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_told_from_its_ground(browser: Browser, state_url: Url, scheme: Any) -> None:
    """Check 4: each text as it is drawn, those in charts too, has 4.5 to 1; graphics are in `tests/report`."""
    with Watched(browser, "about:blank", color_scheme=scheme) as seen:
        for name in ("split", "below_floor", "demo", "many_routes"):
            seen.page.goto(state_url(name))
            open_all(seen.page)
            assert seen.page.evaluate(CONTRAST) == [], name


def test_it_works_without_scripts(browser: Browser, state_url: Url) -> None:
    """Check 10: headline, tables, charts, tabs and details are there with scripts off."""
    with Watched(browser, state_url("proven"), java_script_enabled=False) as seen:
        page = seen.page
        assert page.locator("h1").inner_text().startswith("You paid $30,629")
        assert page.locator("#route-table tbody tr").count() == 6
        for chart in ("#bar1072-t", "#forest1072-t", "#tradeoff1072-t", "#th-r0-t", "#trend1072-t"):
            assert page.locator(f"svg:has({chart})").is_visible()
        assert page.locator(".sort").count() == 0
        assert page.locator(".pane0").is_visible()
        page.locator("label[for=tab1]").click()
        assert page.locator(".pane1").is_visible()
        assert not page.locator(".pane0").is_visible()
        page.locator("details.case summary").first.click()
        assert page.locator("details.case .pair").first.is_visible()


@pytest.mark.parametrize("name", HARD)
def test_the_page_does_not_scroll_sideways(browser: Browser, state_url: Url, name: str) -> None:
    """Check 11: at 320, 400, 768 and 1,280 px only inner regions scroll, can be reached, and have a name."""
    with Watched(browser, state_url(name)) as seen:
        open_all(seen.page)
        for width in WIDTHS:
            seen.page.set_viewport_size({"width": width, "height": 800})
            assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
            regions = seen.page.evaluate("""() => [...document.querySelectorAll("*")].filter(e => {
                const style = getComputedStyle(e).overflowX;
                return (style === "auto" || style === "scroll") && e.scrollWidth > e.clientWidth + 1 && e.clientWidth;
            }).map(e => [e.tagName, e.tabIndex, e.getAttribute("aria-label")])""")
            assert [r for r in regions if r[0] != "NAV" and (r[1] != 0 or not r[2])] == []


CUT_OFF = """() => [...document.querySelectorAll("body *")].filter(e => {
    if (e.closest("svg, .vh, script, .routes thead, .mixes thead")) return false;
    if (!e.getClientRects().length || !e.textContent.trim()) return false;
    const style = getComputedStyle(e);
    return style.overflowX === "hidden" && e.scrollWidth > e.clientWidth + 1
        || style.overflowY === "hidden" && e.scrollHeight > e.clientHeight + 1;
}).map(e => [e.tagName, String(e.className), e.textContent.slice(0, 40)])"""


@pytest.mark.parametrize("name", ["proven", "long_names"])
def test_zoom_loses_nothing(browser: Browser, state_url: Url, name: str) -> None:
    """Check 12: at 400 % (1,280 px become 320), and with text alone at 200 %, all text is there and reachable."""
    with Watched(browser, state_url(name), viewport={"width": 320, "height": 256}) as seen:
        small = seen.page.locator("main").inner_text()
        assert seen.page.evaluate(CUT_OFF) == []
        for route in STATES[name]().routes:
            assert route.route[:40] in small
        seen.page.set_viewport_size({"width": 1280, "height": 800})
        # The zoom of text alone: every size that the style sheet gives, twice.
        seen.page.evaluate("""() => [...document.querySelectorAll("body, body *:not(svg *)")]
            .map(e => [e, parseFloat(getComputedStyle(e).fontSize)])
            .forEach(([e, size]) => { e.style.fontSize = 2 * size + "px"; })""")
        assert seen.page.evaluate("getComputedStyle(document.querySelector('.lede')).fontSize") == "36px"
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1280
        assert seen.page.evaluate(CUT_OFF) == []


def test_the_keyboard_reaches_everything_in_order(browser: Browser, state_url: Url) -> None:
    """Check 13: Tab goes down the page, with a visible ring at every stop, the skip link first; arrows pick a tab."""
    with Watched(browser, state_url("proven"), viewport={"width": 1280, "height": 900}) as seen:
        page, stops = seen.page, []
        for _ in range(120):
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
        assert {"A", "BUTTON", "SUMMARY", "INPUT", "DIV", "PRE"} <= {stop[0] for stop in stops}
        tops = [stop[2] for stop in stops[1:]]
        assert len(stops) > 25
        assert all(later >= earlier - 60 for earlier, later in itertools.pairwise(tops))
        assert [stop for stop in stops if stop[3] == "none" and stop[0] != "INPUT"] == []
        page.locator("#tab0").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".pane1").is_visible()
        ring = page.evaluate("getComputedStyle(document.querySelector('#tab1 + label')).outlineStyle")
        assert ring != "none"


def test_sorting_by_keyboard(browser: Browser, state_url: Url) -> None:
    """Check 14: Enter sorts by Paid, again reverses, `aria-sort` says so, and the total stays last."""
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


def test_filtering_by_verdict(browser: Browser, state_url: Url) -> None:
    """With many routes, a verdict can be picked, in the other routes too; picking it again shows all."""
    with Watched(browser, state_url("many_routes")) as seen:
        page = seen.page
        page.get_by_role("button", name="Keep 100").click()
        assert page.locator("#routes tr[data-v]:visible").count() == 100
        assert page.locator("#routes tr[data-v=switch]:visible").count() == 0
        page.get_by_role("button", name="Keep 100").click()
        assert page.locator("#route-table tr[data-v]:visible").count() == 20


def test_high_contrast_grey_and_stillness(browser: Browser, state_url: Url) -> None:
    """Check 24: the system's colours draw every line; glyph and word tell verdicts apart in grey; nothing moves."""
    with Watched(browser, state_url("split"), forced_colors="active", reduced_motion="reduce") as seen:
        for line in (".iv", ".margin", ".front", ".edge", ".line", ".ci"):
            colours = seen.page.evaluate(
                "s => [getComputedStyle(document.querySelector(s)).stroke, getComputedStyle(document.body).color]", line
            )
            assert colours[0] == colours[1], line
        assert seen.page.evaluate("document.getAnimations().length") == 0
    with Watched(browser, state_url("proven")) as seen:
        seen.page.emulate_media(media="print")
        chips = {chip.strip() for chip in seen.page.locator("#route-table .chip").all_inner_texts()}
        assert chips == {"● Switch", "■ Keep", "◇ Not proven"}
        shapes = seen.page.evaluate("""() => Object.fromEntries(["switch", "keep", "open"].map(css =>
            [css, document.querySelector(`#quality .p-${css}`).tagName]))""")
        assert len(set(shapes.values())) == 3
