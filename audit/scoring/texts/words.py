"""Texts as criteria compare them: conversion of `value`, normalisation, words, n-grams.

What carries meaning stays: signs, `%`, `<`, `>`, `+`, `#`, the marks of every script. Texts are compared in Unicode's
composed form (NFC), so that one way of encoding a letter is not another letter.
"""

from __future__ import annotations

import csv
import unicodedata
from collections import Counter
from typing import Any

import regex  # type: ignore[import-untyped]

from audit.scoring.texts.json_values import json_text, nfc, parse_json

# Scripts that put no space between words; each letter with its marks counts as one word.
_UNSPACED = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]"
_LETTERS = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--{_UNSPACED}]"
_TOKEN = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}])[-+−]?\p{{Nd}}+(?:[.,:/'’-]\p{{Nd}}+)*(?!{_LETTERS})|{_UNSPACED}\p{{M}}*"
    rf"|{_LETTERS}+(?:['’.@-]{_LETTERS}+)*|[\p{{S}}\p{{Emoji_Presentation}}%#&@*/]",
    regex.VERSION1,
)
_PIECE = regex.compile(rf"{_UNSPACED}\p{{M}}*|(?:(?!{_UNSPACED}).)+", regex.VERSION1 | regex.DOTALL)
_SPOKEN = regex.compile(r"[\p{L}\p{N}]")

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("‘’‛ʼ＇", "'"),
        **dict.fromkeys("“”„‟＂", '"'),
        **dict.fromkeys("‐‑‒–—―−﹣－", "-"),
        **dict.fromkeys("\ufe0e\ufe0f"),  # the wish for a coloured emoji
    }
)
_SIGNS_ALIKE = {char: other for char, other in _ALIKE.items() if chr(char) not in "‒–—―"}
_LAYERS = 32  # of quotes, brackets and emphasis around a label
# Zero-width characters, soft hyphens and marks of direction. At the ends of a label they are packing. Inside they stay:
# a program that looks for the label would not find it. An override (U+202D, U+202E) turns letters round, and stays too.
_JOINERS = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f\u061c\u202a\u202b\u202c\u2066\u2067\u2068\u2069"
_ENDS = " .,;:!…。、，；：！｡،؛۔।॥։።" + _JOINERS
_PAIRS = {"(": ")", "[": "]", "{": "}", "«": "»", "‹": "›", "「": "」", "『": "』", "《": "》", "【": "】", "（": "）"}
_PAIRS |= {quote: quote for quote in "\"'`*_"}


def as_text(value: Any) -> str:
    """A text, number or boolean as text.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, str):
        return nfc(value)
    if isinstance(value, int | float):
        return json_text(value)
    raise ValueError("must be text or a number")


def as_words(value: Any) -> str:
    """Text that is not empty: everything contains the empty text.

    Raises:
        ValueError: It is empty, or no text.
    """
    if not (text := as_text(value)):
        raise ValueError("must not be empty")
    return text


def as_texts(value: Any) -> tuple[str, ...]:
    """A list of texts, in YAML or as comma-separated text with CSV quoting.

    Raises:
        ValueError: It is neither, or it is empty.
    """
    if isinstance(value, str):
        if value.lstrip()[:1] == "[":
            try:
                return as_texts(parse_json(value))
            except ValueError:
                pass
        value = [item.strip() for row in csv.reader([value], skipinitialspace=True) for item in row]
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be a list of texts")
    return tuple(as_words(item) for item in value)


def fold(text: str) -> str:
    """The text without differences of case: `STRASSE` is `straße`."""
    return text.lower() if text.isascii() else nfc(nfc(text).casefold())


def normalised(text: str) -> str:
    """A label without case, width, outer quotes, brackets and emphasis, and final punctuation: ` "(B)". ` is `b`.

    What stands inside stays, and so does every sign that could tell two labels apart: `C++`, `C#`, `-1`, `<=5`, `5%`.

    Special cases:
        Nothing but punctuation: that.
        A number in parentheses keeps them, because accountants write negative numbers so.
    """
    if not text.isascii():
        # A label of signs alone is what they are: a long dash is no minus there.
        alike = _ALIKE if any(map(str.isalnum, text)) else _SIGNS_ALIKE
        text = "".join(map(_narrow, nfc(text).translate(alike)))
    whole = text = " ".join(fold(text).split())
    for _ in range(_LAYERS):
        inner = _peeled(text)
        if inner == text or not inner:
            break
        text = inner
    return text or whole


def _peeled(text: str) -> str:
    """The text with one layer taken off."""
    shorter = text.rstrip(_ENDS).lstrip(_JOINERS + " ")
    if shorter != text:
        return shorter
    close = _PAIRS.get(text[:1])
    inner = text[1:-1]
    if close is not None and len(text) > 2 and text.endswith(close) and not (text[0] == "(" and _is_figure(inner)):
        return inner.strip()
    if text.endswith(")") and "(" not in text:
        return text[:-1]  # `b)`, as options are numbered
    if text[:2] in ("- ", "* ", "# ", "• ") and not text[2:3].isdecimal():
        return text[2:]
    return text


def _is_figure(text: str) -> bool:
    return not any(char.isalpha() for char in text)


def _narrow(char: str) -> str:
    """Full-width and half-width forms as the plain character; other compatibility forms carry meaning (m², ①)."""
    if unicodedata.decomposition(char).startswith(("<wide>", "<narrow>")):
        return unicodedata.normalize("NFKC", char)
    return char


def same_prose(left: str, right: str) -> bool:
    """Whether two texts of three words or more have the same words, line by line, but for a capital at the start of a
    word and punctuation at its end.

    What is no word of letters alone (a number, a path, an address, a date) is compared exactly, and so is how far a
    line is indented, which means something in code.
    """
    if len(left.split()) < _SENTENCE:
        return False
    ours, theirs = left.strip().splitlines(), right.strip().splitlines()
    return len(ours) == len(theirs) and all(map(_same_line, ours, theirs))


def _same_line(left: str, right: str) -> bool:
    ours, theirs = left.split(), right.split()
    return len(ours) == len(theirs) and _indent(left) == _indent(right) and all(map(_same_word, ours, theirs))


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _same_word(left: str, right: str) -> bool:
    ours, theirs = _plain_word(left), _plain_word(right)
    return ours == theirs or (ours[1:] == theirs[1:] and fold(ours[:1]) == fold(theirs[:1]))


_SENTENCE = 3


def _plain_word(word: str) -> str:
    """A word of letters without the punctuation at its end; anything else as it is."""
    bare = nfc(word).rstrip(".,;:!。，！")
    return bare if bare.replace("'", "").replace("’", "").isalpha() else bare or word


def tokens(text: str) -> list[str]:
    """Lower-cased words, numbers with their signs, and symbols; the punctuation of sentences is left out.

    In scripts without spaces each letter is a word.
    """
    return [str(found) for found in _TOKEN.findall(fold(text))]


def count_words(text: str) -> int:
    """Words between white space; in scripts without spaces each letter counts as one."""
    count = 0
    for word in text.split():
        pieces = [word] if word.isascii() else _PIECE.findall(word)
        count += len(pieces) if len(pieces) == 1 else sum(_SPOKEN.search(piece) is not None for piece in pieces)
    return count


def ngrams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    """Runs of n words, with counts."""
    return Counter(zip(*(words[i:] for i in range(n)), strict=False))
