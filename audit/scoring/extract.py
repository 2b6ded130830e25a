"""`extract:` turns a completion into the value that is compared. Nothing extracted means the criterion fails."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from audit.core.errors import nearest
from audit.patterns import compile_pattern
from audit.scoring.jsontext import CONTRADICTED, MISSING, at_path, json_text, json_values, steps

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
        for value in json_values(text, comparing=True):
            if (found := at_path(value, path)) is not MISSING:
                return None if found is CONTRADICTED else json_text(found)
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
    (
        re.compile(
            r"^[ \t]{0,3}(?:#{1,6}[ \t]+|>[ \t]?(?![\d\s.,=$€£¥])|\*[ \t]+|[-+][ \t]+(?![\d.,$€£¥])|\d{1,9}[.)][ \t]+)",
            re.MULTILINE,
        ),
        "",
    ),
    (re.compile(r"!?\[([^\[\]\n]{0,1000})\]\([^()\s]{0,2000}\)"), r"\1"),
    (re.compile(r"\*\*|__|`"), ""),  # what is struck out (~~) is not said, so its marks stay
    (re.compile(r"(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|(?<![\w_])_(?=\S)|(?<=\S)_(?![\w_])"), ""),
)


_TAGS = "think|thinking|thought|thoughts|reasoning|reflection|analysis|scratchpad|seed:think|inner_monologue"
_OPEN = re.compile(
    rf"\s*(?:<(?P<tag>{_TAGS})>|\[(?P<square>THINK)\]|◁(?P<moon>think)▷|<\|channel\|>\s?(?:analysis|thought))", re.I
)
_CLOSE = re.compile(
    rf"</(?:{_TAGS})>|\[/THINK\]|◁/think▷|<\|channel\|>\s?final(?:\s?json)?\s?<\|message\|>", re.IGNORECASE
)


def opens_with_thinking(text: str) -> bool:
    """Whether a text opens with a reasoning tag that some models write into the answer."""
    return _OPEN.match(text) is not None


def strips_thinking(entry: Any) -> bool:
    """Whether an `extract:` entry takes reasoning tags off."""
    argument = entry.get("strip") if isinstance(entry, Mapping) else None
    return "think" in (argument if isinstance(argument, list | tuple) else [argument])


def without_thinking(text: str) -> str | None:
    """The text after the reasoning in tags that it opens with; an opening tag in the prompt may be absent here.

    Special cases:
        The reasoning does not end, because the answer was cut: None.
        No such tag: the text as it is.
    """
    closing = None
    for closing in _CLOSE.finditer(text):  # noqa: B007 - what follows the last one is the answer
        pass
    if opens_with_thinking(text):
        return None if closing is None else text[closing.end() :].strip()
    if closing is None or _OPENED.search(text, 0, closing.start()) is not None:
        return text  # the tags are part of the answer
    return text[closing.end() :].strip()


_OPENED = re.compile(rf"<(?:{_TAGS})>|\[THINK\]|◁think▷", re.IGNORECASE)


def _without_markdown(text: str) -> str:
    for pattern, replacement in _MARKDOWN:
        text = pattern.sub(replacement, text)
    return text.strip()


_STRIPPERS: dict[str, Callable[[str], str | None]] = {"markdown": _without_markdown, "think": without_thinking}


def _strip(argument: Any, notes: list[str]) -> Extract:
    names = list(argument) if isinstance(argument, list | tuple) else [argument]
    if not names or any(name not in _STRIPPERS for name in names):
        raise ValueError(f"must be {' or '.join(f'`{name}`' for name in _STRIPPERS)}, or a list of them")

    def run(text: str) -> str | None:
        found: str | None = text
        for name in names:
            found = None if found is None else _STRIPPERS[name](found)
        return found or None

    return run


_STEPS: dict[str, Callable[[Any, list[str]], Extract]] = {
    "regex": _regex,
    "json": _json,
    "lines": _lines,
    "strip": _strip,
}
