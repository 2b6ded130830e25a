"""Billed tokens and spend per model, for prices that are per token."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from audit.core.exchange import Usage
from audit.core.renewal import Billed
from audit.core.traffic import BILLABLE_STATUSES, MODEL_COLUMNS, SPEND_COLUMNS, exact_sum

_COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens")


def billed_tokens(traffic_files: Sequence[Path]) -> dict[str, Billed]:
    """USD and tokens per model, over billable requests whose cost and tokens are both known."""
    if not traffic_files:
        return {}
    rows = (
        pl.scan_parquet(list(traffic_files))
        .filter(
            pl.col("status").cast(pl.String).is_in(list(BILLABLE_STATUSES)),
            pl.col("duplicate_of").is_null(),
            ~pl.col("cache_hit").fill_null(False),
        )
        .select(
            *(pl.col(name) for name in _COUNTS),
            model=pl.coalesce(*MODEL_COLUMNS).fill_null("unknown"),
            cost_usd=pl.coalesce(*SPEND_COLUMNS),
        )
        .drop_nulls(["cost_usd", "prompt_tokens", "completion_tokens"])
        .collect()
    )
    found = {}
    for (model,), part in sorted(rows.group_by("model"), key=lambda group: str(group[0][0])):
        prompt, completion, cached, written = (int(part[name].fill_null(0).sum()) for name in _COUNTS)
        usage = Usage(
            prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached, cache_write_tokens=written
        )
        found[str(model)] = Billed(spend_usd=exact_sum(part["cost_usd"]), usage=usage)
    return found
