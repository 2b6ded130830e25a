"""A page that keeps what the browser says and asks for, and what is read off it by several tests."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

Url = Callable[[str], str]

WITH_TESTS = ("proven", "split", "many_routes", "one_day")


class Watched:
    """A page that keeps what the browser says and asks for."""

    def __init__(self, browser: Browser, url: str, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.page: Page = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.dialogs: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        self.page.goto(url)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()


def open_all(page: Page) -> None:
    """Open every `<details>`."""
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")


def pdf_pages(page: Page, **options: Any) -> list[str]:
    """Text of each sheet of the printed report, white space as single spaces."""
    pypdf = pytest.importorskip("pypdf", reason="reading PDF text needs pypdf")
    data = page.pdf(prefer_css_page_size=not options, print_background=True, **options)
    return [re.sub(r"\s+", " ", sheet.extract_text()) for sheet in pypdf.PdfReader(io.BytesIO(data)).pages]


def packed(text: str) -> str:
    """A text without any white space: where a PDF breaks lines is not the point."""
    return re.sub(r"\s+", "", text)
