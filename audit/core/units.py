"""Quantities as people write them in `audit.yaml` and in gate rules: `3pt`, `95%`, `$20`, `250ms`, `100n`.

A unit is obligatory, because `-2` could be two points or two per cent, and they differ.
"""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_NUMBER = r"([+\-−]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"


class NoUnit(ValueError):
    """A quantity without the unit that says which one it is.

    Attributes:
        example: How it is written.
    """

    def __init__(self, example: str) -> None:
        super().__init__(f"has no unit or is not a number; write it like `{example}`")
        self.example = example


def number(text: str) -> float:
    """Read a number with optional thousands separators and a Unicode minus."""
    return float(text.replace(",", "").replace("_", "").replace("−", "-"))


def _reader(pattern: str, example: str, per: float, *, low: float, high: float, between: bool = False) -> Any:
    compiled = re.compile(pattern)

    def read(value: Any) -> float:
        match = compiled.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise NoUnit(example)
        quantity = number(match.group(1)) / per
        if between and not low < quantity < high:
            unit = example.lstrip("0123456789")
            ends = f"above {low * per:g}{unit} and below {high * per:g}{unit}"
            raise ValueError(f"has to be {ends}; write it like `{example}`")
        if not low <= quantity <= high:
            raise ValueError(f"is out of range; write it like `{example}`")
        return quantity

    return read


_POINTS = _NUMBER + r"\s*(?:pt|pts|pp)"
_SHARE = _NUMBER + r"\s*%"
_DOLLARS = r"\$\s*" + _NUMBER

A_POINT = "3pt"
share = _reader(_SHARE, "95%", 100, low=0, high=1)
dollars = _reader(_DOLLARS, "$20", 1, low=0, high=1e15)
margin = _reader(_POINTS, A_POINT, 100, low=0, high=1, between=True)
level = _reader(_SHARE, "95%", 100, low=0, high=1, between=True)
factor = _reader(_SHARE, "110%", 100, low=0, high=10)
change = _reader(_SHARE, "2%", 100, low=-1, high=10)


_MILLISECONDS = re.compile(_NUMBER + r"\s*(ms|s)")


def milliseconds(text: str) -> float:
    """Read a duration of the command line, `800ms` or `1.5s`, as milliseconds.

    Raises:
        NoUnit: It has no unit, or is no positive number, or not a finite one.
    """
    match = _MILLISECONDS.fullmatch(text.strip())
    value = 0.0 if match is None else number(match[1]) * (1000 if match[2] == "s" else 1)
    if not 0 < value < math.inf:
        raise NoUnit("800ms")
    return value


def _written(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": rf"^\s*{pattern}\s*$"})


Margin = Annotated[float, BeforeValidator(margin), _written(_POINTS)]
"""A loss of a rate that is accepted, above 0 and below 1; written `3pt`."""
Level = Annotated[float, BeforeValidator(level), _written(_SHARE)]
"""A probability that is neither impossible nor certain, above 0 and below 1; written `95%`."""
Share = Annotated[float, BeforeValidator(share), _written(_SHARE)]
"""A rate, in [0, 1]; written `95%`."""
Dollars = Annotated[float, BeforeValidator(dollars), _written(_DOLLARS)]
"""USD; written `$20`."""
Factor = Annotated[float, BeforeValidator(factor), _written(_SHARE)]
"""A multiple of something, in [0, 10]; written `110%`."""
Change = Annotated[float, BeforeValidator(change), _written(_SHARE)]
"""A relative change, in [-1, 10]; written `2%` or `-3%`."""
