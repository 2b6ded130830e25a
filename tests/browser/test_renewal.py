"""The renewal's section as Chromium lays it out."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from audit.core.interval import Estimate
from audit.report.html import render_html
from tests.renewal.world import audited, contract, kept, moved, renewed
from tests.report import fixtures

pytestmark = pytest.mark.browser
SAVING = Estimate(est=2e4, lo=1.8e4, hi=2.1e4, level=0.95)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A report with a renewal in which four commitments have names."""
    growth = [{"name": "low", "monthly": "-2%", "spread": "8%"}, {"name": "high", "monthly": "3%", "spread": "8%"}]
    terms = contract(models=["*"], discount="20%", overage="120%", committed_usd="$90000", growth=growth)
    found = audited(kept("/a", 80_000.0), moved("/b", 30_000.0, SAVING))
    path = tmp_path_factory.mktemp("renewal") / "report.html"
    path.write_text(render_html(fixtures.proven(), [], renewal=renewed(found, terms)), "utf-8")
    return path.as_uri()


@pytest.mark.parametrize("width", [1280, 400, 320])
def test_it_fits(browser: Browser, url: str, width: int) -> None:
    """No sideways scrolling, one chart is seen, and no label of it lies on another or beyond the chart."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    charts = [svg for svg in page.locator("#renewal svg").all() if svg.is_visible()]
    assert len(charts) == 1
    boxes = charts[0].evaluate("""svg => [...svg.querySelectorAll("text")].map(text => {
        const b = text.getBoundingClientRect(); return [text.textContent, b.left, b.right, b.top, b.bottom]; })""")
    frame = charts[0].bounding_box()
    assert frame is not None
    for index, (name, left, right, top, bottom) in enumerate(boxes):
        assert frame["x"] - 1 <= left, name
        assert right <= frame["x"] + frame["width"] + 1, name
        for other, l2, r2, t2, b2 in boxes[index + 1 :]:
            apart = right <= l2 + 0.5 or r2 <= left + 0.5 or bottom <= t2 + 2 or b2 <= top + 2
            assert apart, f"{name!r} lies on {other!r}"
    page.close()


def test_the_answer_is_the_first_sentence(browser: Browser, url: str) -> None:
    """Also on paper, where every assumption is printed."""
    page = browser.new_page(viewport={"width": 697, "height": 1032})
    page.goto(url)
    page.emulate_media(media="print")
    assert page.locator("#renewal p").first.inner_text().startswith("Sign $")
    assert page.locator("#renewal").get_by_text("contract.risk").is_visible()
    page.close()
