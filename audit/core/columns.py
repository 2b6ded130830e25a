"""What the columns of the traffic's tables say together, as expressions that the stages share."""

from __future__ import annotations

import polars as pl

from audit.core.exchange import LIMIT_PARAMS
from audit.core.traffic import BILLABLE_STATUSES, Apart

TOKEN_LIMIT = pl.coalesce(pl.col("params").str.json_path_match(f"$.{name}") for name in LIMIT_PARAMS).cast(
    pl.Int64, strict=False
)
"""The limit of tokens that a request names; null where it names none."""

ROW_KEY = pl.col("row_id").str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False).fill_null(0)
"""A number that orders rows as their ids do. Ids are digests, so their first 64 bits order them: of a hundred million
rows two share these once in 4,000 logs, and then stand in the order of the files."""


PRICED_AT = (
    pl.when(pl.col("model_key").cast(pl.String).fill_null("").str.contains("deepseek"))
    .then(pl.col("started_at").dt.truncate("30m"))
    .otherwise(pl.col("started_at").dt.truncate("1d"))
)
"""The moment whose prices a call has, UTC: its day, or the half hour for DeepSeek's models. Theirs are the only prices
that change within a day, at half past an hour or on it."""


def billable() -> pl.Expr:
    """Whether a row is a billable request, by the rule of `core.traffic`."""
    return (
        pl.col("status").cast(pl.String).is_in(list(BILLABLE_STATUSES))
        & pl.col("duplicate_of").is_null()
        & ~pl.col("cache_hit").fill_null(value=False)
    )


def apart() -> pl.Expr:
    """What a row is that is no billable request, of `core.traffic.Apart`; null for one that is."""
    status = pl.col("status").cast(pl.String).fill_null("")
    return (
        pl.when(pl.col("duplicate_of").is_not_null())
        .then(pl.lit(Apart.TWICE.value))
        .when(status == "error")
        .then(pl.lit(Apart.FAILED.value))
        .when(~status.is_in(list(BILLABLE_STATUSES)))
        .then(pl.lit(Apart.UNKNOWN.value))
        .when(pl.col("cache_hit").fill_null(value=False))
        .then(pl.lit(Apart.CACHE.value))
    )
