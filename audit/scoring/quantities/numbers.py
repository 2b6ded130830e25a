"""Quantities, and when two of them are the same.

Each says what it may mean: `1,234.50` one thing, `1.234` a decimal in one country and a thousand in another. Two
quantities are the same, another, or unclear; only the first ever counts as equal.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from audit.scoring.quantities.stances import (
    Said,
    Stance,
    TextSpan,
    asks_of_bound,
    asks_of_loss,
    moment_said_of,
    opposed,
    said_of,
)
from audit.scoring.quantities.units import (
    CLOCK,
    DEGREES,
    PART_OF,
    RANK,
    SCALES,
    TEMPERATURES,
    UNCLEAR_UNITS,
    UNITS,
    hundred_of,
    unasked,
)
from audit.scoring.quantities.unread import unlike

_WORD_BEHIND = re.compile(r"\s?-?([^\W\d_]{2,30})[^\w]*")
_NO_THINGS = frozenset(
    {"total", "overall", "altogether", "exactly", "only", "insgesamt", "zusammen", "gesamt", "genau"}
)

_ASKS_WHEN = re.compile(
    r"\b(?:when|(?:what|which)\s(?:time|hour)|wann|(?:wie\s?viel|welche[rn]?)\suhr\w*|quand|(?:à\s)?quelle\sheure|cuándo"
    r"|qué\shora|quando|(?:che|que)\sora[s]?|que\shoras|wanneer|hoe\slaat|när|hvornår|kiedy|o\sktórej|когда"
    r"|во\sсколько)\b|何時|几点|幾點|什么时候|什麼時候|いつ|몇\s?시|언제",
    re.I,
)
_ASKS_WHICH = re.compile(
    r"\b(?:which|what|welche\w*|wievielt\w*|quel\w*|cuál\w*|qué|qual\w*|welke|hoeveelste|który|która|które"
    r"|как(?:ой|ая|ое))\b|第几|何番|몇 ?번",
    re.I,
)

ROUNDED, _BINARY = Fraction(1, 10**9), Fraction(1, 10**15)


class NumberKind(Enum):
    """What a quantity is. Only numbers have a tolerance."""

    NUMBER = "a number"
    DATE = "a date"
    TIME = "a time"
    OTHER = "a code, range or expression"


_MOMENTS = frozenset({NumberKind.DATE, NumberKind.TIME})


class Sameness(Enum):
    """What comparing two quantities says."""

    SAME = "the same"
    OTHER = "another"
    UNCLEAR = "the same by one way of reading, another by a second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """Something with digits in a text.

    Attributes:
        kind: What it is.
        readings: What it may mean: fractions for numbers, else tuples or text. The first is the usual one.
        written: How it stands in the text, in one notation; equal texts mean the same.
        sure: Whether there is a usual reading at all.
        unit: The unit or currency beside it, by the name of `units.py`; None where there is none.
        slack: Share by which equal values may differ, because one of them was rounded.
        zone: Of a moment: the minutes by which its clock is ahead of Universal Time, or the name of its zone where
            these are not known; None where it says none, which is read as Universal Time beside one that says so.
        place: Where it stands; None where it is a value and no part of a text.
        item: Whether it numbers an item of a list.
    """

    kind: NumberKind
    readings: tuple[Hashable, ...]
    written: str
    sure: bool = True
    unit: str | None = None
    slack: Fraction = Fraction(0)
    zone: int | str | None = None
    place: TextSpan | None = field(default=None, compare=False, repr=False)
    item: bool = False

    @property
    def said(self) -> Said:
        """What the words that touch it say of it."""
        if self.item:
            return Said(Stance.ITEM)
        if self.place is None:
            return Said(Stance.STATED)
        return moment_said_of(self.place) if self.kind in _MOMENTS else said_of(self.place)

    @property
    def alone(self) -> bool:
        """Whether it is all that its text says."""
        if self.place is None:
            return True
        text, begin, end = self.place
        return not any(map(str.isalnum, text[:begin] + text[end:]))


def number_of(value: Any) -> Quantity | None:
    """A number of JSON or YAML, exactly as its digits say; None for anything else, and for NaN and the infinities."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    written = repr(value) if isinstance(value, float) else str(value)
    try:
        exact = Fraction(written)
    except (ValueError, OverflowError):
        return None
    binary = isinstance(value, float) and len(written.lstrip("-0.")) > 15
    return Quantity(
        kind=NumberKind.NUMBER, readings=(exact,), written=written, slack=_BINARY if binary else Fraction(0)
    )


