"""What the columns of the traffic's tables say together, as expressions that the stages share."""

from __future__ import annotations

import polars as pl

from audit.core.exchange import LIMIT_PARAMS
from audit.core.traffic import BILLABLE_STATUSES

TOKEN_LIMIT = pl.coalesce(pl.col("params").str.json_path_match(f"$.{name}") for name in LIMIT_PARAMS).cast(
    pl.Int64, strict=False
)
"""The limit of tokens that a request names; null where it names none."""


def billable() -> pl.Expr:
    """Whether a row is a billable request, by the rule of `core.traffic`."""
    return (
        pl.col("status").cast(pl.String).is_in(list(BILLABLE_STATUSES))
        & pl.col("duplicate_of").is_null()
        & ~pl.col("cache_hit").fill_null(value=False)
    )
