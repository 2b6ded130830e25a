"""Tables whose figures are always whole: where the terminal is narrow, names and lists go on below."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

GAP = 2
"""Cells between columns."""

NAME_LINES = 4
"""Lines that a name may take; what is longer is cut before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. One with `at_least` may be narrowed to that many cells: its text goes on below, behind the commas of a
    list if it `folds`, and else as a name does, whose end may be all that tells it from another."""

    title: str
    right: bool = False
    at_least: int | None = None
    folds: bool = False


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, width: int, drawn: Callable[[str], str]
) -> Table:
    """A table without lines.

    Args:
        columns: From left to right.
        rows: Text that is safe for a terminal, one cell per column.
        width: Cells of the terminal.
        drawn: Turns text into what the stream can show.
    """
    shown = [[drawn(cell) for cell in row] for row in rows]
    wide = [max(map(cell_len, [column.title, *(row[index] for row in shown)])) for index, column in enumerate(columns)]
    _fit(wide, [column.at_least for column in columns], width - GAP * (len(columns) - 1))
    found = Table(box=None, header_style="bold", padding=(0, GAP, 0, 0), pad_edge=False)
    for column, cells in zip(columns, wide, strict=True):
        justify: Literal["left", "right"] = "right" if column.right else "left"
        found.add_column(Text(column.title), justify=justify, no_wrap=not column.folds, max_width=cells)
    for row in shown:
        found.add_row(*(_narrowed(*cell) for cell in zip(row, columns, wide, strict=True)))
    return found


def _narrowed(cell: str, column: Column, cells: int) -> Text:
    """A cell in so many cells of the terminal, over as many lines as that takes."""
    # 0.2.3 and 2026-10-01 stay whole.
    parts = re.split(r"(?<=, )" if column.folds else r"(?<=[\W_])(?!(?<=\d.)\d)", cell)
    lines = [""]
    for piece in (piece for part in parts for piece in _pieces(part, cells)):
        if lines[-1] and cell_len((lines[-1] + piece).rstrip()) > cells:
            lines.append("")
        lines[-1] += piece
    shown = [Text(line.rstrip()) for line in lines]
    if not column.folds and len(lines) > NAME_LINES:
        # Two names may differ at their ends alone.
        shown = [*shown[: NAME_LINES - 1], Text(f"…{_end(cell, cells - 1)}")]
    return Text("\n").join(shown)


def _end(text: str, cells: int) -> str:
    """As much of the end of a text as fits."""
    while cell_len(text) > cells:
        text = text[1:]
    return text


def _pieces(part: str, cells: int) -> Iterator[str]:
    """A part of a name, in pieces where it alone is too wide."""
    piece = ""
    for char in part:
        if cell_len((piece + char).rstrip()) > cells:
            yield piece
            piece = ""
        piece += char
    yield piece


def _fit(wide: list[int], at_least: Sequence[int | None], width: int) -> None:
    """Take cells from the widest column that may be cut, until the table fits or none may be cut further."""
    while sum(wide) > width:
        open_ = [index for index, least in enumerate(at_least) if least is not None and wide[index] > least]
        if not open_:
            return
        wide[max(open_, key=lambda index: wide[index])] -= 1


def wrapped(text: str, width: int, *, indent: int = 2) -> list[str]:
    """A paragraph as lines, each indented, and those that go on a little further."""
    return textwrap.wrap(text, width, initial_indent=" " * indent, subsequent_indent=" " * (indent + GAP))
