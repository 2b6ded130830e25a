"""The documentation as a site: README, guides, method pages and a reference made from the code.

    python -m tests.site site        (needs mkdocs-material and mkdocstrings; `make docs` brings them)

Nothing is written twice. Pages are the files that the repository has, with their links turned to the site's pages; the
reference of `audit.yaml`, of the commands and of the library is made from settings, help pages and docstrings.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from audit.cli.commands import guide
from tests.documents import ROOT
from tests.reference import adapters_text, commands_text, library_text, settings_text

LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
GUIDE = re.compile(r"(?<!\[)`audit guide ([a-z]+)`")
OPTIONS = {"show_source": False, "heading_level": 2, "show_root_heading": True, "show_root_full_path": True}
"""Of pages made from docstrings."""
STYLE = "td:first-child code { white-space: nowrap; }\n"
FENCE = re.compile(r"^(```.*?^```)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page.

    Attributes:
        path: On the site.
        title: In the navigation.
        text: Markdown.
        source: File of the repository that its links start from; "" for a page that is made.
    """

    path: str
    title: str
    text: str
    source: str = ""


def written(path: str, source: str, title: str | None = None) -> Page:
    """A page that is a file of the repository; its title is its first heading unless it is given."""
    text = (ROOT / source).read_text("utf-8")
    first = re.search(r"^# (.+)$", text, re.MULTILINE)
    return Page(path=path, title=title or (first.group(1) if first else path), text=text, source=source)


def sections() -> dict[str, list[Page]]:
    """All pages, by section of the navigation."""
    folder = guide.FOLDER.relative_to(ROOT).as_posix()
    guides = {topic: written(f"guides/{topic}.md", f"{folder}/{topic}.md") for topic in guide.TOPICS}
    tutorial = guides.pop("tutorial")
    understood = [guides.pop("method"), guides.pop("verdicts")]
    method = sorted((ROOT / "docs/method").glob("*.md"))
    return {
        "Start": [
            written("index.md", "README.md", "What it is"),
            tutorial,
            written("faq.md", "docs/faq.md"),
            written("first-hour.md", "docs/first-hour.md"),
        ],
        "How to": list(guides.values()),
        "Method": understood + [written(f"method/{path.name}", f"docs/method/{path.name}") for path in method],
        "Reference": [
            Page(path="reference/settings.md", title="audit.yaml", text=settings_text()),
            Page(path="reference/commands.md", title="Commands", text=commands_text()),
            Page(path="reference/adapters.md", title="Formats, criteria, providers, exports", text=adapters_text()),
            Page(path="reference/library.md", title="Library", text=library_text()),
            written("reference/scale.md", "docs/scale.md"),
            written("reference/protocols.md", "docs/protocols.md"),
            written("reference/promptfoo.md", "docs/promptfoo.md"),
        ],
        "Project": [
            written("project/security.md", "docs/security.md"),
            written("project/architecture.md", "ARCHITECTURE.md"),
            written("project/changelog.md", "CHANGELOG.md"),
        ],
    }


def turned(page: Page, places: Mapping[str, str]) -> str:
    """A page with its links turned from files of the repository to pages of the site; a link to a file that is no page
    becomes its text.

    Args:
        page: To turn.
        places: Page by file.
    """

    def link(match: re.Match[str]) -> str:
        picture, words, target = match.groups()
        path, _, anchor = target.partition("#")
        if "://" in target or not path or not page.source:
            return match.group(0)
        file = posixpath.normpath(posixpath.join(posixpath.dirname(page.source), path))
        if picture:
            return f"![{words}]({_from(page.path, 'pictures/' + posixpath.basename(file))})"
        if file in places:
            return f"[{words}]({_from(page.path, places[file])}{'#' + anchor if anchor else ''})"
        return f"`{words.strip('`')}`"

    def topic(match: re.Match[str]) -> str:
        return f"[`audit guide {match.group(1)}`]({_from(page.path, f'guides/{match.group(1)}.md')})"

    pieces = FENCE.split(page.text)
    return "".join(piece if piece.startswith("```") else GUIDE.sub(topic, LINK.sub(link, piece)) for piece in pieces)


def _from(page: str, target: str) -> str:
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def gather(folder: Path) -> None:
    """Write every page, the pictures and `mkdocs.yml` into an empty folder."""
    found = sections()
    pages = [page for section in found.values() for page in section]
    places = {page.source: page.path for page in pages if page.source}
    for page in pages:
        path = folder / "pages" / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(turned(page, places), "utf-8")
    (folder / "pages/extra.css").write_text(STYLE, "utf-8")
    (folder / "pages/pictures").mkdir()
    for picture in (ROOT / ".github").glob("*.png"):
        shutil.copy(picture, folder / "pages/pictures")
    navigation = [{name: [{page.title: page.path} for page in section]} for name, section in found.items()]
    handlers = {"python": {"paths": [str(ROOT)], "options": OPTIONS}}
    config = {
        "site_name": "audit",
        "docs_dir": "pages",
        "use_directory_urls": False,  # so that it can be read from a folder, without a server
        "theme": {"name": "material", "font": False, "features": ["navigation.tabs", "navigation.top", "toc.follow"]},
        "extra_css": ["extra.css"],
        "plugins": ["search", {"mkdocstrings": {"handlers": handlers, "enable_inventory": False}}],
        "markdown_extensions": ["tables", "attr_list", "pymdownx.superfences", {"toc": {"permalink": True}}],
        "validation": {"anchors": "warn"},
        "nav": navigation,
    }
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")


def main(arguments: list[str]) -> int:
    """Build the site into a folder; a link that leads nowhere is an error."""
    target = Path(arguments[0] if arguments else "site").resolve()
    with tempfile.TemporaryDirectory() as folder:
        gather(Path(folder))
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(target)]
        done = subprocess.run(command, cwd=folder, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=False)
    print(f"{target}/index.html" if done.returncode == 0 else "the site was not built", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
