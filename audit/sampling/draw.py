"""Two samples of one route: equal probability for quality, dollar-weighted for dollars.

Both are prefixes of an order that the seed fixes, so a larger sample keeps the earlier draws, and calls that were paid
for stay useful (`statistics.md` section 4, "two-sample default").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from audit.core.fingerprint import digest
from audit.core.plan import RouteDesign
from audit.core.schemas import SLICE
from audit.sampling.frame import priorities
from audit.sampling.pool import NOTHING, RoutePool, load_together
from audit.sampling.spool import Records
from audit.stats.dollars import dollar_unit_draw
from audit.stats.risk_control import split_rows

GROUPS = ("session", "prompt")
"""Numbers of a request whose equal values make two alike: what tunes must share none with what certifies."""


def quality_order(row_ids: Sequence[str], seed: int) -> npt.NDArray[np.int64]:
    """The random order of some rows that are at hand, by `priorities`: their places, shape (n,)."""
    return np.argsort(priorities(row_ids, seed), kind="stable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is drawn of a pool, before any of its rows is read.

    Attributes:
        pool: Of the requests that may be drawn.
        design: Of the route.
        looked_at: The beginning of the random order: twice what is planned, because some tuning draws are replaced.
        dollars: Records that the dollar draws hit, in the order of their ids.
        probabilities: Of each of these in one draw, shape (k,).
        times: How often each is hit, shape (k,).
    """

    pool: RoutePool
    design: RouteDesign
    looked_at: Records
    dollars: Records
    probabilities: npt.NDArray[np.float64]
    times: npt.NDArray[np.float64]

    @classmethod
    def of(cls, pool: RoutePool, design: RouteDesign, seed: int) -> Drawn:
        """Draw. Same requests, design and seed: same draws."""
        empty = np.zeros(0)
        looked_at = pool.first(2 * design.quality_n) if design.quality_n else NOTHING
        drawn = cls(pool=pool, design=design, looked_at=looked_at, dollars=NOTHING, probabilities=empty, times=empty)
        costs = pool.paid() if design.dollars_n else empty
        if not costs.size:
            return drawn
        rng = np.random.default_rng([seed, int(digest(design.route)[:8], 16)])
        draw = dollar_unit_draw(costs, design.dollars_n, rng=rng)
        places, first, times = np.unique(draw.indices, return_index=True, return_counts=True)
        return cls(
            pool=pool,
            design=design,
            looked_at=looked_at,
            dollars=pool.paid_at(places),
            probabilities=draw.probabilities[first],
            times=times.astype(float),
        )


def load_rows(drawn: Iterable[Drawn]) -> None:
    """Read the rows of several draws, in one pass over the log."""
    load_together([(one.pool, (one.looked_at, one.dollars)) for one in drawn])


def draw_route(drawn: Drawn, *, seed: int, tuning_share: float) -> pl.DataFrame:
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
    design = drawn.design
    if not drawn.pool.requests or design.quality_n + design.dollars_n == 0:
        return pl.DataFrame()
    parts = [part for part in (_quality_draws(drawn, seed, tuning_share), _dollar_draws(drawn)) if part.width]
    if not parts:
        return pl.DataFrame()
    return (
        pl.concat(parts, how="diagonal")
        .with_columns(
            route=pl.lit(design.route),
            stratum=pl.lit(design.route),
            exchange_id=pl.col("row_id"),
            incumbent_model=pl.col("model"),
        )
        .select(SLICE.names)
    )


def _quality_draws(drawn: Drawn, seed: int, tuning_share: float) -> pl.DataFrame:
    """The equal-probability draws with their splits, in the order that the seed fixes."""
    records, pool, n = drawn.looked_at, drawn.pool, drawn.design.quality_n
    if not records.size:
        return pl.DataFrame()
    rows = pool.take(records)
    for_tuning = split_rows(rows["row_id"].to_list(), tuning_share=tuning_share, seed=seed)
    planned = np.arange(records.size) < n
    certifying = records[planned & ~for_tuning]
    taken = {name: np.unique(certifying[name][certifying[name] != 0]) for name in GROUPS}
    tuning = for_tuning & ~np.logical_or.reduce([np.isin(records[name], taken[name]) for name in GROUPS])
    wanted = int((planned & for_tuning).sum())
    # What the groups take from the tuning split, requests further back give to it: no replay more than planned.
    tuning &= np.cumsum(tuning) <= wanted
    split = np.where(tuning, "tuning", np.where(for_tuning, "neither", "certification"))
    drawn_rows = rows.with_columns(
        draw_order=pl.int_range(pl.len(), dtype=pl.Int64), split=pl.Series(split, dtype=pl.String)
    ).filter(pl.Series(planned | tuning))
    missing = wanted - int(tuning.sum())
    if missing and records.size < pool.requests:
        further = _further(drawn, taken, missing, seed=seed, tuning_share=tuning_share)
        drawn_rows = pl.concat([drawn_rows, further.select(drawn_rows.columns)])
    return drawn_rows.with_columns(
        purpose=pl.lit("quality"),
        inclusion_prob=pl.lit(n / pool.requests),
        weight=pl.lit(1.0),
    )


def _further(
    drawn: Drawn, taken: dict[str, npt.NDArray[np.uint64]], missing: int, *, seed: int, tuning_share: float
) -> pl.DataFrame:
    """The next tuning draws behind those that were looked at, as many as are missing or as there are."""
    pool, asked = drawn.pool, missing
    while True:
        # A request is for tuning with the share's chance, so about so many have to be looked at.
        asked = int(2 * asked / tuning_share)
        found, places = pool.free(drawn.looked_at, taken["session"], taken["prompt"], asked)
        rows = pool.take(found).with_columns(draw_order=pl.Series(places, dtype=pl.Int64), split=pl.lit("tuning"))
        if not found.size:
            return rows
        tuning = split_rows(rows["row_id"].to_list(), tuning_share=tuning_share, seed=seed)
        if tuning.sum() >= missing or found.size < asked:
            return rows.filter(pl.Series(tuning)).head(missing)


def _dollar_draws(drawn: Drawn) -> pl.DataFrame:
    """Draws with replacement in proportion to cost; a record that is hit m times has weight m."""
    if not drawn.dollars.size:
        return pl.DataFrame()
    return drawn.pool.take(drawn.dollars).with_columns(
        purpose=pl.lit("dollars"),
        split=pl.lit("certification"),
        inclusion_prob=pl.Series(drawn.probabilities),
        weight=pl.Series(drawn.times),
        draw_order=pl.int_range(pl.len(), dtype=pl.Int64),
    )


def slice_table(parts: Sequence[pl.DataFrame]) -> pa.Table:
    """The routes' slices as one table of the declared schema, in a fixed order."""
    filled = [part for part in parts if not part.is_empty()]
    if not filled:
        return SLICE.empty_table()
    table = pl.concat(filled).sort("route", "purpose", "draw_order", "exchange_id")
    return table.to_arrow().cast(SLICE)
