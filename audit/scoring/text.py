"""Texts as criteria compare them: conversion of `value`, normalisation, words, n-grams."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from typing import Any

from audit.scoring.jsontext import json_text, parse_json

_WORD = re.compile(r"\w+")


def as_text(value: Any) -> str:
    """A text, number or boolean as text.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, str | int | float):
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


def normalised(text: str) -> str:
    """Case, white space and punctuation taken away, compatibility forms folded: `  (B). ` is `b`."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    spaced = "".join(" " if unicodedata.category(char)[0] in "PSZC" else char for char in folded)
    return " ".join(spaced.split()) or " ".join(folded.split())


def tokens(text: str) -> list[str]:
    """Lower-cased words, punctuation left out."""
    return _WORD.findall(text.lower())


def ngrams(words: list[str], n: int) -> Counter[tuple[str, ...]]:
    """Runs of n words, with counts."""
    return Counter(zip(*(words[i:] for i in range(n)), strict=False))
