"""axe-core on a page: what people with assistive technology would stumble over."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page

RULES = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
}
"""WCAG 2.0 to 2.2, A and AA, and best practice."""

COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""The rules of these that look at colours: what a dark page can break that a light one does not."""


@cache
def _script() -> str:
    """axe-core, from the package that carries it or from the file that AUDIT_AXE names."""
    named = os.environ.get("AUDIT_AXE")
    package = find_spec("axe_playwright_python")
    if named is None and package is not None and package.origin is not None:
        named = str(Path(package.origin).parent / "axe.min.js")
    if named is None:
        pytest.skip("axe-core is not installed: pip install axe-playwright-python")
    return Path(named).read_text("utf-8")


def violations(page: Page, scheme: str) -> list[tuple[str, str]]:
    """Each rule that the page breaks with the element that breaks it: by all rules, in the dark by those of colours.

    Light and dark are one document with other colours, so what is not about colours is found in the light.
    """
    page.evaluate(_script())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})",
        COLOURS if scheme == "dark" else RULES,
    )
    return [(rule["id"], node["html"][:120]) for rule in found["violations"] for node in rule["nodes"]]
