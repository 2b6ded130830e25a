"""Two samples of one route: equal probability for quality, dollar-weighted for dollars.

Both are prefixes of an order that the seed fixes, so a larger sample keeps the earlier draws, and calls that were paid
for stay useful (`statistics.md` section 4, "two-sample default").
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from audit.core.fingerprint import digest
from audit.core.plan import RouteDesign
from audit.core.schemas import SLICE
from audit.sampling.frame import RouteFrame
from audit.stats.dollars import dollar_unit_draw
from audit.stats.risk_control import split_groups


def quality_order(row_ids: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """A random order of the rows that depends on each row's id and the seed alone.

    Every prefix is a simple random sample without replacement, and a row keeps its place relative to the others when
    rows are added to the log.
    """
    key = seed.to_bytes(16, "big", signed=True)
    names = [hashlib.blake2b(row_id.encode(), digest_size=8, key=key).digest() for row_id in row_ids]
    return np.argsort(np.frombuffer(b"".join(names), dtype=">u8"), kind="stable")


def draw_route(frame: RouteFrame, design: RouteDesign, *, seed: int, tuning_share: float) -> pl.DataFrame:
    """The slice of one route: one row per quality draw, one per record that the dollar draws hit.

    Returns:
        Columns of `SLICE`. A request that equals one of the certification split is taken out of the tuning split,
        where it would tell the order of the candidates something about the test.
    """
    rows = frame.rows
    if rows.is_empty() or design.quality_n + design.dollars_n == 0:
        return pl.DataFrame()
    quality = rows[quality_order(rows["row_id"].to_list(), seed)[: design.quality_n]].with_columns(
        purpose=pl.lit("quality"),
        inclusion_prob=pl.lit(design.quality_n / rows.height),
        weight=pl.lit(1.0),
        draw_order=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    drawn = pl.concat([quality, _dollar_draws(rows, design, seed)], how="diagonal")
    groups = drawn.select(pl.coalesce("session_id", "request_fp"))["session_id"].to_list()
    tuning = split_groups(groups, tuning_share=tuning_share, seed=seed)
    marked = drawn.with_columns(
        split=pl.Series(np.where(tuning, "tuning", "certification")),
        route=pl.lit(frame.route),
        stratum=pl.lit(frame.route),
        exchange_id=pl.col("row_id"),
        incumbent_model=pl.col("model"),
    )
    certifying = marked.filter((pl.col("split") == "certification") & (pl.col("purpose") == "quality"))["request_fp"]
    leaked = (
        (pl.col("split") == "tuning")
        & (pl.col("purpose") == "quality")
        & pl.col("request_fp").is_in(certifying.implode())
    )
    return marked.with_columns(split=pl.when(leaked).then(pl.lit("neither")).otherwise("split")).select(SLICE.names)


def _dollar_draws(rows: pl.DataFrame, design: RouteDesign, seed: int) -> pl.DataFrame:
    """Draws with replacement in proportion to cost; a record that is hit m times has weight m."""
    paid = rows.filter(pl.col("cost_usd") > 0)
    if paid.is_empty() or design.dollars_n == 0:
        return pl.DataFrame()
    rng = np.random.default_rng([seed, int(digest(design.route)[:8], 16)])
    draw = dollar_unit_draw(paid["cost_usd"].to_numpy(), design.dollars_n, rng=rng)
    order, first, times = np.unique(draw.indices, return_index=True, return_counts=True)
    return paid[order].with_columns(
        purpose=pl.lit("dollars"),
        inclusion_prob=pl.Series(draw.probabilities[first]),
        weight=pl.Series(times.astype(float)),
        draw_order=pl.int_range(pl.len(), dtype=pl.Int64),
    )


def slice_table(parts: Sequence[pl.DataFrame]) -> pa.Table:
    """The routes' slices as one table of the declared schema, in a fixed order."""
    filled = [part for part in parts if not part.is_empty()]
    if not filled:
        return SLICE.empty_table()
    table = pl.concat(filled).sort("route", "purpose", "draw_order", "exchange_id")
    return table.to_arrow().cast(SLICE)