def compare(
    wanted: Quantity,
    found: Quantity,
    *,
    absolute: Fraction = Fraction(0),
    relative: Fraction = Fraction(0),
    question: str = "",
) -> Sameness:
    """Whether two quantities are the same.

    Args:
        wanted: What is expected. Tolerances are in its unit.
        found: What is there.
        absolute: How far numbers may differ.
        relative: The same, as a share of the larger one.
        question: What was asked.

    Special cases:
        A unit on one side only: the values are compared, because an answer may leave out what the question says. Where
            the value means something else without it, unclear: parts per million, 0.4 and 0.4 %, a rank (`6th`, unless
            the question asks which one), per cent where nobody asked for a share, cents where the question speaks of
            dollars.
        The name of one of a row (`page 10`) beside a bare figure: unclear, unless the question asks for it.
        A loss or a lack on one side only (`a loss of 10`): unclear beside the figure, with a minus or without; where
            the question asks for one, its size is what is stated.
        An hour in figures beside a time of day (`20 h`, 20:00): unclear, unless the question asks when.
        Before, after or until a moment: a bound, unless the question asks for one.
        Temperatures: converted, and `20 degrees` are of the scale that the other side says.
        Units of different dimensions: another. Of the same: the value is converted.
        Words of opposite meaning beside them (`5 days before`, `5 days after`): unclear.
        Words beside the figures that no table knows (`5 widgets`): unclear beside a unit, and beside another word
            where the texts hold nothing else.
        Something that touches one of the figures alone and that no table understands (`unread.py`): unclear.
        A unit whose case leaves open which it is (`gb`): the same as itself, else unclear.
        The same value, of which the words that touch it say one thing here and another there (that it is, is not, is
            near, is the least, is one of several): unclear. A tolerance makes what is near to a value the value.
    """
    if wanted.kind is not found.kind and _ASKS_WHEN.search(question):
        wanted, found = _on_the_clock(wanted), _on_the_clock(found)
    if RANK in (wanted.unit, found.unit) and None in (wanted.unit, found.unit) and _ASKS_WHICH.search(question):
        wanted, found = replace(wanted, unit=None), replace(found, unit=None)
    same = same_value(wanted, found, absolute=absolute, relative=relative)
    ours, theirs = wanted.said, found.said
    lost = (ours.stance is Stance.LOST) is not (theirs.stance is Stance.LOST)
    if same is Sameness.OTHER and lost and not asks_of_loss(question):
        turned = same_value(wanted, _turned(found), absolute=absolute, relative=relative)
        return same if turned is Sameness.OTHER else Sameness.UNCLEAR
    if same is not Sameness.SAME:
        return same
    if (wanted.unit is None) is not (found.unit is None) and unasked(str(wanted.unit or found.unit), question):
        return Sameness.UNCLEAR
    if (wanted.unit == RANK) is not (found.unit == RANK):
        return Sameness.UNCLEAR
    if unlike(wanted.place, found.place, (wanted.unit, found.unit), question) or _of_other_things(wanted, found):
        return Sameness.UNCLEAR
    if wanted.place is not None and found.place is not None and opposed(wanted.place, found.place):
        return Sameness.UNCLEAR
    if lost and {ours.stance, theirs.stance} == {Stance.STATED, Stance.LOST} and asks_of_loss(question):
        return Sameness.SAME
    if {ours.stance, theirs.stance} == {Stance.STATED, Stance.NAMED}:
        named = (ours if ours.stance is Stance.NAMED else theirs).values.rstrip(".")
        return Sameness.SAME if named in question.casefold() else Sameness.UNCLEAR
    if wanted.kind in _MOMENTS and Stance.STATED in (ours.stance, theirs.stance):
        bound = theirs.stance if ours.stance is Stance.STATED else ours.stance
        if asks_of_bound(question, bound):
            return Sameness.SAME
    near = {ours.stance, theirs.stance} == {Stance.STATED, Stance.NEAR} and (absolute or relative)
    return Sameness.SAME if ours == theirs or near else Sameness.UNCLEAR


def _on_the_clock(one: Quantity) -> Quantity:
    """Hours as a time of day, where one is asked for (`20 h`); anything else as it is."""
    hour = one.readings[0]
    if one.kind is not NumberKind.NUMBER or one.unit not in (None, "h") or hour not in range(25):
        return one
    return replace(one, kind=NumberKind.TIME, readings=((int(hour), 0, Fraction(0)),), sure=True, unit=CLOCK)  # type: ignore[call-overload]


