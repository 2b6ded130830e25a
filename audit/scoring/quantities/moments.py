"""Dates, times of day and lengths of time in a text, with the zone that a moment is told in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from audit.scoring.quantities.figures import BETWEEN, Found, other
from audit.scoring.quantities.numbers import NumberKind, Quantity
from audit.scoring.quantities.stances import TextSpan
from audit.scoring.quantities.units import CLOCK, MONTHS

_ZONES: Final = {
    **dict.fromkeys(("Z", "UTC", "GMT", "WET"), 0),
    **dict.fromkeys(("CET", "BST", "WEST"), 60),
    **dict.fromkeys(("CEST", "EET", "SAST"), 120),
    **dict.fromkeys(("EEST", "MSK", "TRT"), 180),
    "EDT": -240,
    "EST": -300,
    "CDT": -300,
    "MDT": -360,
    "PDT": -420,
    "PST": -480,
    "JST": 540,
    "KST": 540,
    "AEST": 600,
}
"""Minutes ahead of Universal Time; names that several countries use for different zones are left out."""
_ZONE = re.compile(
    r"\s?(?:(?:UTC|GMT|Z\b)?\s?(?P<sign>[-+])\s?(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?![\d:])|(?P<name>Z"
    r"|[A-Z]{2,4}T|UTC)\b)"
)
_START = re.compile(r"\.?\d")
_RATIO = re.compile(r"\d+(?:\.\d+)?(?:\s?:\s?\d+(?:\.\d+)?)+")
_MONTH = "|".join(sorted(map(re.escape, MONTHS), key=len, reverse=True))
_WORD = r"[^\W\d_][^\s\d.,;:!?()'\"-]{1,14}"  # of a month; vowel signs of Indic scripts are marks, no letters
_SPAN = re.compile(rf"\s?(?:-|–|—|~|/(?=\d{{4}}-)|to|until|till|bis|through|à|a|al)\s?(?=(?:(?:{_MONTH})\.?\s)?\d)")
_AND = re.compile(rf"\s(?:and|und|et|y|e|en|och|og|i|и|та|a)\s(?=(?:(?:{_MONTH})\.?\s)?\d)")
_MONTH_AT_END = re.compile(rf"(?:{_MONTH})\.?\s$")
_DAYS_ON = re.compile(r"(?:\s?[-–—]\s?|\s(?:to|through|bis|au|al)\s)\d{1,2}(?:st|nd|rd|th)?\b(?![:.,/-]?\d)")
_DAY = r"\d{1,2}(?:st|nd|rd|th|º|\.)?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d{1,9})?))?(?!\d)"
_ISO = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?![\d])"
    rf"(?:[T ]{_CLOCK}(?P<zoned>\s?(?:(?:UTC|GMT)?[-+]\d\d:?\d\d|(?:Z|UTC|[A-Z]{{2,4}}T)\b))?)?"
)
_DMY = re.compile(r"(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>\d{4}|\d{2})(?![\d.,]?\d)")
_DASHED_MONTH = re.compile(r"(?P<d>\d{1,2})(?P<s>[-/.])(?P<m>[A-Za-z]{3,9})(?P=s)(?P<y>\d{4}|\d{2})(?!\w)")
_YEAR_FIRST = re.compile(
    rf"(?P<y>\d{{4}})(?:,?\s|-)(?P<m>{_WORD})\.?[\s-](?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?(?![\d.,:]?\d)(?!\w)"
)
_DAY_MONTH = re.compile(
    rf"(?P<d>{_DAY})\s?-?(?:\s?(?:de|of)\s|\sd')?\s?(?P<m>{_WORD})\.?,?(?:[\s-](?:de\s|of\s)?(?P<y>\d{{4}})\b)?"
)
_MONTH_BEFORE = re.compile(rf"(?:^|[^\w])(?P<m>{_WORD})\.?\s{{1,2}}$")
_AFTER_MONTH = re.compile(r"(?:(?P<d>\d{1,2})(?:st|nd|rd|th)?(?:,?\s(?P<y>\d{4}))?|(?P<only>\d{4}))(?![\d.,]?\d)\b")
_SPACED = re.compile(r"(\d{4})\.\s(\d{1,2})\.\s(\d{1,2})\.?(?![\d])")  # as in Korea and Hungary
_SPACED_DMY = re.compile(r"(\d{1,2})\.\s(\d{1,2})\.\s(\d{4})(?![.,]?\d)")  # as in Czechia and Germany
_VIETNAMESE = re.compile(r"(?P<d>\d{1,2})\stháng\s(?P<m>\d{1,2})(?:,?\s(?:năm\s)?(?P<y>\d{4}))?\b")
_CJK_DATE = re.compile(
    r"\d{1,4}\s?[年년]\s?(?:\d{1,2}\s?[月월]\s?(?:\d{1,2}\s?[日号號일])?)?|\d{1,2}\s?[月월]\s?\d{1,2}\s?[日号號일]"
)
_CJK_YEAR = re.compile("[年년]")
_TIME = re.compile(
    rf"{_CLOCK}(?:\s?(?P<half>[ap])\.?m\b\.?|\s?(?:uhr|o'clock)\b)?|(?P<bare>\d{{1,2}})\s?(?P<bare_half>[ap])\.?m\b\.?"
    rf"|(?P<h>\d{{1,2}})\s?h\s?(?P<min>[0-5]\d)(?![\d.,]?\d)(?!\s?\w)"
    # `2.30 pm`, `14.30 uur`, `14.30 Uhr`, `14 Uhr 30`, `20 Uhr`, `8 o'clock`, `0930 hours`
    r"|(?P<dot_h>\d{1,2})\.(?P<dot_min>[0-5]\d)(?:\s?(?P<dot_half>[ap])\.?m\b\.?|\s?(?:uhr|uur)\b)"
    r"|(?P<word_h>\d{1,2})\s?(?:uhr|o'clock)\b(?:\s(?P<word_min>[0-5]?\d)\b(?![.,:]?\d)(?!\s?\w))?"
    r"|(?P<four_h>0\d)(?P<four_min>[0-5]\d)\s?(?:hours|hrs|h)\b|(?P<noon_h>12)(?=\s(?:noon|midday|midnight)\b)"
    r"|(?P<east_h>\d{1,2})\s?(?:[時时시點点]\s?(?:(?P<east_min>[0-5]?\d)\s?[分분]|(?P<east_half>[半반]))"
    r"|[時时](?![間间])|시(?!간))",
    re.I,
)
_DOTTED = re.compile(r"(?P<dot_h>\d{1,2})\.(?P<dot_min>[0-5]\d)(?![.,]?\d)(?!\s?[%€$£\w])")
_AT_CLOCK = re.compile(r"\b(?:kl(?:\.|o|ockan|okken)?|alle(?:\sore)?|ore)\s$", re.I)
_EAST_HALF = re.compile(
    r"(?:(?P<late>下午|傍晚|午後|오후|저녁)|(?P<night>晚上|夜晚|夜|밤)|(?P<early>上午|早上|早晨|凌晨|清晨|午前"
    r"|朝|오전|아침|새벽)"
    r"|(?P<noon>中午|正午|정오))\s?$"
)
_EAST_CLOCK = re.compile(r"(?P<east_h>\d{1,2})\s?[點点]")  # elsewhere `3点` are points
# A bare `-` behind a time begins the other end of a range.
_OFFSET = re.compile(
    r"\s?(?:(?:UTC|GMT)\s?[-+]\s?\d{1,2}(?::?\d\d)?(?![\d:])|\+\d\d:?\d\d(?![\d:])|(?:Z|UTC|[A-Z]{2,4}T)\b)"
)
# `1:30 h` is a time of day in some countries and a length of time in others.
_OF_HOURS = re.compile(r"\s?(?:h|hrs?|hours?|std|stunden|heures|horas|ore|uur)\b", re.I)
_HOURS: Final = "h"
_EAST_HALVES: Final = ("半", "반")
_TOLD_BY_CLOCK: Final = frozenset({"word_h", "east_h"})
_AMOUNT = r"\d{1,9}(?:[.,]\d{1,9})?"
_PERIOD = re.compile(
    rf"P(?=T?\d)(?:(?P<years>{_AMOUNT})Y)?(?:(?P<months>{_AMOUNT})M)?(?:(?P<weeks>{_AMOUNT})W)?(?:(?P<days>{_AMOUNT})D)?"
    rf"(?:T(?:(?P<hours>{_AMOUNT})H)?(?:(?P<minutes>{_AMOUNT})M)?(?:(?P<seconds>{_AMOUNT})S)?)?(?!\w)"
)
_MONTHS: Final = {"years": 12, "months": 1}
_SECONDS: Final = {"weeks": 604800, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}
_PART_OF_DAY = re.compile(
    r"\s?(?:(?P<early>in\sthe\smorning|de\sla\smañana|du\smatin|morgens|vormittags|di\smattina|da\smanhã|'s\sochtends)"
    r"|(?P<late>noon|midday|in\sthe\s(?:afternoon|evening)|de\sla\starde|de\sl'après-midi|du\ssoir|nachmittags|abends"
    r"|di\ssera|del\spomeriggio|da\starde|'s\s(?:middags|avonds)|mittags)"
    r"|(?P<night>midnight|at\snight|de\sla\snoche|da\snoite|di\snotte|nachts|'s\snachts))\b",
    re.I,
)


def date(text: str, start: int) -> Found | None:
    """A date in figures or with the name of its month; those that two countries read differently have two readings."""
    if iso := _ISO.match(text, start):
        day: tuple[Any, ...] = (int(iso["y"]), int(iso["m"]), int(iso["d"]))
        clock = () if iso["hour"] is None else (int(iso["hour"]), int(iso["minute"]), Fraction(iso["second"] or 0))
        found, end = _dated([day + clock], text, start, iso.end())
        return replace(found, zone=_zone(iso["zoned"])), end
    if dmy := _DMY.match(text, start):
        a, b, year = int(dmy["a"]), int(dmy["b"]), _full_year(dmy["y"])
        orders = [(year, b, a)] if dmy["s"] == "." else [(year, b, a), (year, a, b)]
        possible = [order for order in orders if 1 <= order[1] <= 12 and 1 <= order[2] <= 31]
        return _dated(possible, text, start, dmy.end()) if possible else None
    before = _MONTH_BEFORE.search(text, max(0, start - 18), start)
    if before and (month := _month(before["m"])) and (after := _AFTER_MONTH.match(text, start)):
        written = after["y"] or after["only"]
        day = (written and int(written), month, int(after["d"]) if after["d"] else None)
        return _dated([day], text, before.start("m"), after.end())
    if (dashed := _DASHED_MONTH.match(text, start)) and (month := _month(dashed["m"].capitalize())):
        return _dated([(_full_year(dashed["y"]), month, int(dashed["d"]))], text, start, dashed.end())
    if (first := _YEAR_FIRST.match(text, start)) and (month := _month(first["m"])):
        return _dated([(int(first["y"]), month, int(first["d"]))], text, start, first.end())
    if (named := _DAY_MONTH.match(text, start)) and (month := _month(named["m"])):
        day = (named["y"] and int(named["y"]), month, int(re.sub(r"\D", "", named["d"])))
        return _dated([day], text, start, named.end())
    if spaced := _SPACED.match(text, start):
        return _dated([tuple(map(int, spaced.groups()))], text, start, spaced.end())
    if spaced := _SPACED_DMY.match(text, start):
        return _dated([tuple(map(int, spaced.groups()[::-1]))], text, start, spaced.end())
    if vietnamese := _VIETNAMESE.match(text, start):
        written = vietnamese["y"]
        day = (written and int(written), int(vietnamese["m"]), int(vietnamese["d"]))
        return _dated([day], text, start, vietnamese.end())
    if cjk := _CJK_DATE.match(text, start):
        figures: list[int | None] = [int(figure) for figure in re.findall(r"\d+", cjk[0])]
        if not _CJK_YEAR.search(cjk[0]):
            figures.insert(0, None)
        return _dated([tuple(figures) if len(figures) != 2 else (*figures, None)], text, start, cjk.end())
    return None


def _month(word: str) -> int | None:
    """The month that a word names, in capitals or not; None where it names none."""
    return MONTHS.get(word) or (MONTHS.get(word.capitalize()) if word.isupper() and len(word) > 2 else None)


def spanned(text: str, start: int, found: Found) -> Found:
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
    second = None if begin is None else date(text, begin.start()) or time_of_day(text, begin.start())
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


def time_of_day(text: str, start: int) -> Found | None:
    """A time of day, or minutes and seconds."""
    east = _EAST_HALF.search(text, max(0, start - 4), start)
    match = _TIME.match(text, start)
    if match is None and east is not None:
        match = _EAST_CLOCK.match(text, start)
    elif match is None and _AT_CLOCK.search(text, max(0, start - 12), start) is not None:
        match = _DOTTED.match(text, start)
    if match is None:
        return None
    read = {name.rpartition("_")[2]: held for name, held in match.groupdict().items() if held}
    hour = int(read.get("hour") or read.get("bare") or read["h"])
    minute = int(read.get("minute") or read.get("min") or 0)
    begin, end = start, match.end()
    half = read.get("half", "")
    if half in _EAST_HALVES:
        minute, half = 30, ""
    if half:
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    elif east is not None:
        hour, begin = _hour_of(hour, east), east.start()
    elif hour <= 12 and (part := _PART_OF_DAY.match(text, end)) is not None:
        hour, end = _hour_of(hour, part), part.end()
    if not half and (longer := _RATIO.match(text, start)) and longer.end() > match.end():
        return other(text, start, longer.end())
    if text[max(0, start - 1) : start] == "-" and not text[max(0, start - 2) : start - 1].isdigit():
        return other(text, start - 1, match.end())
    clock = (hour, minute, Fraction(read.get("second", 0)))
    zone: int | str | None = None
    unit = None
    if (offset := _OFFSET.match(text, end)) is not None:
        zone, end = _zone(offset[0]), offset.end()
    elif match.groupdict().get("h") is not None:
        unit = _HOURS
    elif (
        "min" not in read and half == "" and _TOLD_BY_CLOCK & {name for name, held in match.groupdict().items() if held}
    ):
        unit = CLOCK
    elif (hours := _OF_HOURS.match(text, end)) is not None and not half:
        unit, end = _HOURS, hours.end()
    found = Quantity(
        kind=NumberKind.TIME,
        readings=(clock,),
        written=text[begin:end],
        unit=unit,
        zone=zone,
        place=TextSpan(text, begin, end),
    )
    return found, end


def _hour_of(hour: int, part: re.Match[str]) -> int:
    """The hour of a day from that of a clock and the part of the day: twelve at night is none, two at night is two."""
    if hour > 12:
        return hour
    afternoon = hour % 12 + 12
    if part.lastgroup == "early" or (part.lastgroup == "night" and (hour < 6 or hour == 12)):
        return hour % 12
    return hour if part.lastgroup == "noon" and hour > 2 else afternoon


def _zone(written: str | None) -> int | str | None:
    """Minutes ahead of Universal Time, or the name of a zone that the table does not have."""
    match = None if written is None else _ZONE.match(written)
    if match is None:
        return None
    if match["name"] is not None:
        return _ZONES.get(match["name"], match["name"])
    minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
    return -minutes if match["sign"] == "-" else minutes


def period(text: str, start: int) -> Found | None:
    """A length of time as ISO 8601 writes it: `PT90M` is 90 minutes.

    Source: <https://www.rfc-editor.org/rfc/rfc3339#appendix-A>.

    Special cases:
        Months beside days, which have no fixed length in each other: no number.
    """
    begin = start - (2 if text.startswith("PT", max(0, start - 2)) else 1)
    if begin < 0 or text[begin] != "P" or (begin and (text[begin - 1].isalnum() or text[begin - 1] in "-+_.")):
        return None
    match = _PERIOD.match(text, begin)
    if match is None:
        return None
    parts = {name: Fraction(held.replace(",", ".")) for name, held in match.groupdict().items() if held}
    months, seconds = (
        sum((parts[name] * size for name, size in sizes.items() if name in parts), Fraction(0))
        for sizes in (_MONTHS, _SECONDS)
    )
    if months and seconds:
        return other(text, begin, match.end())
    found = Quantity(
        kind=NumberKind.NUMBER,
        readings=(months or seconds,),
        written=match[0],
        unit="month" if months else "s",
        place=TextSpan(text, *match.span()),
    )
    return found, match.end()
