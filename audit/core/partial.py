"""Sums under some keys, added up part by part."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

AT_ONCE = 1 << 18
"""Rows of partial sums that are held before they are added up."""


class PartialSums:
    """Partial sums of a log under some keys, added up whenever they are many: those of whole numbers are the same
    whatever the parts.

    Args:
        keys: Columns.
        summed: Columns.
        ends: Two columns of which the least and the largest value are kept.
    """

    def __init__(self, keys: Sequence[str], summed: Sequence[str], ends: Sequence[str] = ()) -> None:
        self._keys, self._parts, self._rows = keys, list[pl.DataFrame](), 0
        self._columns = (*keys, *summed, *ends)
        self._how = [pl.col(summed).sum()]
        if ends:
            lightest, heaviest = ends
            self._how += [pl.col(lightest).min(), pl.col(heaviest).max()]

    def add(self, part: pl.DataFrame) -> None:
        """Add sums of a part: keys and sums in any order of columns, each key once or several times."""
        self._parts.append(part.select(self._columns))
        self._rows += part.height
        if self._rows > AT_ONCE:
            self._parts = [self.table()]
            # What is left may be many itself: the next time is when as many have come again.
            self._rows = 0

    def table(self) -> pl.DataFrame:
        """All sums so far, each key once, in no order that means anything."""
        return pl.concat(self._parts).group_by(self._keys).agg(self._how)
