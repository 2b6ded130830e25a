"""The report runs nothing and asks for nothing. Numbers in the docstrings are those of the list of checks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from audit.report.html import render_html
from tests.browser.conftest import Write
from tests.browser.watched import Url, Watched, open_all
from tests.report.fixtures import STATES
from tests.report.hostile import spoiled, spoiled_cases
from tests.report.payloads import PAYLOADS, SOME_JOINED

pytestmark = pytest.mark.browser

HOSTILE = (
    "</script><script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"></title></textarea>"
    "<!--<svg onload=\"document.title='taken'\">' onmouseover='document.title=1' \u202e\u2028"
)
ODD = "end\u2028of\u2029line\x00nul\ud800lone\udfffpair</script><!--"
LIVE = "img, iframe, object, embed, base, link, form, video, input:not([type=radio]), [onerror], [onload], [srcset]"


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


def test_hostile_evidence_is_shown_as_text(browser: Browser, write: Write) -> None:
    """Check 7: in requests, answers and reasons it makes no element and no dialog, and can be read."""
    with Watched(browser, write(STATES["proven"](), spoiled_cases(HOSTILE, route="invoice-fields"))) as seen:
        open_all(seen.page)
        assert (seen.said, seen.dialogs, len(seen.asked)) == ([], [], 1)
        assert seen.page.locator(LIVE).count() == 0
        assert "<img src=x onerror=" in seen.page.locator("#ev-r0").inner_text()


def test_hostile_names_are_shown_as_text(browser: Browser, write: Write) -> None:
    """Check 8: as route, tenant, model, criterion, file name and reason it makes nothing; the title stays ours."""
    with Watched(browser, write(spoiled(HOSTILE), spoiled_cases(HOSTILE))) as seen:
        open_all(seen.page)
        assert (seen.said, seen.dialogs, len(seen.asked)) == ([], [], 1)
        assert seen.page.title().startswith("LLM spend audit")
        assert seen.page.evaluate("document.scripts.length") == 2
        assert seen.page.locator(LIVE).count() == 0


@pytest.mark.parametrize(
    "payloads",
    [pytest.param(SOME_JOINED, id="some"), pytest.param(PAYLOADS, id="all", marks=pytest.mark.slow)],
)
def test_no_payload_of_the_corpus_runs(browser: Browser, state_url: Url, payloads: list[str]) -> None:
    """Checks 7 and 8: hundreds of payloads, in every field at once: no script, no request, no dialog, no error."""
    taken: dict[str, Any] = {}
    with Watched(browser, state_url("no_routes")) as seen:
        for payload in payloads:
            seen.asked.clear()
            # Written into a page that came from a file, so that addresses resolve as they would in the report.
            html = render_html(spoiled(payload), spoiled_cases(payload)).encode("utf-8", "replace").decode()
            seen.page.set_content(html)
            title, scripts, live = seen.page.evaluate(
                "live => [document.title, document.scripts.length, document.querySelectorAll(live).length]", LIVE
            )
            if (title[:15], scripts, live, seen.asked) != ("LLM spend audit", 2, 0, []) or seen.said:
                taken[payload] = (title, scripts, live, list(seen.asked), list(seen.said))
            seen.said.clear()
        assert seen.dialogs == []
    assert taken == {}


def test_the_island_parses_and_holds_odd_text_as_data(browser: Browser, write: Write) -> None:
    """Check 9: U+2028, U+2029, NUL, lone surrogates and an end of script come back from the JSON as they went in."""
    for text in (HOSTILE, ODD):
        with Watched(browser, write(spoiled(text), [])) as seen:
            island = json.loads(seen.page.locator("#findings").text_content() or "")
            assert island["routes"][0]["route"] == text
            units = seen.page.evaluate("""() => [...JSON.parse(document.getElementById("findings").textContent)
                .routes[0].route].map(c => c.codePointAt(0))""")
            assert units == [ord(char) for char in text]
