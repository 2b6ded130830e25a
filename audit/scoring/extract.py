"""`extract:` turns a completion into the value that is compared. Nothing extracted means the criterion fails.

Where the rest of the completion takes the value back, or JSON says it twice and differently, there is no value that
could be compared: that is a failure to measure, and never the first one found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from audit.core.errors import nearest
from audit.patterns import Found, compile_pattern
from audit.scoring.jsontext import CONTRADICTED, MISSING, at_path, json_text, json_values, same_json, steps
from audit.scoring.retraction import TAKEN_BACK, TWO_VALUES, taken_back
from audit.scoring.templates import UnusableTemplate

Extract = Callable[[str], str | None]
"""Text to the extracted text; None when there is nothing."""


MOST_LATER = 50
"""Matches behind the first that are looked at."""


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
        value = _value_of(found)

        def named(rest: str) -> list[bool]:
            same: list[bool] = []
            while len(same) < MOST_LATER and (later := pattern.search(rest)) is not None:
                same.append(_value_of(later).split() == value.split() or _bare(later) == _bare(found))
                rest = rest[max(later.end, 1) :]
            return same

        if taken_back(text[: found.start], text[found.end :], named):
            raise UnusableTemplate(TAKEN_BACK)
        return value

    return run


def _value_of(found: Found) -> str:
    return found.whole if found.group is None else found.group


def _bare(found: Found) -> str:
    return " ".join(_value_of(found).split()).strip(_MARKS)


def _json(argument: Any, notes: list[str]) -> Extract:
    if not isinstance(argument, str):
        raise ValueError("must be a path, for example `answer` or `items[0].id`")
    path = steps(argument)

    # Prose before the answer may hold a `[1]`, so what has the path counts; two that differ are no answer.
    def run(text: str) -> str | None:
        every = [at_path(value, path) for value in json_values(text, comparing=True)]
        found = [one for one in every if one is not MISSING]
        if not found or found[0] is CONTRADICTED:
            return None
        if not all(same_json(found[0], one) for one in found[1:]):
            raise UnusableTemplate(TWO_VALUES)
        return json_text(found[0])

    return run


_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_MARKS = " .,;:!?*_`\"'()[]"


def _lines(argument: Any, notes: list[str]) -> Extract:
    if argument not in ("first", "last"):
        raise ValueError("must be `first` or `last`")
    index = 0 if argument == "first" else -1

    def run(text: str) -> str | None:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if not lines:
            return None
        line = lines[index]
        before, after = ("", "\n".join(["", *lines[1:]])) if index == 0 else ("\n".join(lines[:-1]), "")

        def named(rest: str) -> list[bool]:
            # A figure is another value where the line has one, a line of a single word where it is one.
            found = (
                _FIGURE.findall(rest) if _FIGURE.search(line) else [one for one in rest.split("\n") if " " not in one]
            )
            return [one.strip(_MARKS) in line for one in found if one.strip(_MARKS)]

        if taken_back(before, after, named):
            raise UnusableTemplate(TAKEN_BACK)
        return line

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
