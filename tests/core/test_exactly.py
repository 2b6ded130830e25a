"""Sums of dollars that no order of rows and no cut into parts changes."""

from __future__ import annotations

import math
import random

import polars as pl
import pytest

from audit.core.exactly import ExactTotal, column_of, in_pieces, pieces_of, total_of
from audit.core.partial import AT_ONCE, PartialSums


def amounts(seed: int) -> list[float | None]:
    """Dollars of all sizes, some of them less than nothing, some unknown."""
    draw = random.Random(seed)
    found: list[float | None] = [
        draw.choice([-1, 1, 1]) * draw.random() * 10 ** draw.randrange(-9, 7) for _ in range(300)
    ]
    return [None if draw.random() < 0.1 else one for one in found]


@pytest.mark.parametrize("seed", range(5))
def test_a_sum_is_rounded_once_whatever_the_parts(seed: int) -> None:
    """Part by part in any order, it is the double that is nearest to the sum."""
    dollars, draw = amounts(seed), random.Random(seed)
    nearest = math.fsum(one for one in dollars if one is not None)
    for size in (1, 7, 300):
        total = ExactTotal()
        parts = [dollars[start : start + size] for start in range(0, 300, size)]
        for part in draw.sample(parts, len(parts)):
            total.add(pl.Series(part, dtype=pl.Float64))
        assert total.amount == nearest
    table = pl.DataFrame({"usd": dollars}).select(in_pieces(pl.col("usd"), "usd"))
    assert total_of(table, "usd") == nearest


def test_sums_by_a_key_are_those_of_all_rows() -> None:
    """Partial sums that are added up whenever they are many."""
    rows = pl.DataFrame({"key": [None if n % 5 == 0 else n % 3 for n in range(300)], "usd": amounts(1)})
    sums = PartialSums(("key",), pieces_of("usd"))
    for part in rows.iter_slices(40):
        sums.add(part.select("key", *in_pieces(pl.col("usd"), "usd")))
    table = sums.table().sort("key")
    known = {
        key: math.fsum(some["usd"].drop_nulls()) for (key,), some in rows.partition_by("key", as_dict=True).items()
    }
    assert dict(zip(table["key"], column_of(table, "usd"), strict=True)) == known


def test_sums_that_are_added_up_midway_take_columns_in_any_order() -> None:
    """What is held is folded once it is many; the next part may name its columns in another order, or have more."""
    sums = PartialSums(("key",), ("b", "a"), ("low", "high"))
    rows = pl.DataFrame({"a": [1, 2], "other": ["x", "y"], "key": [0, 1], "high": [3, 4], "low": [3, 4], "b": [5, 6]})
    many = pl.concat([rows] * (AT_ONCE // 2 + 1))
    for part in (many, rows.select(sorted(rows.columns)), many):
        sums.add(part)
    times = 2 * (AT_ONCE // 2 + 1) + 1
    table = sums.table().sort("key").select("key", "a", "b", "low", "high")
    assert table.rows() == [(0, times, 5 * times, 3, 3), (1, 2 * times, 6 * times, 4, 4)]
