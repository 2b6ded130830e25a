"""The report as a PDF, printed by a Chromium of this machine: from a local file, with the network cut off."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from audit.core.errors import InputError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
TIMEOUT_S = 120

OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # The page asks for nothing, and the browser around it finds no host.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)


def find_browser() -> str | None:
    """Path of a Chromium or Chrome, or None."""
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in on_path if path), None) or next((p for p in PLACES if Path(p).is_file()), None)


def print_pdf(html: bytes) -> bytes:
    """Print a report.

    Raises:
        InputError: No browser was found, or it printed nothing.
    """
    browser = find_browser()
    if browser is None:
        raise InputError(
            "a PDF is printed by Chromium or Chrome, and none was found",
            code="report.no-browser",
            notes=[f"looked for {', '.join(NAMES)} on PATH"],
            hint="install the package chromium; or open the HTML report and print it from any browser",
        )
    with tempfile.TemporaryDirectory(prefix="audit-pdf-") as scratch:
        page, printed = Path(scratch) / "report.html", Path(scratch) / "report.pdf"
        page.write_bytes(html)
        command = [browser, *OPTIONS, f"--user-data-dir={scratch}/profile", f"--print-to-pdf={printed}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            # Chromium refuses its sandbox to root, as in most containers; the page holds no script but ours.
            command.append("--no-sandbox")
        try:
            done = subprocess.run([*command, page.as_uri()], capture_output=True, timeout=TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise InputError(
                f"{browser} did not print the report: {type(error).__name__}", code="report.pdf-failed", hint=_INSTEAD
            ) from None
        if done.returncode != 0 or not printed.is_file():
            raise InputError(
                f"{browser} did not print the report (exit {done.returncode})", code="report.pdf-failed", hint=_INSTEAD
            )
        return printed.read_bytes()


_INSTEAD = "open the HTML report and print it from any browser"
