"""What the report says and where it draws it: one set of numbers, in every place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from audit.core.plain import to_plain
from audit.report.html import render_html
from audit.report.markdown import summary_markdown
from audit.report.terminal import plain, summary_lines
from tests.browser.watched import WITH_TESTS, Url, Watched
from tests.report import fixtures
from tests.report.fixtures import STATES, cases

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", WITH_TESTS)
def test_the_numbers_agree(browser: Browser, state_url: Url, name: str) -> None:
    """Check 18: headline, footer, sum of rows, chart, island, terminal, Markdown and JSON have one avoidable amount."""
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
        assert f"**{amount} [" in summary_markdown(findings)
        assert f"${round(to_plain(findings)['avoidable_usd']['est']):,}" == amount
        assert page.locator("#tradeoff .only-w .s-pick title").count() == 1
        rows = page.locator("#tradeoff tbody tr").all_text_contents()
        assert any(row.startswith("Recommended") and amount in row for row in rows)


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


@pytest.mark.parametrize("chart", ["forest1072", "forest720", "forest360"])
def test_no_line_of_the_scale_runs_through_a_word_and_no_word_is_cut(
    browser: Browser, state_url: Url, chart: str
) -> None:
    """Names and figures have room at every width, and labels of the axis stand in the picture as a whole."""
    width = {"forest1072": 1280, "forest720": 768, "forest360": 400}[chart]
    with Watched(browser, state_url("proven"), viewport={"width": width, "height": 800}) as seen:
        crossed, cut = seen.page.evaluate(f"""() => {{
            const svg = document.getElementById("{chart}-t").parentNode, size = svg.viewBox.baseVal;
            const lines = [...svg.querySelectorAll("path:is(.grid, .zero, .margin)")].flatMap(path =>
                [...path.getAttribute("d").matchAll(/M([\\d.-]+) ([\\d.-]+)V([\\d.-]+)/g)]
                    .map(found => found.slice(1).map(Number)));
            const words = [...svg.querySelectorAll("text")].map(text => [text.textContent, text.getBBox()]);
            return [
                words.filter(([, b]) => lines.some(([x, top, end]) =>
                    b.x < x && x < b.x + b.width && b.y < end && top < b.y + b.height)).map(([said]) => said),
                words.filter(([, b]) => b.x < -2 || b.x + b.width > size.width + 2).map(([said]) => said),
            ];
        }}""")
        assert (crossed, cut) == ([], [])


def test_small_charts_and_curves_stand_where_their_numbers_say(browser: Browser, state_url: Url) -> None:
    """Check 19: in the table, the frontier and the curves too; every interval that is written holds its estimate."""
    findings = fixtures.proven()
    top = findings.routes
    with Watched(browser, state_url("proven")) as seen:
        page = seen.page
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        figure = r"([+−]?\$?[\d.,]+)%?"
        written = re.findall(rf"{figure} \[{figure}, {figure}\]", page.inner_text("main"))
        assert len(written) > 30
        for est, low, high in written:
            assert number(low) <= number(est) <= number(high)
        # The mini intervals share one scale, known from two rows of it.
        ends = page.evaluate("""() => [...document.querySelectorAll("#route-table .iv")]
            .map(iv => [iv.getBBox().x, iv.getBBox().x + iv.getBBox().width])""")
        pairs = [
            (pixel, value)
            for (left, right), route in zip(ends, top, strict=True)
            if route.quality_delta is not None
            for pixel, value in ((left, route.quality_delta.lo or 0.0), (right, route.quality_delta.hi or 0.0))
        ]
        straight(pairs)
        bars = page.evaluate("""() => [...document.querySelectorAll("#route-table rect.s-avoidable")]
            .map(r => r.getBBox().width)""")
        straight([(0.0, 0.0), *zip(bars, [r.avoidable_usd.est for r in top if r.avoidable_usd.est > 0], strict=True)])
        spots = page.evaluate("""() => [...document.querySelectorAll("#tradeoff .only-w :is(.mark, .cross)")]
            .map(m => [m.getBBox().x + m.getBBox().width / 2, m.getBBox().y + m.getBBox().height / 2])""")
        order = ["recommended", "today", "tier", "tier"]
        kinds = [[p for p in findings.frontier if p.kind == kind] for kind in dict.fromkeys(order)]
        points = [p for group in kinds for p in group]
        straight([(x, p.cost_usd.est) for (x, _), p in zip(spots, points, strict=True)])
        straight([(y, p.accepted.est) for (_, y), p in zip(spots, points, strict=True) if p.accepted is not None])
        margins = page.evaluate("[...document.querySelectorAll('figure .margin')].map(m => m.getBBox().y)")
        assert len(set(margins)) == 1
        edges = page.evaluate("""() => [...document.querySelectorAll("figure")].map(f =>
            f.querySelector(".edge").getAttribute("d").slice(1).split(" ").map(Number))""")
        curves = [route.curve for route in top if route.curve is not None]
        below = [(margins[0], fixtures.MARGIN)]
        for numbers, curve in zip(edges, curves, strict=True):
            if curve.points[-1].upper < fixtures.MARGIN:
                below += list(zip(numbers[3::2], [point.upper for point in curve.points], strict=True))
        straight(below)


def number(text: str) -> float:
    """A written figure as a number."""
    return float(text.replace("$", "").replace(",", "").replace("−", "-"))


def straight(pairs: Sequence[tuple[float, float]]) -> None:
    """All pixels lie on one linear scale of their values, within 0.6 px."""
    (p1, v1), (p2, v2) = min(pairs, key=lambda pair: pair[1]), max(pairs, key=lambda pair: pair[1])
    assert v1 < v2
    for pixel, value in pairs:
        assert abs(pixel - (p1 + (value - v1) / (v2 - v1) * (p2 - p1))) <= 0.6


def test_a_saved_copy_is_the_file(browser: Browser, state_url: Url, file_of: Callable[[str], Path]) -> None:
    """Check 25: what the browser was given is what was rendered, byte for byte, and so is what it saves of it."""
    rendered = render_html(fixtures.proven(), cases()).encode()
    url = state_url("proven")
    with Watched(browser, "about:blank") as seen:
        answer = seen.page.goto(url)
        assert answer is not None
        assert hashlib.sha256(answer.body()).hexdigest() == hashlib.sha256(rendered).hexdigest()
    assert file_of(url).read_bytes() == rendered
