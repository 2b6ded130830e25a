"""Plain values and back."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from audit.core.plain import from_plain


@dataclass(frozen=True)
class FloatFirst:
    """Reads 1 as 1.0."""

    value: float | int
    values: list[float | int]


@dataclass(frozen=True)
class IntFirst:
    """Reads 1 as 1."""

    value: int | float
    values: list[int | float]


@pytest.mark.parametrize("kinds", [(FloatFirst, IntFirst), (IntFirst, FloatFirst)])
def test_the_order_of_a_choice_of_types_is_kept(kinds: tuple[type[FloatFirst | IntFirst], ...]) -> None:
    """The two are equal as types, and one must not be read as the other, whichever came first."""
    for kind in kinds:
        found = from_plain(kind, {"value": 1, "values": [1]})
        wanted = float if kind is FloatFirst else int
        assert (type(found.value), type(found.values[0])) == (wanted, wanted)
