"""The report in Firefox, which is check 25, with checks 1, 2, 5 to 7, 10, 11 and 15; and `audit view` and `audit label`
in it: every flow by keyboard, axe, nothing that runs, nothing that leaves. One file, because one start of Firefox costs
more than most of these tests."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import axe_playwright_python
import pypdf
import pytest

from audit.core.artifacts import read_labels
from audit.core.labels import last_words
from tests.browser.conftest import Write
from tests.browser.firefox import Firefox, find
from tests.browser.serving import served
from tests.browser.test_safety import HOSTILE, LIVE
from tests.browser.test_view import FOREIGN, spoil
from tests.browser.watched import Url, packed
from tests.labelling.world import CONFIG, write_labelled_run
from tests.report import fixtures
from tests.report.fixtures import cases, proven
from tests.report.hostile import spoiled, spoiled_cases
from tests.report.payloads import PAYLOADS
from tests.view.big import ids, question, write_run

pytestmark = pytest.mark.browser

ENTER, ESCAPE = "\ue007", "\ue00c"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
TITLE = "document.querySelector('h1').innerText"


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


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The viewer of a run of 300 requests."""
    with served("view", write_run(tmp_path_factory.mktemp("run"), 300, filler=200).path) as address:
        yield address


def left(firefox: Firefox, url: str) -> list[str]:
    """What was asked of anybody else."""
    return [one for one in firefox.asked if not one.startswith((url, "data:"))]


def test_every_flow_by_keyboard(firefox: Firefox, url: str) -> None:
    """List, cases, parts of the list, pages, kinds, search, help, and back."""
    firefox.goto(url)
    firefox.go(ENTER)
    assert "1 to 50 of 300" in firefox.evaluate("document.querySelector('.pager').innerText")
    firefox.go(ENTER)
    assert firefox.evaluate(TITLE) == question(0)
    firefox.go("j")
    assert firefox.evaluate(TITLE) == question(43)
    firefox.go("k")
    firefox.go("3")
    assert firefox.evaluate("document.querySelector('.tabs [aria-current]').innerText").startswith("Candidate worse")
    firefox.go("1")
    firefox.go("]")
    assert "51 to 100" in firefox.evaluate("document.querySelector('.pager').innerText")
    firefox.press("/")
    firefox.press("order 7919:")
    firefox.go(ENTER)
    firefox.go(ENTER)
    assert firefox.evaluate(TITLE) == question(1)
    firefox.press("?")
    assert firefox.count("dialog[open]") == 1
    firefox.press(ESCAPE)
    assert firefox.count("dialog[open]") == 0
    firefox.go("g")
    firefox.goto(f"{url}cases?route=%2Forders&tier=small")
    assert "kinds?" in firefox.go("w")
    assert "cases?" in firefox.go(ENTER)
    assert (firefox.said, left(firefox, url)) == ([], [])


@pytest.mark.parametrize("width", [1280, pytest.param(400, marks=pytest.mark.slow)])
def test_axe_finds_nothing(firefox: Firefox, url: str, width: int) -> None:
    """Overview, list, kinds and case, everything opened, without anything to scroll sideways."""
    firefox.resize(width, 900)
    for path in ("", "cases?route=%2Forders", "kinds?route=%2Forders&tier=small", f"case?id={ids(5)}", "case?id=none"):
        firefox.goto(url + path)
        firefox.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        assert firefox.evaluate("document.documentElement.scrollWidth") <= width, path
        firefox.inject(AXE)
        found = firefox.evaluate(
            "axe.run().then(f => f.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)]))"
        )
        assert found == [], path
    firefox.resize(1280, 900)


def test_no_payload_runs(firefox: Firefox, tmp_path: Path) -> None:
    """Hundreds of them as requests, answers, criteria, reasons, names and tenants: all text, nothing asked for."""
    folder = write_run(tmp_path, len(PAYLOADS), filler=0, question=lambda i: PAYLOADS[i])
    spoil(folder)
    with served("view", folder.path) as address:
        for number in range(1, 8):
            firefox.goto(f"{address}cases?page={number}")
            assert firefox.count(FOREIGN) == 0
            assert (firefox.said, left(firefox, address)) == ([], [])
        firefox.goto(f"{address}case?id={ids(0)}")
        for _ in range(5):
            assert firefox.evaluate("document.title").startswith("audit view")
            assert firefox.evaluate("document.scripts.length") == 1
            firefox.go("j")
        assert (firefox.said, left(firefox, address)) == ([], [])


def test_labelling_from_the_first_key_to_the_summary(firefox: Firefox, tmp_path: Path) -> None:
    """One key a pair, undo, and how it stands."""
    (tmp_path / "audit.yaml").write_text(CONFIG)
    folder = write_labelled_run(tmp_path / "run", 40)
    argv = ["--config", str(tmp_path / "audit.yaml"), "--browser", "--as", "ada"]
    with served("label", folder.path, *argv) as address:
        firefox.goto(address)
        for key in "asdfxu":
            firefox.go(key)
        assert firefox.evaluate("document.querySelector('.live').innerText").startswith("4 ")
        firefox.go("e")
        firefox.inject(AXE)
        assert firefox.evaluate("axe.run().then(found => found.violations.map(v => v.id))") == []
        assert (firefox.said, left(firefox, address)) == ([], [])
    assert len(last_words(read_labels(tmp_path / "labels.jsonl"))) == 8
