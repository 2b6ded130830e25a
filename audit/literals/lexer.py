"""A small lexer for languages other than Python: words, strings and signs; comments and regular expressions left out.

It knows just enough of each language not to take a comment for a string or a string for a comment. An unterminated
quote is skipped, so a file that is not quite of its language is read on after it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache


class Sort(Enum):
    """What a token is."""

    WORD = 1
    STRING = 2
    SIGN = 3


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a string's content (up to its first interpolation) or a sign, with where it begins in the text."""

    sort: Sort
    text: str
    start: int
    composed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What the lexer has to know of a language.

    Attributes:
        name: As people call it.
        comments: Patterns.
        strings: Patterns whose first group is the content.
        holes: Pattern of an interpolation in a string; None where there is none.
        slashes: A slash where a value may begin opens a regular expression.
    """

    name: str
    comments: tuple[str, ...]
    strings: tuple[str, ...]
    holes: str | None = None
    slashes: bool = False


_LINE, _BLOCK = r"//[^\n]*", r"/\*.*?(?:\*/|\Z)"
_HASH = r"#[^\n]*"
_DOUBLE = r'"((?:[^"\\\n]|\\.)*)"'
_SINGLE = r"'((?:[^'\\\n]|\\.)*)'"
_TRIPLE = r'"""(.*?)"""'
_BACKTICK = r"`([^`\\]*(?:\\.[^`\\]*)*)`"
_CHAR = r"'((?:[^'\\\n]|\\[^\n]{1,9}?))'"
_HEREDOC = r"<<[~-]?(?P<q>['\"]?)(?P<mark>[A-Z_][A-Z0-9_]*)(?P=q)[^\n]*\n(?P<body>.*?)\n[ \t]*(?P=mark)\b"
_PHP_HEREDOC = _HEREDOC.replace("<<[~-]?", "<<<[ ]?")

_C = (_LINE, _BLOCK)
LANGUAGES = {
    language.name: language
    for language in (
        Language(name="javascript", comments=_C, strings=(_DOUBLE, _SINGLE, _BACKTICK), holes=r"\$\{", slashes=True),
        Language(name="go", comments=_C, strings=(_DOUBLE, r"`([^`]*)`", _CHAR)),
        Language(name="java", comments=_C, strings=(_TRIPLE, _DOUBLE, _CHAR)),
        Language(name="kotlin", comments=_C, strings=(_TRIPLE, _DOUBLE, _CHAR), holes=r"\$\{|\$(?=[A-Za-z_])"),
        Language(
            name="csharp",
            comments=_C,
            strings=(r'\$?"""(.*?)"""', r'[$@]*@[$@]*"((?:[^"]|"")*)"', r"\$?" + _DOUBLE, _CHAR),
            holes=r"\{",
        ),
        Language(
            name="ruby",
            comments=(r"^=begin\b.*?^=end\b", r"^__END__$.*", _HASH),
            strings=(_HEREDOC, _DOUBLE, _SINGLE),
            holes=r"#\{",
            slashes=True,
        ),
        Language(name="rust", comments=_C, strings=(r'b?r#+"(.*?)"#+', r'b?r?"((?:[^"\\]|\\.)*)"', _CHAR)),
        Language(
            name="php",
            comments=(_LINE, _BLOCK, r"#(?!\[)[^\n]*"),
            strings=(_PHP_HEREDOC, r'"((?:[^"\\]|\\.)*)"', r"'((?:[^'\\]|\\.)*)'"),
            holes=r"\{\$|\$(?=[A-Za-z_])",
        ),
        Language(name="swift", comments=_C, strings=(_TRIPLE, _DOUBLE), holes=r"\\\("),
        Language(name="scala", comments=_C, strings=(_TRIPLE, _DOUBLE, _CHAR), holes=r"\$\{|\$(?=[A-Za-z_])"),
        Language(name="terraform", comments=(_HASH, *_C), strings=(_DOUBLE,), holes=r"\$\{"),
        Language(name="json", comments=_C, strings=(_DOUBLE,)),
        Language(name="toml", comments=(_HASH,), strings=(_TRIPLE, r"'''(.*?)'''", _DOUBLE, _SINGLE)),
    )
}

_WORD = r"[A-Za-z_$@][\w$]*[?!]?(?![=?!])|[A-Za-z_$@][\w$]*"
_SIGN = r"===|!==|==|!=|=>|->|::|:=|\?\?=?|\?\.|\|\|=?|&&|<-|[^\s\w]"
_REGEX = re.compile(r"/(?![*/])(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_BEFORE_REGEX = frozenset("( , = : [ ! & | ? { } ; => && || == === != !== -> return".split())  # noqa: SIM905
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def tokens(text: str, language: Language) -> Iterator[Token]:
    """The tokens of a text, from left to right."""
    pattern = _pattern(language.name)
    position, previous = 0, ""
    while match := pattern.search(text, position):
        position = match.end()
        kind = match.lastgroup
        if kind == "comment":
            continue
        if kind == "string":
            token = _string(match, language)
            previous = '"'
        else:
            sign = match[0]
            if sign == "/" and language.slashes and (not previous or previous in _BEFORE_REGEX):
                skipped = _REGEX.match(text, match.start())
                if skipped:
                    position, previous = skipped.end(), '"'
                    continue
            token = Token(Sort.WORD if kind == "word" else Sort.SIGN, sign, match.start())
            previous = sign
        yield token


@lru_cache(maxsize=32)
def _pattern(name: str) -> re.Pattern[str]:
    language = LANGUAGES[name]
    strings = "|".join(
        pattern if "?P<body>" in pattern else _numbered(pattern, index)
        for index, pattern in enumerate(language.strings)
    )
    parts = [f"(?P<comment>{'|'.join(language.comments)})", f"(?P<string>{strings})"]
    parts += [rf"\d[\w.]*|(?P<word>{_WORD})", f"(?P<sign>{_SIGN})"]
    return re.compile("|".join(parts), re.DOTALL | re.MULTILINE)


def _numbered(pattern: str, index: int) -> str:
    """The pattern with its content as a named group: the first group that captures."""
    return re.sub(r"\((?!\?)", f"(?P<s{index}>", pattern, count=1)


def _string(match: re.Match[str], language: Language) -> Token:
    groups = match.groupdict()
    content = next((v for k, v in groups.items() if v is not None and (k == "body" or re.fullmatch(r"s\d", k))), "")
    opened = match[0][:3]
    holes = language.holes
    if (language.name == "csharp" and "$" not in opened) or (opened[:1] == "'" and language.name in ("ruby", "php")):
        holes = None
    if language.name == "javascript" and opened[:1] != "`":
        holes = None
    hole = re.search(holes, content) if holes else None
    if hole is not None:
        content = content[: hole.start()]
    if "\\" in content and len(content) < 400:
        content = _ESCAPE.sub(r"\1", content)
    return Token(Sort.STRING, content, match.start(), hole is not None)
