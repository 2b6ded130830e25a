"""How long answers took, by everything that a mix is told by, in memory that does not grow with the log.

Times are counted in bins that are 2.2 % wide, 32 to each doubling, each with its shortest and its longest time. A
quantile is told by the middle of these two: exactly where they are the same, and else within 1.1 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from audit.core.columns import billable
from audit.core.mixture import AnswerTimes
from audit.mix.grain import LABELS, MODEL

PER_DOUBLING = 32
DOUBLINGS = range(-3, 8)
"""Powers of two that are bounds in seconds where a histogram is told: from an eighth of a second to two minutes."""


def latencies_of(traffic_files: Sequence[Path]) -> pl.DataFrame:
    """Billable requests by labels, model and time.

    Returns:
        `LABELS`, `model`, `bin`, `requests`, `shortest_ms` and `longest_ms`, in no order: requests that took more than
        2^((bin - 1) / 32) seconds and at most 2^(bin / 32), and the ends of their times. Those whose time the log does
        not tell are in none.
    """
    return (
        pl.scan_parquet(list(traffic_files))
        .filter(billable(), pl.col("latency_ms") > 0)
        .select(
            pl.col(LABELS).cast(pl.String).fill_null(""),
            "latency_ms",
            model=MODEL.fill_null(""),
            bin=((pl.col("latency_ms") / 1_000).log(2) * PER_DOUBLING).ceil().cast(pl.Int32),
        )
        .group_by(*LABELS, "model", "bin")
        .agg(
            requests=pl.len().cast(pl.Int64),
            shortest_ms=pl.col("latency_ms").min().cast(pl.Float64),
            longest_ms=pl.col("latency_ms").max().cast(pl.Float64),
        )
        .collect(engine="streaming")
    )


def latency_of(binned: pl.DataFrame) -> AnswerTimes | None:
    """Median and 95th percentile of some bins; None where no request has a time."""
    if binned.is_empty():
        return None
    bins = (
        binned.group_by("bin")
        .agg(pl.col("requests").sum(), pl.col("shortest_ms").min(), pl.col("longest_ms").max())
        .sort("bin")
    )
    requests, reached = int(bins["requests"].sum()), bins["requests"].cum_sum()
    found = [_first(reached, math.ceil(share * requests)) for share in (0.5, 0.95)]
    ends = [(bins["shortest_ms"][at], bins["longest_ms"][at]) for at in found]
    median, most = (low if low == high else math.sqrt(low * high) for low, high in ends)
    return AnswerTimes(
        requests=requests, p50_ms=median, p95_ms=most, within=max(math.sqrt(high / low) - 1 for low, high in ends)
    )


def buckets_of(binned: pl.DataFrame) -> dict[float, int]:
    """Requests that took at most so many seconds, by the bounds of `DOUBLINGS` and infinity."""
    bins = {2.0**power: PER_DOUBLING * power for power in DOUBLINGS}
    found = {bound: int(binned.filter(pl.col("bin") <= last)["requests"].sum()) for bound, last in bins.items()}
    return {**found, math.inf: int(binned["requests"].sum())}


def _first(reached: pl.Series, wanted: int) -> int:
    return int((reached >= wanted).arg_true()[0])
