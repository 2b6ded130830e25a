"""A text cut into quantities, each read whole or not at all.

Dates, times, versions, ranges and sums are quantities too, so that no part of them passes for a number. A rule finds
the digits where a quantity begins and says what it is and where it ends; the search goes on behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

from audit.scoring.quantities.figures import LEFT, LETTER, LONGEST, Found, number, other
from audit.scoring.quantities.moments import date, period, spanned, time_of_day
from audit.scoring.quantities.notation import plain
from audit.scoring.quantities.numbers import ROUNDED, NumberKind, Quantity
from audit.scoring.quantities.stances import TextSpan

_START = re.compile(r"\.?\d")
_RATIO = re.compile(r"\d+(?:\.\d+)?(?:\s?:\s?\d+(?:\.\d+)?)+")
_FEET = re.compile(
    r"(?P<feet>\d{1,3})\s?'\s?(?:(?!\d{3})(?P<inches>\d{1,2}(?:\.\d{1,3})?)\s?(?:\"|'')?)?(?!\d)(?![A-Za-z])"
)
_INCHES = re.compile(r"\d{1,4}(?:\.\d{1,3})?(?:\"|'')(?![\w'\"])")
_RADIX = re.compile(r"0(?:[xX](?P<x>[0-9a-fA-F]{1,64})|[bB](?P<b>[01]{1,256})|[oO](?P<o>[0-7]{1,64}))(?!\w)")
_DASHED = re.compile(r"\d+(?:-\d+){2,}(?:-?[A-Za-z]\w*)*")
_DOTTED = re.compile(r"\d+(?:\.\d+){2,}(?:[-+]?(?:[A-Za-z][\w.]*))?")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:\.\d{3}){2,}(?!\.?\d)")
_QUAD = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_SLASHED = re.compile(r"\d+(?:\s?/\s?\d+){2,}")
_ITEM = re.compile(
    r"^[ \t>#(]{0,8}(?:(?:step|schritt|étape|paso|passo|stap|steg|krok|шаг)\s)?"
    r"(?P<count>\d{1,2})\s?[.):]{1,2}[ \t]+(?=\S)",
    re.M | re.I,
)
_DECADE = re.compile(r"(?:1[5-9]|20)\d0'?s(?!\w)")
_NAME = 40  # characters of a word that digits belong to


def quantities(text: str) -> Iterator[Quantity]:
    """Every quantity of a text, in order."""
    return _scan(plain(text))


def _scan(text: str) -> Iterator[Quantity]:
    place, items = 0, _items(text)
    while (match := _START.search(text, place)) is not None:
        start = match.start()
        if text[start] == "." and start and (text[start - 1].isalnum() or text[start - 1] == "."):
            start += 1
        found = next(found for rule in _RULES if (found := rule(text, start)) is not None)
        quantity, place = spanned(text, start, found)
        place = max(place, start + 1)
        if place - start > LONGEST:
            quantity = other(text, start, place)[0]
        elif start in items and quantity.kind is NumberKind.NUMBER:
            quantity = replace(quantity, item=True)
        yield quantity


def _items(text: str) -> set[int]:
    """Where numbers stand that count the items of a list or the steps of a text, from 1 on."""
    found, last = set(), 0
    for match in _ITEM.finditer(text):
        count = int(match["count"])
        if count in (1, last + 1):
            found.add(match.start("count"))
            last = count
    return found


def _code(text: str, start: int) -> Found | None:
    """Versions, addresses, ratios, phone numbers, decades, what is joined to a word: no numbers, whatever they hold."""
    left = text[max(0, start - 2) : start]
    version = left[-1:] in ("v", "V") and not (len(left) > 1 and LETTER.match(left[0]))
    joined = LETTER.match(left[-1:]) is not None or (left[-1:] == "-" and LETTER.match(left) is not None)
    money = LEFT.search(text, max(0, start - 8), start)
    if (version or joined) and not (money is not None and money["money"]):
        end = start
        while end < len(text) and end - start <= LONGEST and (text[end].isalnum() or text[end] in "._-"):
            end += 1
        begin = start
        while begin > 0 and start - begin < _NAME and (text[begin - 1].isalnum() or text[begin - 1] in "._-"):
            begin -= 1
        # A release is the same with its `v` and without.
        return other(text, start if version and "." in text[start:end] else begin, end)
    for pattern in (_DECADE, _DASHED, _SLASHED, _RATIO):
        if (match := pattern.match(text, start)) is not None:
            return other(text, start, match.end())
    if (match := _DOTTED.match(text, start)) is not None:
        grouped = _GROUPED.fullmatch(text, start, match.end()) or "," in text[match.end() : match.end() + 1]
        if not grouped or _QUAD.fullmatch(text, start, match.end()):
            return other(text, start, match.end())
    return None


def _feet(text: str, start: int) -> Found | None:
    if (inches := _INCHES.match(text, start)) is not None and not _closes(text, inches):
        found, _ = number(text, start)
        return replace(found, unit="in", written=inches[0], place=TextSpan(text, *inches.span())), inches.end()
    match = _FEET.match(text, start)
    if match is None or (match["inches"] is None and text[match.end() - 1] != "'"):
        return None
    size = Fraction(match["feet"]) + Fraction(match["inches"] or 0) / 12
    quantity = Quantity(
        kind=NumberKind.NUMBER,
        readings=(size,),
        written=match[0],
        unit="ft",
        slack=ROUNDED,
        place=TextSpan(text, *match.span()),
    )
    return quantity, match.end()


def _closes(text: str, inches: re.Match[str]) -> bool:
    """Whether the mark behind a figure ends a quotation that begins before it."""
    line = text[: inches.start()].rpartition("\n")[2]
    mark = inches[0][-1]
    return line.count(mark) % 2 == 1 if mark == '"' else line[-2:] == "''"


def _radix(text: str, start: int) -> Found | None:
    match = _RADIX.match(text, start)
    if match is None:
        return None
    base, digits = next((b, match[name]) for name, b in (("x", 16), ("b", 2), ("o", 8)) if match[name])
    value, place = Fraction(int(digits, base)), TextSpan(text, *match.span())
    return Quantity(kind=NumberKind.NUMBER, readings=(value,), written=match[0], place=place), match.end()


_RULES: tuple[Callable[[str, int], Found | None], ...] = (period, date, time_of_day, _radix, _feet, _code, number)
