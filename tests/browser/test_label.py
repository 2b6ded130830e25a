"""`audit label --browser` in Chromium: one key a pair, undo, going on where it stopped, and nothing that runs."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from audit.core.artifacts import read_labels
from audit.core.labels import last_words
from tests.browser.axe import violations
from tests.browser.serving import served
from tests.browser.test_view import FOREIGN, go
from tests.browser.watched import Watched, open_all
from tests.labelling.world import CONFIG, write_labelled_run
from tests.report.payloads import PAYLOADS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def argv(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Arguments for a run in which every text is a payload."""
    home = tmp_path_factory.mktemp("label")
    (home / "audit.yaml").write_text(CONFIG)
    folder = write_labelled_run(
        home / "run",
        len(PAYLOADS),
        question=lambda i: PAYLOADS[i],
        answers=(lambda i: plain(PAYLOADS[i]), lambda i: f"other {plain(PAYLOADS[i])}"),
    )
    return [str(folder.path), "--config", str(home / "audit.yaml")]


def plain(text: str) -> str:
    """A file of Parquet holds no lone surrogate."""
    return text.encode("utf-8", "replace").decode()


@pytest.fixture
def labels(argv: list[str]) -> Path:
    """The file of labels, empty at first."""
    file = Path(argv[-1]).with_name("labels.jsonl")
    file.unlink(missing_ok=True)
    return file


def judged(page: Page) -> str:
    """How many pairs the page says are judged."""
    return page.locator(".live").inner_text().partition(" ")[0]


def test_from_the_first_key_to_the_summary(browser: Browser, argv: list[str], labels: Path) -> None:
    """By keyboard alone, undo, another start, a second person; nothing of a run is asked for, nothing runs."""
    with served("label", Path(argv[0]), *argv[1:], "--browser", "--as", "ada") as url, Watched(browser, url) as seen:
        for key in "asdfx":
            assert seen.page.locator(FOREIGN).count() == 0
            assert seen.page.url == url
            go(seen.page, key)
        assert judged(seen.page) == "4"
        go(seen.page, "u")
        go(seen.page, "u")
        assert judged(seen.page) == "3"
        go(seen.page, "a")
        seen.page.keyboard.press("?")
        assert seen.page.locator("dialog[open]").is_visible()
        seen.page.keyboard.press("Escape")
        seen.page.keyboard.press("c")
        assert seen.page.locator("details[data-toggle=c] pre").first.is_visible()
        assert (seen.said, seen.dialogs) == ([], [])
        assert all(asked.startswith(url) for asked in seen.asked)
    assert len(last_words(read_labels(labels))) == 8
    with served("label", Path(argv[0]), *argv[1:], "--browser", "--as", "bob") as url, Watched(browser, url) as seen:
        assert judged(seen.page) == "0"
        for key in "ssss":
            go(seen.page, key)
        go(seen.page, "e")
        assert "ada and bob" in seen.page.locator("main").inner_text()
        go(seen.page, "Enter")
        assert seen.page.url == url
        assert seen.page.title().startswith("audit label: 4 of")


def test_axe_finds_nothing(browser: Browser, argv: list[str], labels: Path) -> None:
    """A pair and the summary, light and dark; in the light wide and narrow."""
    with served("label", Path(argv[0]), *argv[1:], "--browser", "--as", "ada") as url:
        for scheme in ("light", "dark"):
            with Watched(browser, url, color_scheme=scheme) as seen:
                go(seen.page, "s")
                for width, path in itertools.product((1280, 400) if scheme == "light" else (1280,), ("", "summary")):
                    seen.page.set_viewport_size({"width": width, "height": 900})
                    seen.page.goto(url + path)
                    open_all(seen.page)
                    assert seen.page.evaluate("document.documentElement.scrollWidth") <= width
                    assert violations(seen.page, scheme) == [], path


def test_it_works_without_a_script(browser: Browser, argv: list[str], labels: Path) -> None:
    """Buttons are forms: a word is taken, and taken back."""
    with (
        served("label", Path(argv[0]), *argv[1:], "--browser", "--as", "ada") as url,
        Watched(browser, url, java_script_enabled=False) as seen,
    ):
        seen.page.get_by_role("button", name="both are wrong").click()
        assert judged(seen.page) == "1"
        seen.page.get_by_role("button", name="undo").click()
        assert judged(seen.page) == "0"