def _by_the_hour(one: Quantity, other: Quantity) -> Sameness | None:
    """A time of day beside a figure; None where they have nothing to do with each other.

    Special cases:
        `20 Uhr` beside a bare 20: the same, as a figure with its unit is.
        20:00 beside `20 h`, which may be a length of time: unclear.
    """
    time, figure = (one, other) if one.kind is NumberKind.TIME else (other, one)
    if time.kind is not NumberKind.TIME or figure.kind is not NumberKind.NUMBER:
        return None
    named = time.unit == CLOCK and figure.unit is None
    if not named and (figure.unit != "h" or time.unit == "h"):
        return None
    if time.readings[0] != (figure.readings[0], 0, 0):
        return Sameness.OTHER
    return Sameness.SAME if named and figure.sure else Sameness.UNCLEAR


def _of_other_things(wanted: Quantity, found: Quantity) -> bool:
    """Whether two equal figures count different things, as far as the word behind each tells: `5 widgets`, `5 kg`."""
    ours, theirs = _word_alone(wanted), _word_alone(found)
    if RANK in (wanted.unit, found.unit) or (wanted.unit is None and ours is None):
        return False
    if found.unit is not None:
        return wanted.unit is None
    if theirs is None or theirs in _NO_THINGS:
        return False
    if ours is None or ours == theirs:
        return ours is None
    stem = max(3, min(len(ours), len(theirs)) - 2)
    return ours[:stem] != theirs[:stem]


def _word_alone(one: Quantity) -> str | None:
    """The word behind a figure that is no unit, where the text holds nothing else."""
    if one.place is None or one.unit is not None:
        return None
    text, begin, end = one.place
    behind = None if any(map(str.isalnum, text[:begin])) else _WORD_BEHIND.fullmatch(text, end)
    return None if behind is None else behind[1].casefold()


def _turned(one: Quantity) -> Quantity:
    """The quantity with the other sign; what is no number as it is."""
    turned = tuple(-reading if isinstance(reading, Fraction) else reading for reading in one.readings)
    return replace(one, readings=turned, written=f"-{one.written}")


def same_value(
    wanted: Quantity, found: Quantity, *, absolute: Fraction = Fraction(0), relative: Fraction = Fraction(0)
) -> Sameness:
    """Whether two quantities are the same, whatever the words around them say; see `compare`."""
    if wanted.kind is not found.kind:
        ours, theirs = _duration(wanted), _duration(found)
        if ours is None or theirs is None:
            return _by_the_hour(wanted, found) or Sameness.OTHER
        wanted, found = ours, theirs
    if (wanted.written, wanted.unit, wanted.sure) == (found.written, found.unit, found.sure):
        return Sameness.SAME
    if wanted.kind is not NumberKind.NUMBER:
        units = {wanted.unit, found.unit}
        apart = wanted.kind is NumberKind.OTHER and len(units) > 1 and None not in units
        return Sameness.OTHER if apart else _same_moment(wanted, found)
    if wanted.unit in PART_OF and found.unit in PART_OF:
        wanted, found = _in_its_unit(wanted), _in_its_unit(found)
    if wanted.unit in TEMPERATURES and found.unit in TEMPERATURES and wanted.unit != found.unit:
        found = _on_scale(found, wanted.unit)
    said = [
        _same_readings(wanted, found, _within(factor, max(wanted.slack, found.slack), absolute, relative))
        for factor in _conversions(wanted.unit, found.unit)
    ]
    if Sameness.SAME in said and len(said) == 1 and not _needs_its_unit(wanted, found):
        return Sameness.SAME
    return Sameness.OTHER if all(each is Sameness.OTHER for each in said) else Sameness.UNCLEAR


def _on_scale(one: Quantity, unit: str) -> Quantity:
    """A temperature on another scale: their zeros differ, so that no factor does it."""
    (size, zero), (theirs, their_zero) = TEMPERATURES[str(one.unit)], TEMPERATURES[unit]
    readings = tuple((reading * size + zero - their_zero) / theirs for reading in one.readings)  # type: ignore[operator]
    return replace(one, readings=readings, unit=unit, slack=max(one.slack, ROUNDED))


def _in_its_unit(one: Quantity) -> Quantity:
    """A share without the readings that it has beside a bare number, as a part of a whole."""
    whole = PART_OF[str(one.unit)]
    kept = tuple(reading for reading in one.readings if not reading or reading * whole not in one.readings)  # type: ignore[operator]
    return replace(one, readings=kept)


