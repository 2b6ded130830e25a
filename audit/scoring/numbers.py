"""Quantities, and when two of them are the same.

Each says what it may mean: `1,234.50` one thing, `1.234` a decimal in one country and a thousand in another. Two
quantities are the same, another, or unclear; only the first ever counts as equal.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

from audit.scoring.units import UNITS

ROUNDED, _BINARY = Fraction(1, 10**9), Fraction(1, 10**15)


class NumberKind(Enum):
    """What a quantity is. Only numbers have a tolerance."""

    NUMBER = "a number"
    DATE = "a date"
    TIME = "a time"
    OTHER = "a code, range or expression"


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
    """

    kind: NumberKind
    readings: tuple[Hashable, ...]
    written: str
    sure: bool = True
    unit: str | None = None
    slack: Fraction = Fraction(0)


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
    wanted: Quantity, found: Quantity, *, absolute: Fraction = Fraction(0), relative: Fraction = Fraction(0)
) -> Sameness:
    """Whether two quantities are the same.

    Args:
        wanted: What is expected. Tolerances are in its unit.
        found: What is there.
        absolute: How far numbers may differ.
        relative: The same, as a share of the larger one.

    Special cases:
        A unit on one side only: the values are compared, because an answer may leave out what the question says.
        Units of different dimensions: another. Of the same: the value is converted.
    """
    if wanted.kind is not found.kind:
        return Sameness.OTHER
    if wanted.written == found.written:
        return Sameness.SAME
    if wanted.kind is not NumberKind.NUMBER:
        return _same_readings(wanted, found, lambda a, b: bool(a == b))
    factor = _conversion(wanted.unit, found.unit)
    if factor is None:
        return Sameness.OTHER
    slack = max(wanted.slack, found.slack, ROUNDED if factor != 1 else Fraction(0))

    def near(left: Any, right: Any) -> bool:
        right = right * factor
        gap = abs(left - right)
        return bool(gap <= absolute or gap <= max(relative, slack) * max(abs(left), abs(right)))

    return _same_readings(wanted, found, near)


def _same_readings(wanted: Quantity, found: Quantity, same: Callable[[Any, Any], bool]) -> Sameness:
    if wanted.sure and found.sure and same(wanted.readings[0], found.readings[0]):
        return Sameness.SAME
    possible = any(same(left, right) for left in wanted.readings for right in found.readings)
    return Sameness.UNCLEAR if possible else Sameness.OTHER


def _conversion(wanted: str | None, found: str | None) -> Fraction | None:
    """How many of the wanted unit one of the found is; None where one cannot become the other."""
    if wanted == found or wanted is None or found is None:
        return Fraction(1)
    if wanted in UNITS and found in UNITS and UNITS[wanted][0] == UNITS[found][0]:
        return UNITS[found][1] / UNITS[wanted][1]
    return None
