"""One browser for all tests of this folder, and a page per state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from audit.core.finding import Case, Findings
from audit.report.html import render_html
from tests.browser.chromium import ARGS, find
from tests.report.fixtures import STATES, cases

Write = Callable[[Findings, list[Case]], str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one these tests are skipped, in CI they fail."""
    executable = find()
    if executable is None:
        message = "no chromium, chromium-browser or google-chrome on PATH"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=ARGS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a report and gives its URL."""
    folder = tmp_path_factory.mktemp("reports")
    number = iter(range(10_000))

    def written(findings: Findings, shown: list[Case]) -> str:
        path = folder / f"report-{next(number)}.html"
        path.write_bytes(render_html(findings, shown).encode("utf-8", "replace"))
        return path.as_uri()

    return written


@pytest.fixture(scope="module")
def state_url(write: Write) -> Callable[[str], str]:
    """URL of the report of a state; made once."""
    known: dict[str, str] = {}

    def url(name: str) -> str:
        if name not in known:
            known[name] = write(STATES[name](), cases())
        return known[name]

    return url


@pytest.fixture
def file_of() -> Callable[[str], Path]:
    """The file behind a URL."""
    return lambda url: Path(url.removeprefix("file://"))