def comparable(wanted: Quantity, found: Quantity) -> bool:
    """Whether two quantities are of one kind, or lengths of time both: `1:30 h` and `90 min`."""
    return wanted.kind is found.kind or (_duration(wanted) is not None and _duration(found) is not None)


def nearly_comparable(wanted: Quantity, found: Quantity) -> bool:
    """Whether two quantities of two kinds may be one: an hour of the clock and its figure."""
    return _by_the_hour(wanted, found) is not None


def _duration(one: Quantity) -> Quantity | None:
    """A length of time as a number; None for anything else. A time of day of which hours are said may be one."""
    if one.kind is NumberKind.NUMBER:
        return one if one.unit in UNITS and UNITS[one.unit][0] == UNITS["h"][0] else None
    if one.kind is not NumberKind.TIME or one.unit in (None, CLOCK):
        return None
    clock: Any = one.readings[0]
    return replace(one, kind=NumberKind.NUMBER, readings=(clock[0] + Fraction(clock[1], 60) + clock[2] / 3600,))


def _same_moment(wanted: Quantity, found: Quantity) -> Sameness:
    """Whether two dates or times are the same, each in its zone; what is neither by its text."""
    ours, theirs = wanted.zone or 0, found.zone or 0
    if ours == theirs:
        return _same_readings(wanted, found, lambda a, b: bool(a == b))
    if wanted.zone is not None and found.zone is not None and isinstance(ours, int) and isinstance(theirs, int):
        return _same_readings(wanted, found, lambda a, b: bool(_universal(a, ours) == _universal(b, theirs)))
    same = _same_readings(wanted, found, lambda a, b: bool(a == b))
    return Sameness.UNCLEAR if same is Sameness.SAME else same


def _universal(reading: Any, ahead: int) -> Any:
    """A moment of a zone in Universal Time; a time without a day is a time of some day."""
    *day, hour, minute, second = reading
    minutes = hour * 60 + minute - ahead
    if not day:
        return minutes % (24 * 60), second
    return datetime.date(*day).toordinal() * 24 * 60 + minutes, second


def _within(factor: Fraction, slack: Fraction, absolute: Fraction, relative: Fraction) -> Callable[[Any, Any], bool]:
    """Whether two values are the same within the tolerances, the second times a factor."""
    slack = slack if factor == 1 else max(slack, ROUNDED)

    def near(left: Any, right: Any) -> bool:
        right = right * factor
        gap = abs(left - right)
        return bool(gap <= absolute or gap <= max(relative, slack) * max(abs(left), abs(right)))

    return near


def _same_readings(wanted: Quantity, found: Quantity, same: Callable[[Any, Any], bool]) -> Sameness:
    if wanted.sure and found.sure and same(wanted.readings[0], found.readings[0]):
        return Sameness.SAME
    possible = any(same(left, right) for left in wanted.readings for right in found.readings)
    return Sameness.UNCLEAR if possible else Sameness.OTHER


def _needs_its_unit(wanted: Quantity, found: Quantity) -> bool:
    """Whether the one unit of two quantities makes its value another than the bare one beside it."""
    if (wanted.unit is None) == (found.unit is None):
        return False
    bare: Any = (wanted if wanted.unit is None else found).readings[0]
    scaled = wanted if found.unit is None else found
    if scaled.unit == RANK:
        return not scaled.alone
    return bool(bare) and (scaled.unit in SCALES or (scaled.unit == "%" and abs(bare) <= 1))


def _conversions(wanted: str | None, found: str | None) -> list[Fraction]:
    """How many of the wanted unit one of the found is; several where a unit is unclear, none where they differ."""
    if wanted == found or wanted is None or found is None:
        return [Fraction(1)]
    if (
        DEGREES in (wanted, found)
        and (wanted in TEMPERATURES or found in TEMPERATURES)
        and "kelvin" not in (wanted, found)
    ):
        return [Fraction(1)]  # `20 degrees`, of the scale that was asked for
    if found in ("cents", "pence") and hundred_of(found, wanted):
        return [Fraction(1, 100)]
    if wanted in ("cents", "pence") and hundred_of(wanted, found):
        return [Fraction(100)]
    pairs = [(a, b) for a in UNCLEAR_UNITS.get(wanted, (wanted,)) for b in UNCLEAR_UNITS.get(found, (found,))]
    return [
        Fraction(1) if a == b else UNITS[b][1] / UNITS[a][1]
        for a, b in pairs
        if a == b or (a in UNITS and b in UNITS and UNITS[a][0] == UNITS[b][0])
    ]
