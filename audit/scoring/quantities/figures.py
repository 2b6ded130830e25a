"""One number with everything that belongs to it: sign, currency, separators, exponent, fraction, magnitude, unit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from audit.scoring.quantities.notation import FRACTION, GROUP_SPACE
from audit.scoring.quantities.numbers import ROUNDED, NumberKind, Quantity
from audit.scoring.quantities.stances import TextSpan
from audit.scoring.quantities.units import (
    CURRENCIES,
    LETTERS,
    MAGNITUDES,
    PART_OF,
    PERCENT,
    RANK,
    UNITS,
    hundred_of,
    minor_of,
    unit_of,
)

LONGEST = 400
"""Characters of one quantity; what is longer is no number that anybody compares."""

Found = tuple[Quantity, int]
"""A quantity and where it ends."""

_RAW = re.compile(rf"(?:\d{{1,3}}(?:[ {GROUP_SPACE}]\d{{3}}(?!\d))+|\d+(?:{GROUP_SPACE}\d+)*|(?=\.\d))(?:[.,'_]\d+)*")
_EXPONENT = re.compile(r"[eE](?P<e>[-+]?\d{1,4})(?!\w)|\s?[×x*·]\s?10\s?\^\s?(?P<t>[-+]?\d{1,4})(?!\d)")
_POWER = re.compile(r"(?:\^|\*\*)\s?(?P<p>-?\d{1,3})(?![\d.,/]?\d)")
_MIXED = re.compile(
    rf"(?:[ {GROUP_SPACE}-]|\s(?:and|und|et|y|e"
    rf"|en)\s)?(?P<top>\d{{1,6}})\s?[/{FRACTION}]\s?(?P<bottom>\d{{1,6}})(?![\d.,/]?\d)"
)
_OVER = re.compile(rf"\s?[/{FRACTION}]\s?(?P<bottom>\d+(?:\.\d+)?)(?![\d.,/]?\d)")
_OUT_OF = re.compile(
    r"\s(?:out of|in every|sur|von|de cada|de un total de|su ogni|из|із|z każdych)\s(\d{1,9})(?![\d.,]?\d)"
)
_ONE_IN = re.compile(r"\sin\s(\d{1,9})(?![\d.,]?\d)")
_YEARS = range(1500, 2200)
_TO = (
    r"\s?(?:-|–|—|~|〜|～|\.{2,3}|…|bis|up\sto|bis\szu|to|à|a|al|tot|until|till|do|до|through|thru|到|至|から|부터)\s?"
    r"(?=[$€£¥%]?\d)"
)
_OVER_ON = re.compile(r"\)?\s?/\s?(?=\(?\d)")
_RANGE = re.compile(rf"{_TO}|\s?±\s?(?=\d)")
_OPERATOR = re.compile(r"\s?(?:[+×÷·^√*]|x|-)\s?(?=[$(-]?\s?[\d√(])")
LEFT = re.compile(
    r"(?P<open>\(\s?)?(?P<sign>[-+]\s?)?(?:(?P<money>(?:US|CA|AU|NZ|HK|MX|NT|[CASR])?\$|[€£¥₹₩₽₺₫₴฿₦₱₪¢]|(?<![\w%)\]])%"
    r"|\b(?:USD|EUR|GBP|JPY|CNY|INR|CHF|CAD|AUD|BRL|SEK|NOK|DKK|PLN|CZK|S?Fr\.|[Rr][sp]\.?|[Kk]r\.?))\s?)?"
    r"(?P<open2>\(\s?)?(?P<sign2>[-+])?$"
)
_BOUND = re.compile(rf"(?:(?<![-=])[<>]|[≤≥≠±√{FRACTION}])=?\s?$")
_WORD_AFTER = re.compile(
    r"(?P<gap>\s?-?(?:(?<=\s)(?:de|di|of)\s)?)(?P<word>[%‰°][CFcf]?\b|[%‰°]|[A-Za-zÀ-ɏḀ-ỿµͰ-ӿ]+\$?(?:(?<=km)/h\b)?"
    r"|[$€£¥₹₩₽₺₫₴฿₦₱₪¢]|zł|kč|[\u0900-\u0dff\u0e00-\u0e7f\u0530-\u077f\u1200-\u139f\u10a0-\u10ff]+)"
)
_CJK_AFTER = re.compile(
    r"\s?(?P<word>ພັນລ້ານ|ຮ້ອຍ|ພັນ|ໝື່ນ|ຫມື່ນ|ແສນ|ລ້ານ|ຕື້|រយ(?!ៈ)|ពាន់|ម៉ឺន|សែន|ប៊ីលាន|លាន|កោដិ|ရာ(?!ခိုင်)|ထောင်"
    r"|သောင်း|သိန်း|သန်း|ကုဋေ|ဘီလီယံ|བརྒྱ(?!་ཆ)|སྟོང|ཁྲི|འབུམ|ས་ཡ|བྱེ་བ|དུང་ཕྱུར"
    r"|百万|แสนล้าน|หมื่นล้าน|พันล้าน|ร้อยล้าน|สิบล้าน|ล้าน|แสน|หมื่น|พัน|ร้อย|สิบ|美元|人民币|分钟|分鐘|小时|小時"
    r"|時間|日間|公里|千米|公斤|千克|パーセント|퍼센트|个月|個月|ヶ月|개월|시간|초(?!과)"
    r"|[十拾百佰千仟万萬亿億兆십백천만억조元円원天秒分周週米克年분일주])"
)
_PER = re.compile(
    r"\s?(?:/|per\s|an?\s(?=hour|day|week|month|year))\s?(?P<per>[A-Za-z]+)(?:\s?\^(?P<power>-?\d)"
    r"|(?P<flat>[23])(?![\w.,]))?"
)
# A product of units: `5 kg·m/s`, `5 m s^-1`.
_TIMES = re.compile(r"(?:[·×]|[ \u00a0](?=[A-Za-zµΩ]{1,3}\^-?\d))(?P<more>[A-Za-zµΩ]{1,4})(?:\^(?P<power>-?\d))?(?!\w)")
_DEGREES = re.compile(r"\s(?:(?P<c>C|Celsius|centigrade)|(?P<f>F|Fahrenheit))\b", re.I)
_COMPASS = re.compile(r"\s?(?P<n>[NSEW])\b(?!\.?\w)|\s(?P<word>north|south|east|west)\b", re.I)
_PARTS = re.compile(
    r"\s?(?:(?:percent(?:age)?|%)[\s-]points?|prozentpunkten?|procentenheter|points\sde\spourcentage"
    r"|puntos\sporcentuales|"
    r"pontos\spercentuais|punti\spercentuali)(?P<pp>)\b|\sbasis\spoints?(?P<bp>)\b|\slight[\s-]years?(?P<ly>)\b"
    r"|\s(?:parts\s)?(?:(?P<c>per\scent|pour\scent|por\s(?:ciento|cento)|per\scento|τοις\sεκατό|في\sالم[ائ]+ة)"
    r"|(?P<m>per\s(?:thousand|mille?)|pro\smille|pour\smille|por\smil)"
    r"|(?P<ppm>per\smillion)|(?P<ppb>per\sbillion))\b",
    re.I,
)
_ARC = re.compile(r"\s?(?P<min>[0-5]?\d(?:\.\d+)?)\s?'(?!')(?:\s?(?P<sec>[0-5]?\d(?:\.\d+)?)\s?(?:\"|''))?")
_RANK = re.compile(r"(?:(?<!#)#|№\s?|\b[Nn](?:[or]\.|°)\s?|第|제\s?)$")
_RANK_SIGNS = ("º", "ª", "番", "号", "號", "位", "위", "등")
_RANKS = ("#", "№", ".", "°", "第", "제")
BETWEEN = re.compile(r"\b(?:between|zwischen|entre|tra|fra|tussen|mellan|mellem|między|между|між|mezi)\s{0,3}$", re.I)
_AND_THEN = re.compile(r"[^\d.,;:!?\n]{0,20}?\s(?:and|und|et|y|e|en|och|og|i|и|та|a)\s(?=[^\w\s]{0,2}\d)")
_AND_WORD = r"|\s(?:and|und|et|y|e|en|och|og|i|и|та|a)\s(?=[^\w\s]{0,2}\d)"
# Behind other words `from 4 to 6` may be a change.
_FROM_ALONE = re.compile(
    r"(?:^|[\n:(]|\b(?:rang(?:es?|ing)|anywhere|somewhere|reicht|va|reikt)\s)\s?(?:from|von|de|da|van|od|от)\s$",
    re.I | re.M,
)
# `12A` is a code, `12 A` a current.
_LETTER_UNITS = {"d": "day", "A": "amp", "J": "joule", "C": "°c", "F": "°f"}
_GOES_ON = ("#", "+", "$", "&")  # `C#`, `C++`
_FACTORIAL = 170  # beyond it no float holds one
_IRRATIONAL = re.compile(r"\s?[π√]")
_PART = re.compile(r"\s?(\d{1,9})(?![\d.,])")
_CLOSE = re.compile(r"\s?\)")
_NEAR = 64
_OPENING = re.compile(r"[-$€£¥%(√]{0,4}\s?")
_ABBREVIATED = re.compile(r"\s?[a-z€$£¥]")
_SQUARE = re.compile(r"\^\d")
_FLAT_SQUARE = re.compile(r"[23](?![\w.,^])")
_SPACE_OF = re.compile(r"\s?(?:(?P<square>square|sq\.?|q(?=m\b))|cubic|cu\.)\s?(?=[A-Za-z])", re.I)
_SIGNS = "$€£¥₹₩₽₺₫₴฿₦₱₪"
_MINOR = re.compile(r"(?P<cents>\d{2})(?![\d.,]?\d)(?!\w)")
_SPOKEN_MINOR = re.compile(r"\s(?P<cents>\d{2})(?![\d.,]?\d)(?!\s?[^\s.,;:!?)])")
# The base of a number, or a fraction of which the lower part is no number.
_UNREAD = re.compile(rf"[₀-₉]+|\)?\s?{FRACTION}\s?\w*")
_AND = re.compile(r",?\s(?:(?:and|und|et|y|e)\s)?(?=\d)|(?<=[^\x00-\x7f])(?=\d)|(?<=[a-z])(?=\d)")
_LETTERS = re.compile(r"\w{0,64}")
LETTER = re.compile(r"[A-Za-zÀ-ɏḀ-ỿͰ-ӿ_]")


def other(text: str, start: int, end: int) -> Found:
    """What is no number, as the text that it is."""
    written = " ".join(text[start:end].casefold().split())
    return Quantity(kind=NumberKind.OTHER, readings=(written,), written=written, place=TextSpan(text, start, end)), end


def _range(text: str, start: int, joined: _Joined) -> Found:
    """A range or a sum; `4 to 6`, `4–6`, `4 - 6` and `between 4 and 6` are one."""
    found, _ = other(text, start, joined.figures_end)
    between = BETWEEN.search(text, max(0, start - 12), start) is not None
    written = re.sub(rf"(?<=\d)(?:{_TO}{_AND_WORD if between else ''})", "-", found.written)
    place = TextSpan(text, start, joined.end)
    return replace(found, readings=(written,), written=written, unit=joined.unit, place=place), joined.end


@dataclass(slots=True)
class _Reading:
    """A number while it is read: what it may mean, whether the first is usual, and where it ends."""

    values: list[Fraction]
    end: int
    sure: bool = True
    unit: str | None = None
    slack: Fraction = Fraction(0)


def number(text: str, start: int) -> Found:
    """A number with everything that belongs to it, or a code when something there cannot be read."""
    raw = _RAW.match(text, start)
    assert raw is not None
    values = _digits(raw[0]) if len(raw[0]) <= LONGEST else None
    if values is None:
        return other(text, start, raw.end())
    reading = _Reading(values=values, end=raw.end())
    _exponent_or_fraction(text, start, reading)
    left = LEFT.search(text, max(0, start - 16), start)
    assert left is not None
    bound = _BOUND.search(text, max(0, left.start() - 8), left.start())
    begin = left.start() if bound is None else bound.start()
    if (joined := _between(text, left.start(), reading.end) or _joined(text, start, reading.end)) is not None:
        return _range(text, begin, joined)
    if (irrational := _IRRATIONAL.match(text, reading.end) or _UNREAD.match(text, reading.end)) is not None:
        return other(text, begin, irrational.end())
    sign = left["money"]
    money = None if sign in (None, "%") else minor_of(sign) or CURRENCIES.get(sign.casefold(), sign)
    if not _suffix(text, reading, money):
        return other(text, begin, _LETTERS.match(text, reading.end).end())  # type: ignore[union-attr]
    if bound is not None:
        return other(text, begin, reading.end)
    if (joined := _joined(text, start, reading.end)) is not None:
        return other(text, begin, joined.end)
    digits_end = raw.end()
    if sign == "%":
        # `%5` is `5 %` in Turkey; `%5d` is a format, and what else has a unit is unknown.
        if reading.end > digits_end:
            return other(text, begin, reading.end)
        reading.unit = "%"
        _as_part(reading)
    reading.unit = reading.unit or money
    _rank_or_factorial(text, left.start(), digits_end, reading)
    _further_units(text, reading)
    if not _signed(text, left, reading):
        return other(text, begin, reading.end)
    if re.match(r"\+(?![\d(])", text[reading.end : reading.end + 2]):
        return other(text, begin, reading.end + 1)
    quantity = Quantity(
        kind=NumberKind.NUMBER,
        readings=tuple(dict.fromkeys(reading.values)),
        written=" ".join(text[left.start() : reading.end].split()),
        sure=reading.sure,
        unit=reading.unit,
        slack=reading.slack,
        place=TextSpan(text, left.start(), reading.end),
    )
    return quantity, reading.end


def _digits(raw: str) -> list[Fraction] | None:
    """What a run of digits and separators may mean, the usual reading first; None when no country writes so."""
    if " " in raw:
        # A plain space may also part two numbers.
        whole = _digits(raw.replace(" ", GROUP_SPACE))
        pieces = [_digits(piece) or [] for piece in (raw.split(" ")[0], raw.rsplit(" ", 1)[1])]
        return None if whole is None else [*whole, *(value for piece in pieces for value in piece)]
    marks = [char for char in raw if not char.isdecimal()]
    groups = re.split(r"[^0-9]", raw)
    kinds = list(dict.fromkeys(marks))
    if not marks:
        return [Fraction(raw)]
    if len(kinds) == 1:
        return _one_mark(kinds[0], groups)
    # The last mark is the decimal one, when it stands once and the others group.
    decimal = marks[-1]
    if len(kinds) != 2 or decimal not in ".," or marks.count(decimal) != 1 or not _grouped(groups[:-1], kinds[0]):
        return None
    return [Fraction(f"{''.join(groups[:-1])}.{groups[-1]}")]


def _one_mark(mark: str, groups: list[str]) -> list[Fraction] | None:
    joined = Fraction("".join(groups))
    grouping = [joined] if _grouped(groups, mark) else []
    if mark not in ".,":
        return grouping or None
    decimal = [Fraction(f"{groups[0] or '0'}.{groups[1]}")] if len(groups) == 2 else []
    found = grouping + decimal if mark == "," else decimal + grouping
    if mark == "," and len(groups) == 2 and len(groups[1]) == 4 and groups[0].strip("0"):
        found.append(joined)  # groups of four, in East Asia
    return found or None


def _grouped(groups: Sequence[str], mark: str) -> bool:
    """Whether digits stand in groups of three, in the Indian way, or in four throughout."""
    first, rest = groups[0], groups[1:]
    if mark == "_":
        return bool(first) and len({len(group) for group in rest}) == 1 and len(first) <= len(rest[0]) in (3, 4)
    if not first or len(first) > 3 + (len(rest) > 1 and mark == ",") or first.startswith("0") or not rest:
        return False
    if len(first) <= 3 and all(len(group) == 3 for group in rest):
        return True
    indian = len(first) <= 2 and len(rest[-1]) == 3 and all(len(group) == 2 for group in rest[:-1])
    return mark == "," and (indian or (len(rest) > 1 and all(len(group) == 4 for group in rest)))


def _exponent_or_fraction(text: str, start: int, reading: _Reading) -> None:
    if match := _EXPONENT.match(text, reading.end):
        power = Fraction(10) ** int(match["e"] or match["t"])
        reading.values = [value * power for value in reading.values]
        reading.end = match.end()
        return
    if (match := _POWER.match(text, reading.end)) and len(reading.values) == 1:
        base, power_of = reading.values[0], int(match["p"])
        if base.denominator == 1 and (base or power_of >= 0) and abs(base) < 10**6:
            reading.values, reading.end = [base**power_of], match.end()
        return
    whole = text[start : reading.end]
    if whole.isdecimal() and (match := _MIXED.match(text, reading.end)) and match[0][0] in f" {GROUP_SPACE}-":
        bottom = int(match["bottom"])
        if 0 < int(match["top"]) < bottom:
            reading.values, reading.end = [Fraction(whole) + Fraction(int(match["top"]), bottom)], match.end()
            reading.slack = ROUNDED
            return
    match = _OUT_OF.match(text, reading.end) or (_ONE_IN.match(text, reading.end) if whole == "1" else None)
    if match is not None and (total := Fraction(match[1])) and (" in " not in match[0] or total not in _YEARS):
        # Three out of five: a share, or a count of which the total is told.
        reading.values, reading.sure, reading.end = [reading.values[0], reading.values[0] / total], False, match.end()
        return
    if (match := _OVER.match(text, reading.end)) and (bottom_value := Fraction(match["bottom"])):
        top = reading.values[0]
        reading.values, reading.end, reading.slack = [top / bottom_value], match.end(), ROUNDED
        if bottom_value in (5, 10, 100) and top <= bottom_value:
            reading.values.append(top)  # eight of ten points, written 8/10, is often called an eight


class _Joined(NamedTuple):
    """A range or a sum: where its figures end, where its unit does, and which that is."""

    figures_end: int
    end: int
    unit: str | None


def _with_unit(text: str, end: int) -> _Joined:
    """What follows the last figure of a range or a sum."""
    read = _Reading(values=[], end=end)
    _magnitude(text, read, None)
    figures_end = read.end
    _unit(text, read, joined=False)
    return _Joined(figures_end, read.end, read.unit)


def _joined(text: str, start: int, end: int) -> _Joined | None:
    """The range or the sum that begins with a number; None when the number stands alone."""
    last, came_from = end, text[max(0, start - 5) : start].casefold()
    changes = came_from in ("from ", " von ", " de ") and _FROM_ALONE.search(text, max(0, start - 24), start) is None
    joined = False
    for _ in range(64):
        match = _OPERATOR.match(text, last) or _RANGE.match(text, last)
        match = match or (_OVER_ON.match(text, last) if joined else None)
        if match is None or (changes and match[0].strip() in ("to", "a", "à", "bis")):
            break
        # `10 -5` are two numbers, the second with a sign of its own.
        if match[0].startswith(" ") and match[0].endswith("-"):
            break
        opening = _OPENING.match(text, match.end())
        number = _RAW.match(text, opening.end() if opening else match.end())
        if number is None or not number[0]:
            break
        joined, last = True, number.end()
    return _with_unit(text, last) if joined else None


def _between(text: str, begin: int, end: int) -> _Joined | None:
    """The range of `between 5 and 7`; None where it is none."""
    if BETWEEN.search(text, max(0, begin - 12), begin) is None or (link := _AND_THEN.match(text, end)) is None:
        return None
    opening = _OPENING.match(text, link.end())
    second = _RAW.match(text, opening.end() if opening else link.end())
    if second is None or not second[0]:
        return None
    return _with_unit(text, second.end())


def _further_units(text: str, reading: _Reading) -> None:
    """What makes another unit of one: `kg·m`, `m s^-1`, `/s^2`, and where degrees point to or whose they are."""
    if reading.unit is None:
        return
    while (more := _TIMES.match(text, reading.end)) is not None:
        power = more["power"] or ""
        # `m s^-2` is `m/s^2`.
        sign, power = ("/", power[1:].strip("1")) if power.startswith("-") else ("·", power)
        reading.unit = f"{reading.unit}{sign}{unit_of(more['more']) or more['more']}{'^' * bool(power)}{power}"
        reading.end = more.end()
    if (per := _PER.match(text, reading.end)) is not None:
        power = per["power"] or per["flat"] or ""
        below = f"{unit_of(per['per']) or per['per'].casefold()}{'^' * bool(power)}{power}"
        reading.unit, reading.end = f"{reading.unit}/{below}", per.end()
    elif reading.unit == "°" and (scale := _DEGREES.match(text, reading.end)) is not None:
        reading.unit, reading.end = f"°{scale.lastgroup}", scale.end()
    elif reading.unit == "°" and (points := _COMPASS.match(text, reading.end)) is not None:
        where = (points["n"] or points["word"])[0].upper()
        reading.unit, reading.end = f"°{where}", points.end()
        if where in "SW":  # a bare figure for it may have a minus
            reading.values, reading.sure = [*reading.values, *(-value for value in reading.values)], False


def _rank_or_factorial(text: str, begin: int, digits_end: int, reading: _Reading) -> None:
    """`#5` and `5º` are ranks; `5!` may be a factorial, unless words before it make it an exclamation."""
    if reading.unit is not None or reading.end != digits_end:
        return
    after = text[reading.end : reading.end + 2]
    may_be_rank = text[max(0, begin - 2) : begin].rstrip()[-1:] in _RANKS
    if after[:1] in _RANK_SIGNS or (may_be_rank and _RANK.search(text, max(0, begin - 5), begin)):
        reading.unit = RANK
    elif after[:1] == "!" and after != "!=":
        value = reading.values[0]
        words = re.search(r"[^\W\d_]{2}[\s\"'(:]*$", text[max(0, begin - 24) : begin])
        if words is None and value.denominator == 1 and 2 < value <= _FACTORIAL:
            reading.values, reading.sure = [*reading.values, Fraction(math.factorial(int(value)))], False


def _suffix(text: str, reading: _Reading, money: str | None) -> bool:
    """Read magnitudes and units after the digits; False when a word is joined to them that is neither."""
    first = reading.end
    _magnitude(text, reading, money)
    if not _unit(text, reading, joined=reading.end == first):
        return False
    if reading.unit in CURRENCIES.values():
        signed = text[reading.end - 1] in _SIGNS
        minor = (_MINOR if signed else _SPOKEN_MINOR).match(text, reading.end)  # `4€50`, `4 euros 50`
        if minor is not None and len(reading.values) == 1 and reading.values[0].denominator == 1:
            reading.values, reading.end = [reading.values[0] + Fraction(int(minor["cents"]), 100)], minor.end()
    unit = reading.unit or money
    for _ in range(4):
        link = _AND.match(text, reading.end)
        if unit is None or link is None:
            return True
        raw = _RAW.match(text, link.end())
        if raw is None or not raw[0].isdecimal():
            return True
        part = _Reading(values=[Fraction(raw[0])], end=raw.end())
        if not _unit(text, part, joined=True, compound=True) or part.unit is None:
            return True
        if part.unit == "m" and unit in ("h", "day"):
            part.unit = "min"
        elif unit == "m" and part.unit == "s":
            reading.values, reading.unit, unit = reading.values[:1], "min", "min"
        factor = Fraction(1, 100) if part.unit in ("cents", "pence") and hundred_of(part.unit, unit) else None
        if part.unit in UNITS and unit in UNITS and UNITS[part.unit][0] == UNITS[unit][0] != PERCENT:
            factor = UNITS[part.unit][1] / UNITS[unit][1]
        if factor is None or factor >= 1:
            return True
        reading.values = [value + part.values[0] * factor for value in reading.values]
        reading.end = part.end
    return True


def _magnitude(text: str, reading: _Reading, money: str | None) -> None:
    """Multiply by the words after the digits, and add what follows by a smaller one: `3億5000万`, `5 mil millones`."""
    match = _named(text, reading.end)
    factors = MAGNITUDES.get(match["word"].casefold()) if match else None
    if match is None or factors is None:
        return
    word = match["word"].casefold()
    short, after = word in LETTERS, text[match.end() : match.end() + 1]
    if short and after and after in "/^":
        return
    scaled = [value * factor for factor in factors for value in reading.values]
    if short and money is None and not _plainly(match["word"], match.groupdict().get("gap") or ""):
        reading.values = [*reading.values, *scaled]
        if unit_of(match["word"]) is not None:
            return  # `5 m` may be metres: the unit is read next
        reading.sure = False
    else:
        reading.values = scaled
    reading.end = match.end()
    while (further := _named(text, reading.end)) and (more := MAGNITUDES.get(further["word"].casefold())):
        if further["word"].casefold() in LETTERS or more[0] <= 12:
            break
        reading.values = [value * factor for factor in more for value in reading.values]
        reading.end, factors = further.end(), (factors[0] * more[0],)
    if text[reading.end : reading.end + 1] == "." and _ABBREVIATED.match(text, reading.end + 1):
        reading.end += 1  # `5 Mio. €`
    while (part := _PART.match(text, reading.end)) is not None:
        named = _named(text, part.end())
        smaller = MAGNITUDES.get(named["word"].casefold()) if named else None
        if named is None or smaller is None or smaller[0] >= factors[0]:
            return
        reading.values = [value + Fraction(part[1]) * smaller[0] for value in reading.values]
        reading.end, factors = named.end(), smaller


def _named(text: str, place: int) -> re.Match[str] | None:
    return _CJK_AFTER.match(text, place) or _WORD_AFTER.match(text, place)


def _plainly(word: str, gap: str) -> bool:
    """Whether a short word is a magnitude and nothing else: `12k`, `2.5 M`, `3bn`; not `5m`, `300 K`, `2 t`."""
    return word in ("k", "M", "bn", "Md") or (word in ("K", "B", "T", "MM") and not gap)


def _unit(text: str, reading: _Reading, *, joined: bool, compound: bool = False) -> bool:
    if (parts := _PARTS.match(text, reading.end)) is not None:
        reading.unit = {"c": "%", "m": "‰"}.get(parts.lastgroup or "", parts.lastgroup)
        reading.end = parts.end()
        _as_part(reading)
        return True
    cjk = _CJK_AFTER.match(text, reading.end)
    space = _SPACE_OF.match(text, reading.end)
    match = cjk or _WORD_AFTER.match(text, reading.end if space is None else space.end())
    if match is None:
        return True
    if space is not None and unit_of(match["word"]) is None:
        return True
    word, gap = match["word"], "" if cjk else match["gap"]
    folded = word.casefold()
    if gap.strip() == "-" and unit_of(word) is None:
        return True
    inches = folded == "in" and not text[match.end() : match.end() + _NEAR].strip(" \t\n.")
    if (
        gap
        and not compound
        and not inches
        and word != "A"
        and folded in ("in", "an", "a", "st", "nd", "th", "rd", "mo", "try")
    ):
        return True
    letter = _LETTER_UNITS.get(word) if gap or word == "d" else None
    letter = None if text[match.end() : match.end() + 1] in _GOES_ON else letter
    name = letter or CURRENCIES.get(folded) or minor_of(word) or unit_of(word)
    if name is None:
        # A Latin, Greek or Cyrillic word that touches the digits makes them part of a name; other scripts do not.
        return bool(gap) or LETTER.match(word) is None or not joined
    reading.end = match.end()
    if space is not None:
        name += "^2" if space["square"] else "^3"
    elif (flat := _FLAT_SQUARE.match(text, reading.end)) is not None and UNITS.get(name, ("",))[0] == "length":
        name, reading.end = f"{name}^{flat[0]}", flat.end()
    elif (square := _SQUARE.match(text, reading.end)) is not None:
        name, reading.end = name + square[0], square.end()
    reading.unit = name
    if name == "°" and (arc := _ARC.match(text, reading.end)) is not None:
        part = Fraction(arc["min"]) / 60 + Fraction(arc["sec"] or 0) / 3600
        reading.values, reading.slack, reading.end = [value + part for value in reading.values], ROUNDED, arc.end()
    _as_part(reading)
    return True


def _as_part(reading: _Reading) -> None:
    """Add what per cent and the like may mean beside a bare number: the part itself."""
    if reading.unit in PART_OF:
        whole = PART_OF[reading.unit]
        reading.values = [*reading.values, *(value / whole for value in reading.values)]


def _signed(text: str, left: re.Match[str], reading: _Reading) -> bool:
    """Apply the sign or the accountants' parentheses; where a dash may be punctuation, both meanings remain.

    False when the sign stands between this number and another thing, so that it is part of a calculation.
    """
    before, after = text[max(0, left.start() - _NEAR) : left.start()], text[reading.end : reading.end + _NEAR]
    first, last = left.start() < _NEAR and not before.strip(), len(text) < reading.end + _NEAR
    sign = left["sign"] or left["sign2"] or ""
    opposite = [-value for value in reading.values]
    if (sign and (before[-1:].isdecimal() or LETTER.match(before[-1:]))) or (sign and before[-1:] in (")", "]", "%")):
        return False
    if sign.startswith("-"):
        alone = first and last and not after.strip(" \t\r\n.,;!)")
        if sign == "-" and before[-1:] != "-":
            reading.values = opposite
        else:
            reading.values = [*opposite, *reading.values] if alone else [*reading.values, *opposite]
    elif after[:1] == "-" and last and not after[1:].strip():
        reading.values, reading.sure, reading.end = [*reading.values, *opposite], False, reading.end + 1
    close = _CLOSE.match(text, reading.end) if left["open"] or left["open2"] else None
    if close is not None and not sign:
        rest = text[close.end() : close.end() + _NEAR].strip(" \t.")
        field = first or before.rstrip(" \t")[-1:] in ("\n", ":", "=", "|")
        accounting = (left["open2"] and left["money"]) or (field and rest[:1] in ("", "\n", "|"))
        reading.values = [*opposite, *reading.values] if accounting else [*reading.values, *opposite]
        reading.end = close.end()
    return True
