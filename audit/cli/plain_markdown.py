"""Markdown as plain text: the small part of it that the guides are written in."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from itertools import zip_longest

INDENT, GAP = "    ", "  "
_COMMENT = re.compile(r"^<!--.*?-->\n", re.MULTILINE)
_UNIT = re.compile(r"(?<=\d) %")
_UNBREAKABLE = "\N{NO-BREAK SPACE}"
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


def plain(markdown: str, *, width: int) -> list[str]:
    """Lines for a terminal.

    Headings are underlined, paragraphs and bullets filled, the cells of tables filled under each other, fenced blocks
    indented and otherwise left as they are; comments, back-ticks, stars of emphasis and targets of links are left out.

    Args:
        markdown: Headings, paragraphs, bullets that start with `- `, tables whose rows start with `|`, and fenced
            blocks, with blank lines between them.
        width: Columns that text is filled to; a fenced block may be wider, and so may a word.
    """
    lines: list[str] = []
    for block in _blocks(_COMMENT.sub("", markdown)):
        lines += ["", *_shown(block, width)] if lines else _shown(block, width)
    return lines


def _blocks(markdown: str) -> Iterator[str]:
    """Text between blank lines; a fenced block is one, blank lines and all."""
    for index, part in enumerate(re.split(r"^```\w*\n(.*?)^```\n", markdown, flags=re.MULTILINE | re.DOTALL)):
        if index % 2:
            yield "```\n" + part
        else:
            yield from filter(None, (block.strip("\n") for block in re.split(r"\n{2,}", part)))


def _shown(block: str, width: int) -> list[str]:
    if block.startswith("```\n"):
        return textwrap.indent(block.removeprefix("```\n").rstrip("\n"), INDENT).splitlines()
    if heading := re.match(r"(#+) (.*)", block):
        words = _unmarked(heading[2])
        return [words, ("=" if len(heading[1]) == 1 else "-") * len(words)]
    if block.startswith("- "):
        return [line for item in re.split(r"\n(?=- )", block) for line in _filled(item[2:], width, "- ")]
    if block.startswith("|"):
        return _table(block, width)
    return _filled(block, width, "")


def _table(block: str, width: int) -> list[str]:
    """Rows under their headings; the last column takes the room that the others leave."""
    head, _, *rows = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in block.splitlines())
    widths = [max(len(_unmarked(row[at])) for row in (head, *rows)) for at in range(len(head) - 1)]
    widths = [min(one, max(width // len(head), 8)) for one in widths]
    widths.append(max(width - sum(widths) - len(GAP) * len(widths), 8))
    rule = ["-" * min(one, max(len(_unmarked(row[at])) for row in (head, *rows))) for at, one in enumerate(widths)]
    return [line for row in (head, rule, *rows) for line in _row(row, widths)]


def _row(cells: list[str], widths: list[int]) -> Iterator[str]:
    """The lines of a row: each cell filled to the width of its column."""
    filled = [_filled(cell, room, "") for cell, room in zip(cells, widths, strict=True)]
    for parts in zip_longest(*filled, fillvalue=""):
        yield GAP.join(f"{part:{room}}" for part, room in zip(parts, widths, strict=True)).rstrip()


def _filled(words: str, width: int, first: str) -> list[str]:
    lines = textwrap.wrap(
        _UNIT.sub(f"{_UNBREAKABLE}%", " ".join(_unmarked(words).split())),
        width,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
        break_long_words=False,
    )
    return [line.replace(_UNBREAKABLE, " ") for line in lines]


def _unmarked(words: str) -> str:
    return _LINK.sub(r"\1", words).replace("`", "").replace("**", "")
