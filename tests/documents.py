"""What is written for users: the README and the packaged guides, and the fenced blocks in them."""

import itertools
import re
import shlex
from pathlib import Path

from audit.cli.commands import guide

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDES = tuple(guide.FOLDER / f"{topic}.md" for topic in guide.TOPICS)
DOCUMENTS = (README, *GUIDES)
PAGES = tuple(sorted((ROOT / "docs").rglob("*.md")))


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def command_lines(path: Path) -> list[str]:
    """The calls of `audit` in shell blocks, and in the blocks of CI's configuration (`yml`)."""
    shell = [line for block in blocks(path, "sh") for line in block.splitlines() if line.startswith("audit ")]
    return shell + [call for block in blocks(path, "yml") for call in re.findall(r"\baudit [a-z]+ [^\n&]+", block)]


def arguments(line: str) -> list[str]:
    """Words of a command line after `audit`; comments, and what a shell does with the output, cut off."""
    return list(itertools.takewhile(lambda word: word not in ("|", ">", ">>"), shlex.split(line, comments=True)[1:]))
