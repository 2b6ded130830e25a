"""The documentation as a site: every page is reached, every link leads somewhere, every key is told."""

from __future__ import annotations

import importlib.util
import posixpath
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from audit.config.load import settings_schema
from tests.documents import PAGES, README, ROOT
from tests.site import FENCE, LINK, gather


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Text of every page, by its path."""
    folder = tmp_path_factory.mktemp("site")
    gather(folder)
    root = folder / "pages"
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in sorted(root.rglob("*.md"))}


def links(text: str) -> Iterator[str]:
    """Targets of links, those in code left out."""
    for piece in FENCE.split(text):
        if not piece.startswith("```"):
            yield from (match[3] for match in LINK.finditer(piece))


def test_every_link_leads_to_a_page(pages: dict[str, str]) -> None:
    """Within the site; the pictures are there, and addresses elsewhere are addresses."""
    for path, text in pages.items():
        for target in links(text):
            file = target.partition("#")[0]
            if "://" in target or not file or file.endswith(".png"):
                continue
            assert posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) in pages, (path, target)


def test_every_page_that_is_written_is_linked_from_the_readme() -> None:
    """Whoever starts there finds all of it."""
    linked = {(README.parent / target.partition("#")[0]).resolve() for target in links(README.read_text("utf-8"))}
    assert {page.resolve() for page in PAGES} <= linked


def test_every_section_of_the_file_has_a_heading_and_every_key_a_line(pages: dict[str, str]) -> None:
    """Sections that are linked are there."""
    text = pages["reference/settings.md"]
    anchors = set(re.findall(r"\{#(\w+)\}", text))
    assert set(re.findall(r"\(#(\w+)\)", text)) == anchors
    for section in sections():
        assert all(f"| `{key}` |" in text for key in section["properties"])


def sections() -> list[Mapping[str, Any]]:
    """Of the schema."""
    schema = settings_schema()
    return [schema, *(section for section in schema["$defs"].values() if "properties" in section)]


def test_every_key_of_the_file_says_what_it_is() -> None:
    """The reference, the schema in an editor and the errors have nothing else to say it by."""
    entries = [entry for section in sections() for entry in section["properties"].items()]
    assert [key for key, entry in entries if not entry.get("description")] == []


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="needs mkdocs-material (make docs brings it)")
def test_the_site_is_built(tmp_path: Path) -> None:
    """Strictly: a page without a place in the navigation, or a link to nowhere, is an error."""
    command = [sys.executable, "-m", "tests.site", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "avoidable" in (tmp_path / "site/index.html").read_text("utf-8")
