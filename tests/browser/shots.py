"""Pictures of a report and of the viewer: `python -m tests.browser.shots [RUN_OR_FIXTURE [OUTDIR]]`.

By default of `proven`, into `shots/`.

`first.png` is the first screen, which the README shows: `make shots` draws it from the demo.

RUN_OR_FIXTURE is a run folder, a report.html, or the name of a state in `tests/report/fixtures.py`. Makes `light.png`
and `dark.png` (1,280 px), `tablet.png` (768 px), `narrow.png` (400 px), `print-1.png` (the first A4 page as Chromium
lays it out on screen) and `report.pdf`; of a run folder also `view.png`, `view-cases.png`, `view-case.png` and
`view-kinds.png`, the groups of requests, with a `-dark` and a `-narrow` (400 px) one of each.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, sync_playwright

from audit.core.artifacts import RunFolder, read_cases, read_findings
from audit.report.html import render_html
from tests.browser.chromium import ARGS, find
from tests.browser.serving import served
from tests.report.fixtures import STATES, cases

A4 = {"width": 697, "height": 1032}
"""The printed area of A4 inside the page margins, in CSS pixels."""


def page_of(source: str) -> str:
    """The HTML of a run folder, of a file, or of a fixture."""
    path = Path(source)
    if path.suffix == ".html":
        return path.read_text("utf-8")
    if path.is_dir():
        folder = RunFolder(path)
        return render_html(read_findings(folder.findings), read_cases(folder.cases))
    return render_html(STATES[source](), cases())


def shoot(browser: Browser, html: Path, folder: Path) -> None:
    """Take the pictures."""
    for name, size, options in (
        ("light", {"width": 1280, "height": 900}, {"color_scheme": "light"}),
        ("dark", {"width": 1280, "height": 900}, {"color_scheme": "dark"}),
        ("tablet", {"width": 768, "height": 1024}, {"color_scheme": "light"}),
        ("narrow", {"width": 400, "height": 860}, {"color_scheme": "light", "device_scale_factor": 2}),
    ):
        page = browser.new_page(viewport=size, **options)
        page.goto(html.as_uri())
        page.screenshot(path=folder / f"{name}.png", full_page=True)
        page.close()
    page = browser.new_page(viewport={"width": 1280, "height": 1560})
    page.goto(html.as_uri())
    page.screenshot(path=folder / "first.png")
    page.close()
    page = browser.new_page(viewport=A4, device_scale_factor=2)
    page.goto(html.as_uri())
    page.pdf(path=folder / "report.pdf", format="A4", prefer_css_page_size=True, print_background=True)
    page.emulate_media(media="print")
    page.screenshot(path=folder / "print-1.png")
    page.close()


def shoot_view(browser: Browser, run: Path, folder: Path) -> None:
    """Take the pictures of the local pages of a run: routes, cases of the first route that a candidate was tried on,
    one of them, and its groups.
    """
    route = next(one for one in read_findings(RunFolder(run).findings).routes if one.candidate)
    of = f"route={quote(route.route, safe='')}&tier={quote(route.candidate or '', safe='')}"
    with served("view", run) as url:
        for kind, width, options in (
            ("", 1280, {"color_scheme": "light"}),
            ("-dark", 1280, {"color_scheme": "dark"}),
            ("-narrow", 400, {"color_scheme": "light", "device_scale_factor": 2}),
        ):
            page = browser.new_page(viewport={"width": width, "height": 900}, **options)
            pages = {"view": "", "view-kinds": f"kinds?{of}", "view-cases": f"cases?{of}&show=differ"}
            for name, address in pages.items():
                page.goto(url + address)
                page.screenshot(path=folder / f"{name}{kind}.png", full_page=True)
            with page.expect_navigation():
                page.keyboard.press("Enter")
            page.screenshot(path=folder / f"view-case{kind}.png", full_page=True)
            page.close()


def main() -> None:
    """Entry point of the script."""
    if len(sys.argv) > 3:
        sys.exit(__doc__)
    source, target = [*sys.argv[1:], *("proven", "shots")[len(sys.argv) - 1 :]]
    executable = find()
    if executable is None:
        sys.exit("no Chromium on this machine")
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        html = Path(scratch) / "report.html"
        html.write_text(page_of(source), "utf-8")
        browser = playwright.chromium.launch(executable_path=executable, args=ARGS)
        shoot(browser, html, folder)
        if Path(source).is_dir():
            shoot_view(browser, Path(source), folder)
        browser.close()


if __name__ == "__main__":
    main()
