"""Fields that could be the route, when a log does not say which one is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from audit.core.artifacts import RunFolder
from audit.ingest.labels import MODEL, ROUTE_KEYS

MOST_VALUES = 200
"""More distinct values than this, or mostly values seen once, and the field is an id."""


def suggest_route_fields(folder: RunFolder, limit: int = 3) -> list[tuple[str, int, tuple[int, ...]]]:
    """The most varied fields that could name a call site's purpose, telling names first.

    Returns:
        (dotted path for `ingest.route`, distinct values, how often the three most frequent ones occur). The values
        themselves are left out: they are the users' text.
    """
    files = folder.traffic_files()
    if not files:
        return []
    frame = pl.scan_parquet(files)
    pairs = [
        _metadata(files),
        frame.select(pl.col("tags").alias("tag"))
        .explode("tag", empty_as_null=False, keep_nulls=False)
        .select(
            ("request_tags." + pl.col("tag").str.extract(r"^([^:]+):.")).alias("field"),
            pl.col("tag").str.extract(r"^[^:]+:(.+)$").alias("value"),
        ),
        frame.select(pl.lit(MODEL).alias("field"), pl.col("model_requested").alias("value")),
    ]
    counts = (
        pl.concat(pairs)
        .drop_nulls()
        .group_by("field", "value")
        .len()
        .group_by("field")
        .agg(
            pl.len().alias("distinct"),
            (pl.col("len") == 1).mean().alias("singletons"),
            pl.col("len").sum().alias("rows"),
            pl.col("len").sort(descending=True).head(3).alias("top"),
        )
        .filter(pl.col("distinct").is_between(2, MOST_VALUES) & (pl.col("singletons") <= 0.5))
        .with_columns(pl.col("field").str.extract(r"([^.]+)$").is_in(list(ROUTE_KEYS)).alias("named"))
        .sort(["named", "distinct", "rows", "field"], descending=[True, True, True, False])
        .head(limit)
        .select("field", "distinct", "top")
        .collect()
    )
    return [(field, int(n), tuple(int(c) for c in top)) for field, n, top in counts.iter_rows()]


def _metadata(files: Sequence[Path]) -> pl.LazyFrame:
    """The metadata maps as (field, value) rows."""
    maps = [pq.read_table(file, columns=["metadata"])["metadata"].combine_chunks() for file in files]
    return pl.concat(
        pl.DataFrame({"field": pl.Series(pair.keys), "value": pl.Series(pair.items)}) for pair in maps
    ).lazy()
