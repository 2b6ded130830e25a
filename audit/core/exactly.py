"""Dollars added up exactly, in whole numbers, whatever the order of the rows.

A sum of floating-point numbers depends on their order, and a pass over many files in parallel has none. So each amount
is cut into its whole dollars and three whole numbers of 2^-32, 2^-64 and 2^-96 dollars, exactly; what comes out is the
sum rounded once, the same double that `core.traffic.exact_sum` gives for the rows. (Bits below 2^-96 are left out; a
dollar amount has some only below 1e-13.) No sum of 64 bits wraps below two thousand million rows or 9e18 dollars.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

_BITS = 32
_PIECES = 4


def pieces_of(name: str) -> tuple[str, ...]:
    """Names of the columns that an amount of this name is cut into; sums of them are sums of the amount."""
    return tuple(f"{name}_{number}" for number in range(_PIECES))


def in_pieces(amount: pl.Expr, name: str) -> list[pl.Expr]:
    """An amount as whole numbers of 1, 2^-32, 2^-64 and 2^-96, called `pieces_of(name)`; every step is exact in a
    double, because each is cut towards zero. Null stays null."""
    cut = []
    for piece in pieces_of(name):
        whole = amount.cast(pl.Int64)
        cut.append(whole.alias(piece))
        amount = (amount - whole.cast(pl.Float64)) * float(1 << _BITS)
    return cut


def put_together(pieces: Iterable[int]) -> float:
    """The amount that some pieces stand for, rounded once."""
    whole = 0
    for piece in pieces:
        whole = (whole << _BITS) + piece
    return whole / (1 << (_BITS * (_PIECES - 1)))


def total_of(table: pl.DataFrame, name: str) -> float:
    """The sum of an amount over the rows of a table of pieces, rounded once; 0 without rows."""
    return put_together(int(table[piece].sum()) for piece in pieces_of(name))


class ExactTotal:
    """An amount that is added up part by part, and rounded once at the end."""

    def __init__(self) -> None:
        self._pieces = [0] * _PIECES

    def add(self, amounts: pl.Series) -> None:
        """Add what is known of a column."""
        sums = pl.select(in_pieces(pl.lit(amounts), "")).sum().row(0)
        self._pieces = [one + int(other) for one, other in zip(self._pieces, sums, strict=True)]

    @property
    def amount(self) -> float:
        """The sum."""
        return put_together(self._pieces)


def column_of(table: pl.DataFrame, name: str) -> pl.Series:
    """The amount of each row of a table of pieces, rounded once."""
    rows = table.select(pieces_of(name)).iter_rows()
    return pl.Series(name, [put_together(row) for row in rows], dtype=pl.Float64)
