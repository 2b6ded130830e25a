"""Sampling frames of rows that a test holds in memory, instead of those of a log on disk."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.options import DIMENSIONS
from audit.sampling.frame import RouteFrame, frames_of
from audit.sampling.rows import COUNTED, DRAWN, PASSED, SHAPE

_UNSAID = {
    **{name: pl.lit(None, dtype=pl.Int64) for name in (*COUNTED, "max_tokens")},
    **{name: pl.lit(None, dtype=pl.String) for name in ("session", "prompt", *DIMENSIONS)},
    **{name: pl.lit(0, dtype=pl.Int64) for name in SHAPE},
    "row_id": pl.format("{}", pl.int_range(pl.len()) + 10**9),
    "request_fp": pl.format("fp{}", pl.int_range(pl.len())),
    "model": pl.lit("large-1"),
    "cost_usd": pl.lit(0.001),
    "reason": pl.lit(None, dtype=pl.String),
    "sampling_weight": pl.lit(1.0),
}
"""Columns that a test need not name."""


class HeldRows:
    """As `audit.sampling.rows.Rows`, of tables by route.

    Args:
        tables: With columns of `DRAWN`; session and prompt as texts.
        part_rows: Rows of a part; None for all in one.
    """

    def __init__(self, tables: Mapping[str, pl.DataFrame], part_rows: int | None = None) -> None:
        self._part_rows = part_rows
        whole = []
        for route, rows in tables.items():
            unsaid = {name: value for name, value in _UNSAID.items() if name not in rows.columns}
            rows = rows.with_columns(**unsaid, route=pl.lit(route))
            whole.append(rows.select("route", "reason", *DRAWN, *SHAPE, "sampling_weight"))
        self._table = (
            pl.concat(whole, how="vertical_relaxed")
            .sort("row_id")
            .with_columns(place=pl.int_range(pl.len(), dtype=pl.UInt64))
            .with_columns(key="place")
        )

    def parts(self) -> Iterator[pl.DataFrame]:
        """All rows."""
        hashed = self._table.with_columns(**{name: _hashed(name) for name in ("session", "prompt")})
        return hashed.select(PASSED).iter_slices(self._part_rows or max(self._table.height, 1))

    def load(self, places: Iterable[npt.NDArray[np.uint64]]) -> None:
        """They are held."""

    def take(self, places: npt.NDArray[np.uint64]) -> pl.DataFrame:
        """Some of them."""
        return self._table[places.astype(np.int64)].select(DRAWN)

    def asking(self, fps: pl.Series) -> pl.DataFrame:
        """The first of each request."""
        rows = self._table.filter(pl.col("reason").is_null() & pl.col("request_fp").is_in(fps.implode()))
        return rows.sort("route", "row_id").unique("request_fp", keep="first", maintain_order=True).select(DRAWN)

    def of_routes(self, routes: Collection[str], columns: Sequence[str]) -> dict[str, pl.DataFrame]:
        """Those of some routes."""
        known = self._table.filter(pl.col("reason").is_null())
        return {name: known.filter(pl.col("route") == name).select(columns) for name in sorted(routes)}


def _hashed(name: str) -> pl.Expr:
    return pl.when(pl.col(name).is_not_null()).then(pl.col(name).hash())


def held_frames(tables: Mapping[str, pl.DataFrame], *, seed: int = 0, bounds: Sequence[int] = ()) -> list[RouteFrame]:
    """The frames of some routes, in name order."""
    return frames_of(HeldRows(tables), bounds=bounds, seed=seed)


def held(rows: pl.DataFrame, *, route: str = "/r", seed: int = 0, bounds: Sequence[int] = ()) -> RouteFrame:
    """The frame of one route."""
    return held_frames({route: rows}, seed=seed, bounds=bounds)[0]
