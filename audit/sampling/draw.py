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
from audit.stats.quantiles import BoolArray
from audit.stats.risk_control import split_rows

GROUPS = ("session", "prompt")
"""Columns whose equal values make two requests alike: what tunes must share none with what certifies."""


def quality_order(row_ids: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """A random order of the rows that depends on each row's id and the seed alone.

    Every prefix is a simple random sample without replacement, and a row keeps its place relative to the others when
    rows are added to the log.
    """
    keyed = hashlib.blake2b(digest_size=8, key=seed.to_bytes(16, "big", signed=True))

    def name(row_id: str) -> bytes:
        mine = keyed.copy()
        mine.update(row_id.encode())
        return mine.digest()

    return np.argsort(np.frombuffer(b"".join(map(name, row_ids)), dtype=">u8"), kind="stable")


def draw_route(frame: RouteFrame, design: RouteDesign, *, seed: int, tuning_share: float) -> pl.DataFrame:
    """The slice of one route: one row per quality draw, one per record that the dollar draws hit.

    Certification draws are a simple random sample of the route's requests, whatever sessions and prompts these belong
    to, because what is tested on them is a claim about requests. Independence of the choice is the tuning split's
    affair: a request whose session or prompt occurs in certification is kept out of it, and the next one of the random
    order takes its place as long as there is one.

    Returns:
        Columns of `SLICE`. Draws kept out of tuning are in neither split; they are not replayed.

    Source:
        docs/method/sampling.md.
    """
    rows = frame.rows
    if rows.is_empty() or design.quality_n + design.dollars_n == 0:
        return pl.DataFrame()
    drawn = pl.concat(
        [_quality_draws(rows, design, seed, tuning_share), _dollar_draws(rows, design, seed)], how="diagonal"
    )
    return drawn.with_columns(
        route=pl.lit(frame.route),
        stratum=pl.lit(frame.route),
        exchange_id=pl.col("row_id"),
        incumbent_model=pl.col("model"),
    ).select(SLICE.names)


def _quality_draws(rows: pl.DataFrame, design: RouteDesign, seed: int, tuning_share: float) -> pl.DataFrame:
    """The equal-probability draws with their splits, in the order that the seed fixes."""
    order = quality_order(rows["row_id"].to_list(), seed)
    looked_at = design.quality_n
    while True:
        # As far back as tuning draws are missing; of a long log almost nothing is looked at.
        looked_at = min(2 * looked_at, rows.height)
        ordered = rows[order[:looked_at]].with_columns(draw_order=pl.int_range(pl.len(), dtype=pl.Int64))
        for_tuning = split_rows(ordered["row_id"].to_list(), tuning_share=tuning_share, seed=seed)
        planned = np.arange(looked_at) < design.quality_n
        shares_a_group = _in_a_group_of(ordered, planned & ~for_tuning)
        tuning, wanted = for_tuning & ~shares_a_group, int((planned & for_tuning).sum())
        if looked_at == rows.height or tuning.sum() >= wanted:
            break
    # What the groups take from the tuning split, requests further back give to it: no replay more than planned.
    tuning &= np.cumsum(tuning) <= wanted
    split = np.where(tuning, "tuning", np.where(for_tuning, "neither", "certification"))
    return ordered.with_columns(
        split=pl.Series(split),
        purpose=pl.lit("quality"),
        inclusion_prob=pl.lit(design.quality_n / rows.height),
        weight=pl.lit(1.0),
    ).filter(pl.Series(planned | tuning))


def _in_a_group_of(rows: pl.DataFrame, chosen: BoolArray) -> BoolArray:
    """Which rows share the session or the prompt of a chosen one."""
    found = np.zeros(rows.height, dtype=np.bool_)
    for name in GROUPS:
        taken = rows.filter(pl.Series(chosen))[name].drop_nulls().unique()
        found |= rows[name].is_in(taken.implode()).fill_null(value=False).to_numpy()
    return found


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
        split=pl.lit("certification"),
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
