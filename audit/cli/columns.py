"""Tables whose figures are always whole: where the terminal is narrow, names give way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

GAP = 2
"""Cells between columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. One with `at_least` may be cut down to that many cells; any other is never cut."""

    title: str
    right: bool = False
    at_least: int | None = None


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
    for column in columns:
        found.add_column(Text(column.title), justify="right" if column.right else "left", no_wrap=True)
    for row in shown:
        texts = [Text(cell) for cell in row]
        for text, cells in zip(texts, wide, strict=True):
            text.truncate(cells, overflow="ellipsis")
        found.add_row(*texts)
    return found


def _fit(wide: list[int], at_least: Sequence[int | None], width: int) -> None:
    """Take cells from the widest column that may be cut, until the table fits or none may be cut further."""
    while sum(wide) > width:
        open_ = [index for index, least in enumerate(at_least) if least is not None and wide[index] > least]
        if not open_:
            return
        wide[max(open_, key=lambda index: wide[index])] -= 1
