"""Sums of dollars: exact, in any order, from any kind of column."""

import math
import random

import polars as pl
import pytest

from audit.core.traffic import exact_sum


def test_a_column_and_its_values_have_one_sum() -> None:
    """A column of a frame takes a faster way to the same last bit; what is unknown adds nothing."""
    draw = random.Random(7)
    dollars = [None if draw.random() < 0.1 else draw.choice([1e-9, 1e9]) * draw.random() for _ in range(5_000)]
    known = [value for value in dollars if value is not None]
    assert exact_sum(dollars) == exact_sum(pl.Series(dollars)) == math.fsum(reversed(known))
    assert exact_sum(pl.Series([0.1] * 10)) == 1.0
    assert exact_sum(pl.Series([None, None], dtype=pl.Float64)) == exact_sum(()) == 0.0
    assert math.isnan(exact_sum(pl.Series([1.0, math.nan])))


def test_a_column_is_not_gone_through_value_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """One by one takes ten times as long, and every figure of a log is such a sum."""
    monkeypatch.setattr(pl.Series, "__iter__", lambda _: pytest.fail("value by value"))
    assert exact_sum(pl.Series([1.0, None, 2.0])) == 3.0
