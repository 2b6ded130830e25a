"""The mix as a table for other tools: one row per day and labels, whose sums are those of the mix.

What nobody knows is null and never 0: dollars of requests of which none has a known cost, and tokens that none tells.
Beside sums of which a part is unknown stands of how many requests it is.
"""

from __future__ import annotations

import polars as pl

from audit.mix.grain import COUNTED, COUNTERS, LABELS, TOKENS, added, usd_column

BY = (*LABELS, "model")
"""Labels of a cell."""
FIGURES = (
    *("requests", "spend_usd", "unpriced_requests", "failures", "duplicates", "cache_hits", "unknown"),
    *("uncounted_requests", *TOKENS),
)
_KNOWN_OF = {"spend_usd": "priced", **COUNTED}
"""By a figure that may be unknown, of how many requests it is known."""


def mix_cells(grain: pl.DataFrame) -> pl.DataFrame:
    """Requests, dollars and tokens by day (UTC), route, tenant, environment, region and model.

    Args:
        grain: As of `grain_of`, by whatever prompt lengths.

    Returns:
        Sorted by its keys: `day` (null for rows without a time), `BY` ("" where the log has no label) and `FIGURES`.
        Requests, dollars and tokens are of billable rows; rows that are none are counted beside them, each once, as
        `ingest` counts them. Dollars and tokens are null where there are requests and none of them tells.
    """
    keys = ("day", *BY)
    rows = added(grain, ("kind", *keys))
    billed = pl.col("kind").is_null()
    rows = rows.with_columns(
        spend_usd=pl.when(billed).then(usd_column(rows)).otherwise(0.0),
        unpriced_requests=pl.when(billed).then(pl.col("requests") - pl.col("priced")).otherwise(0),
        uncounted_requests=pl.when(billed).then(pl.col("requests") - pl.col("counted")).otherwise(0),
        **{name: pl.when(billed).then(name).otherwise(0) for name in (*TOKENS, *_KNOWN_OF.values())},
        **{
            name: pl.when(pl.col("kind") == kind.value).then("requests").otherwise(0) for name, kind in COUNTERS.items()
        },
    ).with_columns(requests=pl.when(billed).then("requests").otherwise(0))
    # At most one row of each kind falls into a cell, so its dollars are not added up again.
    cells = rows.group_by(keys).agg(pl.col(*FIGURES, *_KNOWN_OF.values()).sum()).sort(keys, nulls_last=True)
    told = {name: (pl.col("requests") == 0) | (pl.col(known) > 0) for name, known in _KNOWN_OF.items()}
    return cells.select(*keys, *(pl.when(told.get(name, True)).then(name).alias(name) for name in FIGURES))


def added_up(name: str) -> pl.Expr:
    """A figure of several cells: null where those that have requests do not tell it."""
    told = pl.col(name).is_not_null()
    return pl.when(told.all() | (told & (pl.col("requests") > 0)).any()).then(pl.col(name).sum()).alias(name)
