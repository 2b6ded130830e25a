r"""The users' regular expressions on untrusted text, with Python's meaning and without Python's worst case.

RE2 matches in linear time and understands most patterns. Where it cannot (lookaround, back-references), the `regex`
package does, under a time limit per text; it differs from Python in which superscripts and combining marks are letters.
"""

from __future__ import annotations

import itertools
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import re2
import regex  # type: ignore[import-untyped]

TIME_LIMIT_S = 0.5

MOST_MATCHES = 1_000
"""Matches of one pattern in one text that are looked for."""


class TooSlow(Exception):
    """A pattern took longer than the time limit on one text. The message quotes neither."""


# RE2's \d, \w and \s are ASCII (https://github.com/google/re2/wiki/Syntax); Python's are Unicode.
_SPACE = r"\t-\r\x1c-\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_NOT_SPACE = (
    r"\x00-\x08\x0e-\x1b\x21-\x84\x86-\x9f\xa1-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}"
    r"\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff}"
)
_WORD = r"\p{L}\p{N}_"
_NOT_WORD = (
    r"\p{M}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{S}\p{Z}\p{C}\x{203f}\x{2040}\x{2054}\x{fe33}\x{fe34}"
    r"\x{fe4d}-\x{fe4f}\x{ff3f}"
)
_IN_CLASS = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": _WORD, "W": _NOT_WORD, "s": _SPACE, "S": _NOT_SPACE}
_OUTSIDE = {
    "d": r"\p{Nd}",
    "D": r"\P{Nd}",
    "w": f"[{_WORD}]",
    "W": f"[^{_WORD}]",
    "s": f"[{_SPACE}]",
    "S": f"[^{_SPACE}]",
    "Z": r"\z",
}
_OPEN_REPEAT = re.compile(r"\{,(\d+\})")
_WIDE_LETTER = re.compile(r"[^\W\x00-\x7f]")
_AROUND_TEXT = re.compile(r"\A(?:\(\?[aimsux]+\))?\^?(?:\.\*\??)?|(?<!\\)(?:\.\*\??)?\$?\Z")
_ZERO_WIDTH = frozenset("bAZz")
_SIGNS = frozenset(".^$*+?{}[]|()")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Found:
    """A match: the whole of it, group 1 where the pattern has one that took part, and where in the text they stand.

    `start` is where the whole begins, `end` where the group ends, or the whole where there is none.
    """

    whole: str
    group: str | None
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern.

    Attributes:
        linear: RE2's form of it, or None where RE2 refuses it.
        timed: The `regex` package's form.
        boundaries: It uses \\b or \\B, which are ASCII in RE2.
        ends: It uses $, which in RE2 does not match before a final newline.
    """

    linear: Any
    timed: Any
    boundaries: bool
    ends: bool

    @property
    def engine(self) -> str:
        """`re2`, or `regex` where a time limit is needed."""
        return "regex" if self.linear is None else "re2"

    def search(self, text: str) -> Found | None:
        """The first match.

        Raises:
            TooSlow: The time limit passed.
        """
        plain = text.isascii()
        text = text if plain else _SURROGATE.sub("\ufffd", text)
        # \b next to a letter beyond ASCII is the one thing that RE2 cannot be taught to read as Python does.
        if self.linear is None or (self.boundaries and not plain and _WIDE_LETTER.search(text)):
            return self._search_timed(text)
        match = self.linear.search(text)
        if self.ends and text.endswith("\n"):
            earlier = self.linear.search(text[:-1])
            if earlier is not None and (match is None or earlier.start() < match.start()):
                match = earlier
        return None if match is None else _found(match, self.linear.groups)

    def matches(self, text: str) -> list[Found]:
        """The matches that no earlier one overlaps, in order; of more than `MOST_MATCHES` one more than that.

        Raises:
            TooSlow: The time limit passed.
        """
        plain = text.isascii()
        text = text if plain else _SURROGATE.sub("\ufffd", text)
        if self.linear is None or (self.boundaries and not plain and _WIDE_LETTER.search(text)):
            return self._matches_timed(text)
        found = _few(_found(match, self.linear.groups) for match in self.linear.finditer(text))
        if self.ends and text.endswith("\n"):
            before_break = _few(_found(match, self.linear.groups) for match in self.linear.finditer(text[:-1]))
            found = sorted({one.start: one for one in [*before_break, *found]}.values(), key=lambda one: one.start)
        apart: list[Found] = []
        for one in found:
            if not apart or one.start >= apart[-1].start + len(apart[-1].whole):
                apart.append(one)
        return apart

    def _matches_timed(self, text: str) -> list[Found]:
        try:
            return _few(_found(match, self.timed.groups) for match in self.timed.finditer(text, timeout=TIME_LIMIT_S))
        except TimeoutError:
            raise _too_slow() from None

    def _search_timed(self, text: str) -> Found | None:
        try:
            match = self.timed.search(text, timeout=TIME_LIMIT_S)
        except TimeoutError:
            raise _too_slow() from None
        return None if match is None else _found(match, self.timed.groups)


def _too_slow() -> TooSlow:
    return TooSlow(f"the regular expression took longer than {TIME_LIMIT_S:g} s on this text")


def _few(found: Iterable[Found]) -> list[Found]:
    """The first matches: finding each may read the rest of the text."""
    return list(itertools.islice(found, MOST_MATCHES + 1))


def _found(match: Any, groups: int) -> Found:
    group = match.group(1) if groups else None
    return Found(match.group(0), group, match.start(), match.end() if group is None else match.end(1))


def compile_pattern(source: Any) -> Pattern:
    """Compile a pattern for whichever engine can take it.

    Raises:
        ValueError: It is not a regular expression; the message says why.
    """
    if not isinstance(source, str):
        raise ValueError("must be a regular expression")
    if _SURROGATE.search(source):
        raise ValueError("holds a lone surrogate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # `regex` announces future set syntax; today's meaning is the one we want
        try:
            timed = regex.compile(source, regex.VERSION0)
        except (regex.error, RecursionError, OverflowError) as error:
            timed, why = None, str(error)
    translated, boundaries, ends = _translate(source)
    linear = _linear(translated)
    if timed is None and (linear is None or boundaries):
        raise ValueError(f"is not a regular expression: {why}")
    return Pattern(linear=linear, timed=timed, boundaries=boundaries, ends=ends)


@lru_cache(maxsize=256)
def kept_pattern(source: str) -> Pattern:
    """A compiled pattern that is kept: rules and checks of policies ask the same few of every request."""
    return compile_pattern(source)


def plain_text(source: str) -> str | None:
    """The one text that a pattern stands for; None where it stands for several.

    Flags in front, anchors, word boundaries and a `.*` at either end are no part of it.
    """
    inner = _AROUND_TEXT.sub("", source)
    out = []
    position = 0
    while position < len(inner):
        char = inner[position]
        if char == "\\":
            char = inner[position + 1 : position + 2]
            if char in _ZERO_WIDTH:
                char = ""
            elif not char or char.isalnum():
                return None
            position += 1
        elif char in _SIGNS:
            return None
        out.append(char)
        position += 1
    return "".join(out) or None


def alternatives_in(source: str) -> list[str]:
    """The texts among the alternatives of a pattern that is a choice, `^(yes|no|n/a)$`; none where it is no choice."""
    inner = _AROUND_TEXT.sub("", source)
    group = re.fullmatch(r"\((?:\?:)?([^()]*)\)", inner)
    parts = re.split(r"(?<!\\)\|", inner if group is None else group.group(1))
    return [text for part in parts if (text := plain_text(part))] if len(parts) > 1 else []


def _linear(source: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(source, options)
    except re2.error:
        return None


def _translate(source: str) -> tuple[str, bool, bool]:
    """A Python pattern in RE2's words, and whether it uses word boundaries and `$`."""
    out: list[str] = []
    boundaries = ends = in_class = False
    position = 0
    while position < len(source):
        char = source[position]
        if char == "\\" and position + 1 < len(source):
            letter = source[position + 1]
            boundaries |= not in_class and letter in "bB"
            out.append((_IN_CLASS if in_class else _OUTSIDE).get(letter, char + letter))
            position += 2
            continue
        if in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            # A bracket that opens the set, also after a caret, is a member of it.
            opening = re.compile(r"\[\^?\]?").match(source, position)
            assert opening is not None
            char = opening.group()
        elif char == "{" and (repeat := _OPEN_REPEAT.match(source, position)):
            char = "{0," + repeat.group(1)
            position += repeat.end() - position - len(char)
        else:
            ends |= char == "$"
        out.append(char)
        position += len(char)
    return "".join(out), boundaries, ends
