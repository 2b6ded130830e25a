"""A candidate on the requests of a gold set: by the criteria that compare with it, beside the verdict."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from audit.core.criteria import GoldAnswers
from audit.core.finding import GoldPairs
from audit.core.interval import Estimate
from audit.stats.tango import PairCounts, tango


def gold_pairs(
    scores: pl.DataFrame, tier: str, exchange_ids: Sequence[str], gold: GoldAnswers | None, level: float
) -> GoldPairs | None:
    """Both arms on the pairs that a gold set has right answers of.

    Args:
        scores: Of the route; of several answers to a request the first counts.
        tier: The candidate.
        exchange_ids: Of its pairs.
        gold: Which criteria compare with the gold set.
        level: Of the interval.

    Returns:
        None without a gold set, or where it has an answer of none of the pairs.
    """
    if gold is None:
        return None
    ids = pl.Series(exchange_ids, dtype=pl.String).implode()
    mine = scores.filter(
        pl.col("exchange_id").is_in(ids),
        pl.col("repeat") == 0,
        pl.col("criterion").is_in(gold.criteria),
        pl.col("status") == "scored",
    )
    first = _right(mine.filter(pl.col("arm") == "incumbent"), "incumbent")
    second = _right(mine.filter((pl.col("arm") == "candidate") & (pl.col("tier") == tier)), "candidate")
    both = first.join(second, on="exchange_id")
    if both.is_empty():
        return None
    b = both.filter(pl.col("incumbent") & ~pl.col("candidate")).height
    c = both.filter(~pl.col("incumbent") & pl.col("candidate")).height
    counts = PairCounts(b=b, c=c, n=both.height)
    return GoldPairs(
        n=both.height,
        incumbent=int(both["incumbent"].sum()),
        candidate=int(both["candidate"].sum()),
        delta=Estimate.of((c - b) / both.height, tango(counts, level=level), level),
    )


def _right(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    return rows.group_by("exchange_id").agg(pl.col("passed").all().alias(name))
