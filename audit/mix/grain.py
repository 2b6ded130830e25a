"""Traffic summed to its finest grain, in one pass whose memory does not grow with the log.

Dollars are summed in whole numbers (`core.exactly`), because a pass over many files in parallel has no order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from audit.core.columns import apart
from audit.core.exactly import column_of, in_pieces, pieces_of, total_of
from audit.core.traffic import MODEL_COLUMNS, SPEND_COLUMNS, Apart, PricedBy

LABELS = ("route", "tenant", "environment", "region")
"""Labels of traffic; "" where the log has none."""
TOKENS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")
MODEL = pl.coalesce(pl.col(name).cast(pl.String) for name in MODEL_COLUMNS)
"""What a row's model is called; null where the log has no name."""
COUNTERS = {
    "failures": Apart.FAILED,
    "duplicates": Apart.TWICE,
    "cache_hits": Apart.CACHE,
    "unknown": Apart.UNKNOWN,
}
"""Counters of rows that are no billable request, as `ingest` counts them: with the requests, every row is in one."""
_KEYS = ("kind", *LABELS, "model", "provider", "day", "priced_by", "unpriced_reason", "span")
_USD = pieces_of("usd")
COUNTED = {name: f"requests_with_{name}" for name in TOKENS}
"""By a class of tokens the column that says of how many requests the log counts it."""
COUNTS = ("requests", "priced", "counted", *TOKENS, *COUNTED.values())
"""Whole numbers of the grain."""


def grain_of(traffic_files: Sequence[Path], bounds: Sequence[int] = ()) -> pl.DataFrame:
    """Rows of traffic summed by everything that a mix is told by.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        bounds: Prompt lengths in tokens at which some price changes, in ascending order.

    Returns:
        One row per combination that occurs, in no order. Keys: `kind` (of `core.traffic.Apart`; null for billable
        rows), `LABELS`, `model`, `provider` (null where the log names none), `day` (UTC), `priced_by` (of
        `core.traffic.PricedBy`), `unpriced_reason`, and `span`: how many of the bounds the
        prompt is longer than, null where cost or tokens are unknown. Counts: `requests`, `priced` (those whose dollars
        are known), `counted` (those whose tokens of prompt and answer are), `TOKENS` (of the requests that tell them)
        with `COUNTED`, and the dollars as `usd_of` puts them together: what was spent on billable rows, what the log
        says that others cost.
    """
    return (
        pl.scan_parquet(list(traffic_files))
        .select(
            pl.col(LABELS).cast(pl.String).fill_null(""),
            *TOKENS,
            model=MODEL.fill_null(""),
            provider=pl.col("provider").cast(pl.String),
            day=pl.col("started_at").dt.convert_time_zone("UTC").dt.date(),
            kind=apart(),
            priced_by=pl.when(pl.col("cost_usd_logged").is_null())
            .then(pl.lit(PricedBy.RECOMPUTED.value))
            .otherwise(pl.col("cost_basis").cast(pl.String)),
            unpriced_reason=pl.col("unpriced_reason").cast(pl.String),
            spend=pl.coalesce(*SPEND_COLUMNS),
            logged=pl.col("cost_usd_logged"),
        )
        .with_columns(
            usd=pl.when(pl.col("kind").is_null())
            .then(pl.col("spend"))
            .otherwise(pl.when(pl.col("logged") > 0).then(pl.col("logged"))),
            span=_span(bounds),
        )
        .with_columns(in_pieces(pl.col("usd"), "usd"))
        .group_by(_KEYS)
        .agg(
            requests=pl.len().cast(pl.Int64),
            priced=pl.col("usd").count().cast(pl.Int64),
            counted=pl.all_horizontal(pl.col(name).is_not_null() for name in TOKENS[:2]).sum().cast(pl.Int64),
            **{name: pl.col(name).fill_null(0).sum() for name in TOKENS},
            **{told: pl.col(name).count().cast(pl.Int64) for name, told in COUNTED.items()},
            **{name: pl.col(name).sum() for name in _USD},
        )
        .collect(engine="streaming")
    )


def _span(bounds: Sequence[int]) -> pl.Expr:
    length = pl.lit(0, pl.Int32)
    for bound in bounds:
        length = length + (pl.col("prompt_tokens") > bound).cast(pl.Int32)
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in ("spend", *TOKENS[:2]))
    return pl.when(known).then(length)


def added(grain: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """The grain summed further, by some of its keys; in no order."""
    return grain.group_by(list(by)).agg(pl.col(*COUNTS, *_USD).sum())


def usd_of(grain: pl.DataFrame) -> float:
    """The dollars of all rows of a grain: their sum, rounded once."""
    return total_of(grain, "usd")


def usd_column(grain: pl.DataFrame) -> pl.Series:
    """The dollars of each row of a grain, rounded once."""
    return column_of(grain, "usd")
