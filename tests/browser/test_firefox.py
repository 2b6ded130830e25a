"""Check 25: the report in Firefox, with checks 1, 2, 5 to 7, 10, 11 and 15."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdf
import pytest

from tests.browser.conftest import Write
from tests.browser.firefox import Firefox, find
from tests.browser.test_safety import HOSTILE, LIVE
from tests.browser.watched import Url, packed
from tests.report import fixtures
from tests.report.fixtures import cases, proven
from tests.report.hostile import spoiled, spoiled_cases

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def executable() -> str:
    """The system's Firefox; without one these tests are skipped."""
    path = find()
    if path is None:
        pytest.skip("no firefox-esr or firefox on PATH")
    return path


@pytest.fixture(scope="module")
def firefox(executable: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """One Firefox for the module."""
    with Firefox(executable, tmp_path_factory.mktemp("profile")) as started:
        yield started


def others(firefox: Firefox, url: str) -> list[str]:
    """What was asked for besides the page; a `data:` font is the browser's own, no report holds one."""
    return [asked for asked in firefox.asked if asked != url and not asked.startswith("data:font/")]


def text_of(data: bytes) -> list[str]:
    """Text of each sheet without white space."""
    return [packed(sheet.extract_text()) for sheet in pypdf.PdfReader(io.BytesIO(data)).pages]


def test_it_is_silent_and_asks_for_nothing(firefox: Firefox, state_url: Url) -> None:
    """Checks 1, 2 and 5: no message, no request but the file, no style or handler attribute."""
    for name in ("proven", "split", "many_routes", "scan_only", "other_scripts"):
        firefox.goto(state_url(name))
        odd = firefox.evaluate("""[...document.querySelectorAll("*")]
            .filter(e => [...e.attributes].some(a => /^(on.*|style)$/i.test(a.name))).length""")
        assert (firefox.said, others(firefox, state_url(name)), odd) == ([], [], 0)


def test_injected_and_changed_code_do_not_run(
    firefox: Firefox, state_url: Url, file_of: Callable[[str], Path], tmp_path: Path
) -> None:
    """Check 6: a script put into the page, and the page's own with one byte changed, are refused."""
    firefox.goto(state_url("proven"))
    firefox.evaluate("""(() => {
        const script = document.createElement("script");
        script.textContent = "document.title = 'taken'";
        document.body.append(script);
        const holder = document.createElement("div");
        holder.innerHTML = "<img src=x onerror=\\"document.title = 'taken'\\">";
        document.body.append(holder);
    })()""")
    assert firefox.evaluate("document.title").startswith("LLM spend audit")
    html = file_of(state_url("proven")).read_text("utf-8")
    changed = tmp_path / "changed.html"
    changed.write_text(html.replace('"use strict";', '"use strict" ;'), "utf-8")
    firefox.goto(changed.as_uri())
    assert firefox.count(".sort") == 0
    assert firefox.evaluate("document.querySelector('h1').innerText").startswith("You paid $30,629")


def test_hostile_text_is_shown_as_text(firefox: Firefox, write: Write) -> None:
    """Checks 7 and 8: in every field it makes no element, and the title stays ours."""
    url = write(spoiled(HOSTILE), spoiled_cases(HOSTILE))
    firefox.goto(url)
    assert firefox.evaluate("document.title").startswith("LLM spend audit")
    assert firefox.evaluate("document.scripts.length") == 2
    assert firefox.count(LIVE) == 0
    assert (firefox.said, others(firefox, url)) == ([], [])


def test_the_page_does_not_scroll_sideways(firefox: Firefox, state_url: Url) -> None:
    """Check 11: at 320, 400, 768 and 1,280 px."""
    for name in ("proven", "long_names", "split"):
        firefox.goto(state_url(name))
        for width in (320, 400, 768, 1280):
            firefox.resize(width, 800)
            assert firefox.evaluate("document.documentElement.scrollWidth") <= width, (name, width)


def test_the_first_sheet_holds_the_verdict_and_the_table(firefox: Firefox, write: Write) -> None:
    """Check 15: sheet 1 has the headline, every route, and the total; closed cases are open on paper."""
    firefox.resize(1280, 800)
    firefox.goto(write(proven(), cases()))
    first, *rest = text_of(firefox.pdf())
    for word in ("Youpaid$30,629", "Beforeyouusethisnumber", *(packed(route.route) for route in proven().routes)):
        assert word in first, word
    assert "Total" in first
    assert any("NordlichtGmbH" in sheet for sheet in rest)


def test_it_works_without_scripts(executable: str, state_url: Url, tmp_path: Path) -> None:
    """Check 10: with scripts off, headline, tables, charts and tabs are there; nothing that needs one is."""
    with Firefox(executable, tmp_path, scripts=False) as plain:
        plain.goto(state_url("split"))
        assert plain.count("h1") == 1
        assert plain.count("#route-table tbody tr") == len(fixtures.split().routes)
        assert plain.count("svg") > 10
        assert plain.count(".sort") == 0
        assert plain.count("input[name=by]") >= 2
        assert "Youpaid$27,115" in text_of(plain.pdf())[0]
