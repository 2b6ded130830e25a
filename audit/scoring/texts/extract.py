"""`extract:` turns a completion into the value that is compared. Nothing extracted means the criterion fails.

Where the rest of the completion takes the value back, or JSON says it twice and differently, there is no value that
could be compared: that is a failure to measure, and never the first one found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit.core.errors import nearest
from audit.patterns import MOST_MATCHES, Found, Pattern, compile_pattern
from audit.scoring.expected.templates import UnusableTemplate
from audit.scoring.texts.json_values import CONTRADICTED, MISSING, at_path, json_text, json_values, same_json, steps
from audit.scoring.texts.retraction import TAKEN_BACK, TWO_VALUES, taken_back

Step = Callable[[str], str | None]
"""Text to the extracted text; None when there is nothing."""

WHICH = ("first", "last", "only")

FIRST_MATCH = (
    "the first of several different values that the pattern of `extract` matches (`which: first`, `last` or `only` "
    "beside it says which one is meant)"
)
"""What an extraction has read where nobody has said which match counts."""

_CUT = (
    "the pattern of `extract` takes a part of a number and leaves the rest; let it match as far as the number goes, or "
    "past it"
)
_SEVERAL = "the pattern of `extract` matches several different values, and `which: only` takes none of several"


@dataclass(frozen=True, slots=True)
class Extract:
    """A compiled `extract:` entry.

    Attributes:
        steps: In the order written.
    """

    steps: tuple[Step, ...]

    def __call__(self, text: str) -> str | None:
        """The extracted text; None when there is nothing."""
        return self.read(text)[0]

    def read(self, text: str) -> tuple[str | None, bool]:
        """The extracted text, and whether it is the first of several different ones without anybody having said so.

        Raises:
            UnusableTemplate: The text holds a value and takes it back, two where one is asked for, or a number that a
                pattern takes a part of.
            TooSlow: A pattern takes too long on it.
        """
        found: str | None = text
        chosen = False
        for step in self.steps:
            if found is None:
                return None, chosen
            if isinstance(step, _Regex):
                found, several = step.read(found)
                chosen |= several and step.which is None
            else:
                found = step(found)
        return found, chosen


def build_extract(entry: Any, notes: list[str]) -> Extract:
    """Compile an `extract:` entry; several steps in one entry run in the order written.

    Args:
        entry: A mapping of step to its argument: `regex`, `json`, `lines`, `strip`; and `which`, which says which match
            of `regex` counts.
        notes: Filled with sentences for the report.

    Raises:
        ValueError: It is not one; the message names the step.
    """
    if not isinstance(entry, Mapping) or not set(entry) - {"which"}:
        raise ValueError(f"`extract` must be a mapping with one of: {', '.join(sorted(_STEPS))}")
    which = entry.get("which")
    if "which" in entry and which not in WHICH:
        raise ValueError("`extract.which` must be `first`, `last` or `only`")
    if "which" in entry and "regex" not in entry:
        raise ValueError("`extract.which` says which match of `regex` counts, and there is no `regex`")
    chain: list[Step] = []
    for name, argument in entry.items():
        if name == "which":
            continue
        if name not in _STEPS:
            near = nearest(str(name), [*_STEPS, "which"])
            known = f"known: {', '.join(sorted([*_STEPS, 'which']))}"
            raise ValueError(f"unknown `extract` step `{name}`; " + (f"did you mean `{near}`?" if near else known))
        try:
            step = _STEPS[name](argument, notes)
        except ValueError as error:
            raise ValueError(f"`extract.{name}` {error}") from None
        chain.append(replace(step, which=which) if isinstance(step, _Regex) else step)
    return Extract(tuple(chain))


def note_engine(engine: str, what: str, notes: list[str]) -> None:
    """Say in the report which regular expressions run under a time limit."""
    if engine != "re2":
        notes.append(f"{what} needs look-around or back-references: matched under a time limit, not in linear time")


@dataclass(frozen=True, slots=True)
class _Regex:
    """The step `regex`: which match counts, the first unless somebody has said so."""

    pattern: Pattern
    which: str | None = None

    def __call__(self, text: str) -> str | None:
        return self.read(text)[0]

    def read(self, text: str) -> tuple[str | None, bool]:
        """The value, and whether the pattern matches different ones."""
        every = self.pattern.matches(text)
        if not every:
            return None, False
        if len(every) > MOST_MATCHES and self.which in ("last", "only"):
            raise UnusableTemplate(f"the pattern of `extract` matches more than {MOST_MATCHES:,} times")
        found = every[-1] if self.which == "last" else every[0]
        value = _value_of(found)
        same = [_value_of(one).split() == value.split() or _bare(one) == _bare(found) for one in every]
        if self.which == "only" and not all(same):
            raise UnusableTemplate(_SEVERAL)

        def named(rest: str) -> list[bool]:
            start = len(text) - len(rest)
            return [alike for one, alike in zip(every, same, strict=True) if one.start >= start]

        if _cuts_a_number(text, found):
            raise UnusableTemplate(_CUT)
        if taken_back(text[: found.start], text[found.end :], named):
            raise UnusableTemplate(TAKEN_BACK)
        return value, not all(same)


def _regex(argument: Any, notes: list[str]) -> _Regex:
    pattern = compile_pattern(argument)
    note_engine(pattern.engine, "`extract.regex`", notes)
    return _Regex(pattern)


def _value_of(found: Found) -> str:
    return found.whole if found.group is None else found.group


_NUMBER_ON = re.compile(r"\d|[.,'’_\u00a0\u202f]\d|[eE][-+]?\d|\s?[/⁄]\s?\d|[½⅓¼¾⅔]")
_NUMBER_BEFORE = re.compile(r"(?:\d[.,'’_\u00a0\u202f]?|(?:^|[\s(\[=:$€£])[-−]|(?:^|[\s(\[=:$€£])[.,])$")


def _cuts_a_number(text: str, found: Found) -> bool:
    """Whether a match takes the first or the last digits of a number: 5 out of `5.7`, `5,700`, `-5`. A pattern that
    matches on past its group has seen what stands there: `(\\d{4})-` takes the year of a date.
    """
    value = _value_of(found)
    begin, ending = found.end - len(value), found.start + len(found.whole)
    if value[-1:].isdecimal() and found.end == ending and _NUMBER_ON.match(text, ending):
        return True
    before = _NUMBER_BEFORE.search(text, max(0, begin - 4), begin)
    return value[:1].isdecimal() and begin == found.start and before is not None


def _bare(found: Found) -> str:
    """The value without the marks around it, but those that are a part of a number: `.5` is not `5`, nor is `(5)`."""
    value = " ".join(_value_of(found).split())
    bare = value.strip(_MARKS)
    if bare[:1].isdigit():
        start = value.index(bare)
        sign = value[max(start - 1, 0) : start]
        closed = value[start + len(bare) :][:1] == ")"
        return sign + bare if sign in (".", ",") or (sign == "(" and closed) else bare
    return bare


def _json(argument: Any, notes: list[str]) -> Step:
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


_FIGURE = re.compile(r"(?:(?<!\w)[.,](?=\d))?\d+(?:[.,]\d+)*")
_MARKS = " .,;:!?*_`\"'()[]"


def _lines(argument: Any, notes: list[str]) -> Step:
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
            if own := _FIGURE.findall(line):
                return [one in own for one in _FIGURE.findall(rest)]
            found = [one for one in rest.split("\n") if " " not in one]
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


# Models name the tag as they were trained to: `<think>`, `<antThinking>`, `<seed:think>`, `<|begin_of_thought|>`.
_NAME = (
    r"(?:[a-z]{1,12}[:_▁.-]?)?(?:think(?:ing)?|thoughts?)(?:[_▁-]?(?:process|trace|block|steps?|mode))?"
    r"|reasoning(?:[_-](?:process|trace|content|steps?))?|scratch[_-]?pad|(?:inner[_-]?|internal[_-]?)?monologue"
    r"|(?:internal|inner|hidden|private)[_-](?:reasoning|analysis|reflection)|deliberation|cot|chain[_-]of[_-]thoughts?"
)
# What a prompt may ask for, before the answer or as the answer: only in front of an answer is it reasoning.
_MAYBE = (
    r"(?:(?:my|pre|step[_-]?by[_-]?step|step|initial|draft|brief|thinking|problem|self)[_-])?"
    r"(?:reason|analysis|reflections?|reflect)"
)
_BEGIN, _END, _PIPE = "(?:<|&lt;)", "(?:>|&gt;)", "[|｜]"
_TOKEN = r"[\w:.▁-]{0,24}?(?:think|thought|reason|reflect)[\w:.▁-]{0,16}"
_OPENS = (
    rf"{_BEGIN}(?P<tag>{_NAME})(?:\s[^<>]{{0,80}})?{_END}|\[(?P<square>THINK)\]|◁(?P<moon>think)▷"
    rf"|<{_PIPE}(?!/|end){_TOKEN}{_PIPE}>|<unused\d{{1,3}}>thought\b"
)
_OPEN = re.compile(rf"\s*(?:{_OPENS}|<\|channel\|>\s?(?:analysis|thought))", re.I)
_CLOSE = re.compile(
    rf"{_BEGIN}/\s?(?:{_NAME})\s?{_END}|\[/THINK\]|◁/think▷|<{_PIPE}(?:/|end)\w?{_TOKEN}{_PIPE}>"
    r"|<unused\d{1,3}>(?!thought\b)|<\|channel\|>\s?final(?:\s?json)?\s?<\|message\|>",
    re.IGNORECASE,
)
_CLOSED = re.compile(
    rf"\s*<(?P<tag>{_MAYBE})(?:\s[^<>]{{0,80}})?>.{{0,200000}}?</\s?(?P=tag)\s?>\s*(?=\S)", re.IGNORECASE | re.DOTALL
)
_FOLDED = re.compile(
    r"\s*<details\b(?:[^<>]{0,200}\btype=.?reasoning\b[^<>]{0,200}>|[^<>]{0,200}>\s*<summary>[^<>]{0,60}(?:think|thought|reason)"
    r"[^<>]{0,60}</summary>)",
    re.IGNORECASE,
)
_FOLDED_END = re.compile("</details>", re.IGNORECASE)
_AROUND = (
    re.compile(r"\s*<[|｜](?:start|begin)[\w▁]{0,4}(?:response|answer|solution)[|｜]>", re.IGNORECASE),
    re.compile(
        r"\s*(?:<[|｜](?:end[\w▁]{0,4}(?:response|answer|solution)|return|end|im_end|eot_id)[|｜]>\s*)+\Z",
        re.IGNORECASE,
    ),
)


def opens_with_thinking(text: str) -> bool:
    """Whether a text opens with a reasoning tag that some models write into the answer."""
    return any(pattern.match(text) for pattern in (_OPEN, _FOLDED, _CLOSED))


def strips_thinking(entry: Any) -> bool:
    """Whether an `extract:` entry takes reasoning tags off."""
    argument = entry.get("strip") if isinstance(entry, Mapping) else None
    return "think" in (argument if isinstance(argument, list | tuple) else [argument])


def without_thinking(text: str) -> str | None:
    """The text after the reasoning in tags that it opens with; an opening tag in the prompt may be absent here.

    Special cases:
        The reasoning does not end, because the answer was cut: None.
        No such tag: the text as it is. Names that a program may ask for as well (`<analysis>`) are reasoning only where
            they open the text, are closed and have something behind them; others (`<cause_analysis>`) never are.
    """
    place = 0
    while (folded := _FOLDED.match(text, place)) is not None:
        ending = _FOLDED_END.search(text, folded.end())
        if ending is None:
            return None
        place = ending.end()
    if place:
        return text[place:].strip()
    closing = None
    for closing in _CLOSE.finditer(text):  # noqa: B007 - what follows the last one is the answer
        pass
    if _OPEN.match(text) is not None:
        return None if closing is None else _without_maybe(_without_marks(text[closing.end() :]))
    if _CLOSED.match(text) is not None:
        return _without_maybe(text)
    if closing is None or _OPENED.search(text, 0, closing.start()) is not None:
        return text  # the tags are part of the answer
    return _without_marks(text[closing.end() :])


def _without_maybe(text: str) -> str:
    """An answer without what a prompt asked for in front of it, one tag after the other."""
    while (closed := _CLOSED.match(text)) is not None:
        text = text[closed.end() :]
    return text.strip()


def _without_marks(text: str) -> str:
    """An answer without the tokens that some models put around it."""
    before, behind = _AROUND
    opening = before.match(text)
    return behind.sub("", text if opening is None else text[opening.end() :]).strip()


_OPENED = re.compile(_OPENS, re.IGNORECASE)


def _without_markdown(text: str) -> str:
    for pattern, replacement in _MARKDOWN:
        text = pattern.sub(replacement, text)
    return text.strip()


_STRIPPERS: dict[str, Callable[[str], str | None]] = {"markdown": _without_markdown, "think": without_thinking}


def _strip(argument: Any, notes: list[str]) -> Step:
    names = list(argument) if isinstance(argument, list | tuple) else [argument]
    if not names or any(name not in _STRIPPERS for name in names):
        raise ValueError(f"must be {' or '.join(f'`{name}`' for name in _STRIPPERS)}, or a list of them")

    def run(text: str) -> str | None:
        found: str | None = text
        for name in names:
            found = None if found is None else _STRIPPERS[name](found)
        return found or None

    return run


_STEPS: dict[str, Callable[[Any, list[str]], Step]] = {
    "regex": _regex,
    "json": _json,
    "lines": _lines,
    "strip": _strip,
}
