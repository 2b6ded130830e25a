"""Billed tokens and spend per model, for prices that are per token."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from audit.core.columns import billable
from audit.core.exactly import column_of, in_pieces, pieces_of
from audit.core.exchange import Usage
from audit.core.renewal import Billed
from audit.core.traffic import MODEL_COLUMNS, SPEND_COLUMNS

_COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")


def billed_tokens(traffic_files: Sequence[Path]) -> dict[str, Billed]:
    """USD and tokens per model, over billable requests whose cost and tokens are both known."""
    if not traffic_files:
        return {}
    rows = (
        pl.scan_parquet(list(traffic_files))
        .filter(billable())
        .select(
            *(pl.col(name) for name in _COUNTS),
            model=pl.coalesce(*MODEL_COLUMNS).fill_null("unknown"),
            cost_usd=pl.coalesce(*SPEND_COLUMNS),
        )
        .drop_nulls(["cost_usd", "prompt_tokens", "completion_tokens"])
        .with_columns(in_pieces(pl.col("cost_usd"), "usd"))
        .group_by("model")
        .agg(*(pl.col(name).fill_null(0).sum() for name in _COUNTS), pl.col(pieces_of("usd")).sum())
        .sort("model")
        .collect(engine="streaming")
    )
    found = {}
    for model, usd, counts in zip(rows["model"], column_of(rows, "usd"), rows.select(_COUNTS).iter_rows(), strict=True):
        found[str(model)] = Billed(spend_usd=usd, usage=Usage(**dict(zip(_COUNTS, counts, strict=True))))
    return found
