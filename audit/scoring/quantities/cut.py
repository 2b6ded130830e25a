"""A text cut into quantities, each read whole or not at all.

Dates, times, versions, ranges and sums are quantities too, so that no part of them passes for a number. A rule finds
the digits where a quantity begins and says what it is and where it ends; the search goes on behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from audit.scoring.quantities.figures import BETWEEN, LEFT, LETTER, LONGEST, Found, number, other
from audit.scoring.quantities.notation import plain
from audit.scoring.quantities.numbers import ROUNDED, NumberKind, Quantity
from audit.scoring.quantities.stances import TextSpan
from audit.scoring.quantities.units import MONTHS

_START = re.compile(r"\.?\d")
_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_SPAN = re.compile(rf"\s?(?:-|–|—|~|/(?=\d{{4}}-)|to|until|till|bis|through|à|a|al)\s?(?=(?:(?:{_MONTH})\.?\s)?\d)")
_AND = re.compile(rf"\s(?:and|und|et|y|e|en|och|og|i|и|та|a)\s(?=(?:(?:{_MONTH})\.?\s)?\d)")
_MONTH_AT_END = re.compile(rf"(?:{_MONTH})\.?\s$")
_DAYS_ON = re.compile(r"(?:\s?[-–—]\s?|\s(?:to|through|bis|au|al)\s)\d{1,2}(?:st|nd|rd|th)?\b(?![:.,/-]?\d)")
_DAY = r"\d{1,2}(?:st|nd|rd|th|º|\.)?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d{1,9})?))?(?!\d)"
_ISO = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?![\d])"
    rf"(?:[T ]{_CLOCK}\s?(?:Z\b|UTC\b|(?P<zone>[-+]\d\d:?\d\d|(?!(?:GMT|WET)\b)[A-Z]{{1,4}}T\b))?)?"
)
_DMY = re.compile(r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})(?![\d.,]?\d)")
_DASHED_MONTH = re.compile(r"(?P<d>\d{1,2})-(?P<m>[A-Za-z]{3})-(?P<y>\d{4}|\d{2})(?!\w)")
_DAY_MONTH = re.compile(
    rf"(?P<d>{_DAY})\s?-?(?:\s?(?:de|of)\s)?\s?(?P<m>{_MONTH})\b\.?,?(?:[\s-](?:de\s|of\s)?(?P<y>\d{{4}})\b)?"
)
_MONTH_BEFORE = re.compile(rf"(?:^|[^\w])(?P<m>{_MONTH})\.?\s{{1,2}}$")
_AFTER_MONTH = re.compile(r"(?:(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:,?\s(?P<y>\d{4}))?|(?P<only>\d{4}))(?![\d.,]?\d)\b")
_CJK_DATE = re.compile(
    r"\d{1,4}\s?[年년]\s?(?:\d{1,2}\s?[月월]\s?(?:\d{1,2}\s?[日号號일])?)?|\d{1,2}\s?[月월]\s?\d{1,2}\s?[日号號일]"
)
_TIME = re.compile(
    rf"{_CLOCK}(?:\s?(?P<half>[ap])\.?m\b\.?)?|(?P<bare>\d{{1,2}})\s?(?P<bare_half>[ap])\.?m\b\.?|(?P<h>\d{{1,2}})\s?h\s?(?P<min>[0-5]\d)(?![\d.,]?\d)(?!\s?\w)",
    re.I,
)
# A bare `-` behind a time begins the other end of a range.
_OFFSET = re.compile(r"\s?(?:(?:UTC|GMT)\s?[-+]\s?\d{1,2}(?::?\d\d)?|\+\d\d:?\d\d)(?![\d:])")
_PART_OF_DAY = re.compile(
    r"\s?(?:(?P<early>midnight|in\sthe\smorning)|(?P<late>noon|midday|in\sthe\s(?:afternoon|evening)))\b", re.I
)
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
        quantity, place = _spanned(text, start, found)
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


def _date(text: str, start: int) -> Found | None:
    """A date in figures or with the name of its month; those that two countries read differently have two readings."""
    if iso := _ISO.match(text, start):
        day: tuple[Any, ...] = (int(iso["y"]), int(iso["m"]), int(iso["d"]))
        clock = () if iso["hour"] is None else (int(iso["hour"]), int(iso["minute"]), Fraction(iso["second"] or 0))
        # In another zone it is another moment; which one is left open where the other says none.
        moved = (
            []
            if iso["zone"] is None or not iso["zone"].strip("-+0:")
            else [(*day, *clock, iso["zone"].replace(":", ""))]
        )
        return _dated([day + clock, *moved], text, start, iso.end())
    if dmy := _DMY.match(text, start):
        a, b, year = int(dmy["a"]), int(dmy["b"]), _full_year(dmy["y"])
        orders = [(year, b, a)] if dmy["s"] == "." else [(year, b, a), (year, a, b)]
        possible = [order for order in orders if 1 <= order[1] <= 12 and 1 <= order[2] <= 31]
        return _dated(possible, text, start, dmy.end()) if possible else None
    if (before := _MONTH_BEFORE.search(text, max(0, start - 14), start)) and (after := _AFTER_MONTH.match(text, start)):
        written = after["y"] or after["only"]
        day = (written and int(written), MONTHS[before["m"]], int(after["d"]) if after["d"] else None)
        return _dated([day], text, start, after.end())
    if (dashed := _DASHED_MONTH.match(text, start)) and (month := MONTHS.get(dashed["m"].capitalize())):
        return _dated([(_full_year(dashed["y"]), month, int(dashed["d"]))], text, start, dashed.end())
    if named := _DAY_MONTH.match(text, start):
        day = (named["y"] and int(named["y"]), MONTHS[named["m"]], int(re.sub(r"\D", "", named["d"])))
        return _dated([day], text, start, named.end())
    if cjk := _CJK_DATE.match(text, start):
        figures = tuple(int(figure) for figure in re.findall(r"\d+", cjk[0]))
        return _dated([figures], text, start, cjk.end())
    return None


def _spanned(text: str, start: int, found: Found) -> Found:
    """What a rule found, or the span that a date or a time begins: `10:30-11:30` is no half past ten.

    Special cases:
        `from 10:30 to 11:30` may be a change: what the words say of each is a stance.
    """
    first, end = found
    if first.kind not in (NumberKind.DATE, NumberKind.TIME) or text[max(0, start - 5) : start] in ("from ", " von "):
        return found
    join = _SPAN.match(text, end)
    if join is None and BETWEEN.search(_MONTH_AT_END.sub("", text[max(0, start - 24) : start])) is not None:
        join = _AND.match(text, end)
    if join is None:
        return found
    if first.kind is NumberKind.DATE and (days := _DAYS_ON.match(text, end)) is not None:
        return other(text, start, days.end())
    begin = _START.search(text, join.end())
    second = None if begin is None else _date(text, begin.start()) or _time(text, begin.start())
    if second is None or second[0].kind is not first.kind:
        return found
    span, stop = other(text, start, second[1])
    return replace(span, readings=((first.readings, second[0].readings),)), stop


def _dated(readings: Sequence[tuple[Any, ...]], text: str, start: int, end: int) -> Found:
    sure = len(set(readings)) == 1
    return Quantity(
        kind=NumberKind.DATE,
        readings=tuple(readings),
        written=text[start:end],
        sure=sure,
        place=TextSpan(text, start, end),
    ), end


def _full_year(written: str) -> int:
    return int(written) if len(written) == 4 else 2000 + int(written)


def _time(text: str, start: int) -> Found | None:
    """A time of day, or minutes and seconds."""
    match = _TIME.match(text, start)
    if match is None:
        return None
    hour = int(match["hour"] or match["bare"] or match["h"])
    minute = int(match["minute"] or match["min"] or 0)
    end = match.end()
    if half := match["half"] or match["bare_half"]:
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    elif hour <= 12 and (part := _PART_OF_DAY.match(text, end)) is not None:
        hour, end = hour % 12 + (12 if part["late"] else 0), part.end()
    if not half and (longer := _RATIO.match(text, start)) and longer.end() > match.end():
        return other(text, start, longer.end())
    if text[max(0, start - 1) : start] == "-" and not text[max(0, start - 2) : start - 1].isdigit():
        return other(text, start - 1, match.end())
    clock = (hour, minute, Fraction(match["second"] or 0))
    readings: list[tuple[Any, ...]] = [clock]
    if (offset := _OFFSET.match(text, end)) is not None:
        end = offset.end()
        if zone := re.sub(r"[^-+\d]|(?<=[-+])0", "", offset[0]).removesuffix("00").strip("-+0"):
            # In another zone it is another moment; which one is left open where the other says none.
            readings.append((*clock, "-" if "-" in offset[0] else "+", zone))
    return Quantity(
        kind=NumberKind.TIME,
        readings=tuple(readings),
        written=text[start:end],
        sure=len(readings) == 1,
        place=TextSpan(text, start, end),
    ), end


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


_RULES: tuple[Callable[[str, int], Found | None], ...] = (_date, _time, _radix, _feet, _code, number)
