"""Errors as people and programs read them: what, where with a caret, why, what to do next."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable
from typing import Any

from audit.core.display import terminal_safe
from audit.core.errors import AuditError, ConfigError, Place

Paint = Callable[[str, str], str]

WIDEST_EXCERPT = 100


def plain(text: str, _style: str) -> str:
    """No colour."""
    return text


def error_lines(error: AuditError, *, paint: Paint = plain, width: int | None = None) -> list[str]:
    """An error for a terminal; all problems of a configuration at once, with an empty line between.

    Args:
        error: To tell.
        paint: Colours a text by its style.
        width: At which notes are wrapped; None leaves each on a line, as files and programs want it.
    """
    problems = _each(error)
    lines: list[str] = []
    for problem in problems:
        lines += [*_block(problem, paint, width), ""]
    if len(problems) > 1:
        lines.append(terminal_safe(error.what))
    return lines if len(problems) > 1 else lines[:-1]


def error_document(error: AuditError) -> dict[str, Any]:
    """An error as the JSON document of `--json`. `problems` holds each one of a configuration."""
    problems = _each(error)
    document = _plain(problems[0] if len(problems) == 1 else error)
    if isinstance(error, ConfigError):
        document["problems"] = [_plain(problem) for problem in problems]
    return {"error": {**document, "exit_code": error.exit_code}}


def _each(error: AuditError) -> list[AuditError]:
    return list(error.problems) if isinstance(error, ConfigError) and error.problems else [error]


def _plain(error: AuditError) -> dict[str, Any]:
    place = error.place
    return {
        "code": error.code,
        "message": error.what,
        "notes": list(error.notes),
        "hint": error.hint,
        "place": None if place is None else {"file": place.file, "line": place.line, "column": place.column},
    }


def _block(error: AuditError, paint: Paint, width: int | None) -> list[str]:
    lines = [paint(f"error[{error.code}]", "error") + f": {terminal_safe(error.what)}"]
    gutter = 2
    if error.place is not None:
        gutter = len(str(error.place.line or "")) + 1 if error.place.excerpt is not None else 2
        lines += _where(error.place, gutter, paint)
    pad = " " * (gutter + 1)
    for note in error.notes:
        lines += _wrapped(f"{pad}= note: ", terminal_safe(note), width)
    if error.hint:
        lines.append(f"{pad}= " + paint("help", "help") + f": {terminal_safe(error.hint)}")
    return lines


def _wrapped(head: str, text: str, width: int | None) -> list[str]:
    """A note under its head. Two spaces in a row set a command apart, which has to be copied whole."""
    if width is None or "  " in text:
        return [head + text]
    indent = " " * len(head)
    return textwrap.wrap(
        text, width, initial_indent=head, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [head.rstrip()]


def _where(place: Place, gutter: int, paint: Paint) -> list[str]:
    spot = ":".join(str(part) for part in (place.line, place.column) if place.line is not None and part is not None)
    lines = [" " * (gutter - 1) + f"--> {terminal_safe(place.file)}" + (f":{spot}" if spot else "")]
    if place.excerpt is None:
        return lines
    text, column, width = _window(place.excerpt, (place.column or 1) - 1, place.width)
    caret = " " * _cells(text[:column]) + "^" * max(_cells(text[column : column + width]), 1)
    number = str(place.line or "").rjust(gutter - 1)
    empty = " " * gutter + "|"
    return [*lines, empty, f"{number} | {terminal_safe(text)}".rstrip(), f"{empty} " + paint(caret, "error")]


def _window(text: str, column: int, width: int) -> tuple[str, int, int]:
    """The part of a long line around the caret."""
    if len(text) <= WIDEST_EXCERPT:
        return text, column, width
    start = max(min(column - 20, len(text) - WIDEST_EXCERPT), 0)
    cut = text[start : start + WIDEST_EXCERPT]
    left, right = "…" if start else "", "…" if start + WIDEST_EXCERPT < len(text) else ""
    column = column - start + len(left)
    return left + cut + right, column, min(width, len(left + cut) - column)


def _cells(text: str) -> int:
    """Columns that a text takes: two for wide characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )
