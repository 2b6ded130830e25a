"""`audit view` in Chromium: every flow by keyboard, nothing that runs, and nothing that leaves."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Browser, Page

from audit.core.artifacts import RunFolder
from tests.browser.axe import violations
from tests.browser.serving import served
from tests.browser.watched import Watched, open_all
from tests.report.payloads import PAYLOADS
from tests.view.big import ids, question, write_run

pytestmark = pytest.mark.browser

FOREIGN = "img, iframe, object, embed, base, video, marquee, math, [onerror], [onload], [srcset], [ping]"
"""Elements and attributes that the pages have not; a payload would."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The viewer of a run of 300 requests."""
    with served("view", write_run(tmp_path_factory.mktemp("run"), 300, filler=200).path) as address:
        yield address


@pytest.fixture(scope="module")
def hostile_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The viewer of a run in which every text is a payload: one a case, and all of them in the first case."""
    folder = write_run(tmp_path_factory.mktemp("run"), len(PAYLOADS), filler=0, question=lambda i: PAYLOADS[i])
    spoil(folder)
    with served("view", folder.path) as address:
        yield address


def spoil(folder: RunFolder) -> None:
    """Put payloads wherever a log, a tier or a criterion has a text."""
    fields = {
        folder.traffic / "traffic-00000.parquet": ("request_id", "tenant"),
        folder.traffic / "bodies-00000.parquet": ("response_text",),
        folder.slice: ("incumbent_model",),
        folder.replay_table: ("text",),
        folder.scores: ("criterion", "reason"),
    }
    for path, names in fields.items():
        table = pq.read_table(path)
        for name in names:
            place, field = table.schema.get_field_index(name), table.schema.field(name)
            # A file of Parquet holds no lone surrogate.
            texts = [PAYLOADS[i % len(PAYLOADS)].encode("utf-8", "replace").decode() for i in range(table.num_rows)]
            words = pa.array(texts, pa.string()).cast(field.type)
            table = table.set_column(place, field, words)
        pq.write_table(table, path)


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Another site on this machine."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def go(page: Page, key: str) -> None:
    """A key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


def test_every_flow_by_keyboard(browser: Browser, url: str) -> None:
    """List, first case, next and previous, parts of the list, pages, search, conversation, help, and back."""
    with Watched(browser, url) as seen:
        page = seen.page
        go(page, "Enter")
        assert "1 to 50 of 300" in page.locator(".pager").inner_text()
        go(page, "Enter")
        first = page.locator("h1").inner_text()
        go(page, "j")
        second = page.locator("h1").inner_text()
        assert (first, second) == (question(0), question(43))
        go(page, "k")
        assert page.locator("h1").inner_text() == first
        go(page, "3")
        assert page.locator(".tabs [aria-current]").inner_text().startswith("Candidate worse")
        go(page, "1")
        go(page, "]")
        assert "51 to 100" in page.locator(".pager").inner_text()
        go(page, "[")
        page.keyboard.press("/")
        page.keyboard.type("order 7919: j")
        assert page.locator("#text").input_value() == "order 7919: j"
        page.locator("#text").fill("order 7919:")
        go(page, "Enter")
        go(page, "Enter")
        assert page.locator("h1").inner_text() == question(1)
        page.keyboard.press("c")
        assert not page.locator(".talk pre").first.is_visible()
        page.keyboard.press("?")
        assert page.locator("dialog[open]").is_visible()
        page.keyboard.press("Escape")
        assert page.locator("dialog[open]").count() == 0
        go(page, "g")
        page.goto(f"{url}cases?route=%2Forders&tier=small")
        go(page, "w")
        assert page.locator("h1").inner_text().startswith("What kinds of requests fail")
        go(page, "Enter")
        assert (seen.said, seen.dialogs) == ([], [])
        assert all(asked.startswith(url) for asked in seen.asked)


def test_the_address_of_a_case_is_the_case(browser: Browser, url: str) -> None:
    """Opened anew, with the list around it as it was."""
    with Watched(browser, url + "cases?route=%2Forders&show=differ") as seen:
        go(seen.page, "j")
        go(seen.page, "j")
        address, title = seen.page.url, seen.page.locator("h1").inner_text()
    with Watched(browser, address) as again:
        assert again.page.locator("h1").inner_text() == title
        assert again.page.locator(".cases [aria-current] .gist").inner_text() == title
        assert again.page.locator(".tabs [aria-current]").first.inner_text().startswith("Differ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, url: str, scheme: Any) -> None:
    """Overview, list and case, everything opened; in the light wide and narrow."""
    with Watched(browser, url, color_scheme=scheme) as seen:
        for width in (1280, 400) if scheme == "light" else (1280,):
            seen.page.set_viewport_size({"width": width, "height": 900})
            for path in (
                *("", "cases?route=%2Forders", "cases?text=order+7919:", "kinds?route=%2Forders&tier=small"),
                *(f"case?id={ids(5)}", "case?id=none"),
            ):
                seen.page.goto(url + path)
                open_all(seen.page)
                assert seen.page.evaluate("document.documentElement.scrollWidth") <= width, path
                assert violations(seen.page, scheme) == [], path


def test_no_payload_runs(browser: Browser, hostile_url: str) -> None:
    """Hundreds of them as requests, answers, criteria, reasons, names and tenants: all text, nothing asked for."""
    with Watched(browser, hostile_url) as seen:
        for number in range(1, 8):
            seen.page.goto(f"{hostile_url}cases?page={number}")
            assert seen.page.locator(FOREIGN).count() == 0
        for query in (
            "?text=%22%3E%3Cscript%3Edocument.title%3D1%3C%2Fscript%3E&tenant=%27%22%3E%3Cimg+src%3Dx%3E",
            "",
        ):
            seen.page.goto(f"{hostile_url}cases{query}")
        go(seen.page, "j")
        for _ in range(12):
            open_all(seen.page)
            assert seen.page.title().startswith("audit view")
            assert seen.page.evaluate("document.scripts.length") == 1
            go(seen.page, "j")
        assert (seen.said, seen.dialogs) == ([], [])
        assert all(asked.startswith(hostile_url) for asked in seen.asked)


def test_a_page_elsewhere_learns_nothing(browser: Browser, url: str, tmp_path: Path) -> None:
    """It can neither read an answer, nor frame a page, nor load one as a script, even with the token."""
    (tmp_path / "evil.html").write_text(f"<iframe src='{url}'></iframe><script src='{url}progress'></script>")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with Watched(browser, f"http://localhost:{server.server_port}/evil.html") as seen:
            read = seen.page.evaluate("url => fetch(url + 'cases').then(a => a.text()).catch(e => 'refused')", url)
            assert read == "refused"
            assert [frame.locator(".brand").count() for frame in seen.page.frames] == [0, 0]
            assert any("X-Frame-Options" in text or "frame" in text for text in seen.said)
    finally:
        server.shutdown()
        server.server_close()
