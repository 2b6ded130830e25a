"""`audit view` and `audit label` in Firefox: every flow by keyboard, axe, nothing that runs, nothing that leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest

from audit.core.artifacts import read_labels
from audit.core.labels import last_words
from tests.browser.firefox import Firefox, find
from tests.browser.serving import served
from tests.browser.test_view import FOREIGN, spoil
from tests.labelling.world import CONFIG, write_labelled_run
from tests.report.payloads import PAYLOADS
from tests.view.big import ids, question, write_run

pytestmark = pytest.mark.browser

ENTER, ESCAPE = "\ue007", "\ue00c"
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text("utf-8")
TITLE = "document.querySelector('h1').innerText"


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    """One Firefox for the module; without one these tests are skipped."""
    if (path := find()) is None:
        pytest.skip("no firefox-esr or firefox on PATH")
    with Firefox(path, tmp_path_factory.mktemp("profile")) as started:
        yield started


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
