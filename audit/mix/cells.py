"""The mix as a table for other tools: one row per day and labels, whose sums are those of the mix."""

from __future__ import annotations

import polars as pl

from audit.mix.grain import LABELS, TOKENS, added, outcomes, usd_column

BY = (*LABELS, "model")
"""Labels of a cell."""
FIGURES = ("requests", "spend_usd", "unpriced_requests", "failures", "duplicates", "cache_hits", "unknown", *TOKENS)


def mix_cells(grain: pl.DataFrame) -> pl.DataFrame:
    """Requests, dollars and tokens by day (UTC), route, tenant, environment, region and model.

    Args:
        grain: As of `grain_of`, by whatever prompt lengths.

    Returns:
        Sorted by its keys: `day` (null for rows without a time), `BY` ("" where the log has no label) and `FIGURES`.
        Requests, dollars and tokens are of billable rows; rows that are none are counted beside them, each once, as
        `ingest` counts them.
    """
    keys = ("day", *BY)
    rows = added(grain, ("kind", "end", *keys))
    billed = pl.col("kind").is_null()
    rows = rows.with_columns(
        spend_usd=pl.when(billed).then(usd_column(rows)).otherwise(0.0),
        unpriced_requests=pl.when(billed).then(pl.col("requests") - pl.col("priced")).otherwise(0),
        **{name: pl.when(billed).then(name).otherwise(0) for name in TOKENS},
        **{name: pl.when(holds).then("requests").otherwise(0) for name, holds in outcomes().items()},
    ).with_columns(requests=pl.when(billed).then("requests").otherwise(0))
    # At most one row of each kind falls into a cell, so its dollars are not added up again.
    return rows.group_by(keys).agg(pl.col(*FIGURES).sum()).sort(keys, nulls_last=True)
