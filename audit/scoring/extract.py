"""`extract:` turns a completion into the value that is compared. Nothing extracted means the criterion fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from audit.core.errors import nearest
from audit.scoring.jsontext import MISSING, at_path, json_text, json_values, steps
from audit.scoring.patterns import compile_pattern

Extract = Callable[[str], str | None]
"""Text to the extracted text; None when there is nothing."""


def build_extract(entry: Any, notes: list[str]) -> Extract:
    """Compile an `extract:` entry; several steps in one entry run in the order written.

    Args:
        entry: A mapping of step to its argument: `regex`, `json`, `lines`, `strip`.
        notes: Filled with sentences for the report.

    Raises:
        ValueError: It is not one; the message names the step.
    """
    if not isinstance(entry, Mapping) or not entry:
        raise ValueError(f"`extract` must be a mapping with one of: {', '.join(sorted(_STEPS))}")
    chain: list[Extract] = []
    for name, argument in entry.items():
        if name not in _STEPS:
            near = nearest(str(name), _STEPS)
            known = f"known: {', '.join(sorted(_STEPS))}"
            raise ValueError(f"unknown `extract` step `{name}`; " + (f"did you mean `{near}`?" if near else known))
        try:
            chain.append(_STEPS[name](argument, notes))
        except ValueError as error:
            raise ValueError(f"`extract.{name}` {error}") from None

    def run(text: str) -> str | None:
        for step in chain:
            if (found := step(text)) is None:
                return None
            text = found
        return text

    return run


def note_engine(engine: str, what: str, notes: list[str]) -> None:
    """Say in the report which regular expressions run under a time limit."""
    if engine != "re2":
        notes.append(f"{what} needs look-around or back-references: matched under a time limit, not in linear time")


def _regex(argument: Any, notes: list[str]) -> Extract:
    pattern = compile_pattern(argument)
    note_engine(pattern.engine, "`extract.regex`", notes)

    def run(text: str) -> str | None:
        found = pattern.search(text)
        if found is None:
            return None
        return found.whole if found.group is None else found.group

    return run


def _json(argument: Any, notes: list[str]) -> Extract:
    if not isinstance(argument, str):
        raise ValueError("must be a path, for example `answer` or `items[0].id`")
    path = steps(argument)

    # Prose before the answer may hold a `[1]` or an example, so the first value that has the path counts.
    def run(text: str) -> str | None:
        for value in json_values(text):
            if (found := at_path(value, path)) is not MISSING:
                return json_text(found)
        return None

    return run


def _lines(argument: Any, notes: list[str]) -> Extract:
    if argument not in ("first", "last"):
        raise ValueError("must be `first` or `last`")
    index = 0 if argument == "first" else -1

    def run(text: str) -> str | None:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[index] if lines else None

    return run


_MARKDOWN = (
    (re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE), ""),
    (re.compile(r"^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\d{1,9}[.)][ \t]+)", re.MULTILINE), ""),
    (re.compile(r"!?\[([^\[\]\n]{0,1000})\]\([^()\s]{0,2000}\)"), r"\1"),
    (re.compile(r"\*\*|__|~~|`"), ""),
    (re.compile(r"(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)|(?<=\S)_(?![\w_])"), ""),
)


def _strip(argument: Any, notes: list[str]) -> Extract:
    if argument != "markdown":
        raise ValueError("must be `markdown`")

    def run(text: str) -> str | None:
        for pattern, replacement in _MARKDOWN:
            text = pattern.sub(replacement, text)
        return text.strip() or None

    return run


_STEPS: dict[str, Callable[[Any, list[str]], Extract]] = {
    "regex": _regex,
    "json": _json,
    "lines": _lines,
    "strip": _strip,
}
