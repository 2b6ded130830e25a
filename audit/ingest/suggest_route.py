"""Fields that could be the route, when a log does not say which one is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from audit.core.artifacts import RunFolder
from audit.ingest.labels import LONGEST, MODEL, purpose_rank

MOST_VALUES = 200
"""More distinct values than this, or mostly values seen once, and the field is an id."""


@dataclass(frozen=True, slots=True)
class RouteField:
    """A field that could name a call site's purpose. Its values are left out: they are the users' text.

    Attributes:
        path: Dotted, for `ingest.route`.
        distinct: Different values.
        coverage: Part of the calls that have one, 0 to 1.
        top: How often the three most frequent ones occur.
    """

    path: str
    distinct: int
    coverage: float
    top: tuple[int, ...]

    @property
    def named(self) -> bool:
        """Whether its name is one that teams give to a purpose."""
        return purpose_rank(self.path) is not None

    def __str__(self) -> str:
        share = "every call" if self.coverage == 1 else f"{math.floor(self.coverage * 100)} % of the calls"
        return f"{self.path} ({self.distinct} values, in {share})"


def suggest_route_fields(folder: RunFolder, limit: int = 3) -> list[RouteField]:
    """The fields that could name a call site's purpose: telling names first, then those in most calls."""
    files = folder.traffic_files()
    if not files:
        return []
    frame = pl.scan_parquet(files)
    calls = frame.select(pl.len()).collect().item()
    pairs = [
        _metadata(files),
        frame.select(pl.col("tags").alias("tag"))
        .explode("tag", empty_as_null=False, keep_nulls=False)
        .select(
            ("request_tags." + pl.col("tag").str.extract(r"^([^:]+):.")).alias("field"),
            pl.col("tag").str.extract(r"^[^:]+:(.+)$").alias("value"),
        ),
        frame.select(pl.lit(MODEL).alias("field"), pl.coalesce("model_requested", "model_responded").alias("value")),
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
        .collect()
    )
    found = [
        RouteField(field, int(distinct), min(int(rows) / calls, 1.0), tuple(map(int, top)))
        for field, distinct, _, rows, top in counts.iter_rows()
        if field.isprintable() and len(field) <= LONGEST  # it is shown, and written into a file
    ]
    return sorted(found, key=_telling)[:limit]


def _telling(field: RouteField) -> tuple[Any, ...]:
    """In order: named, in nearly as many calls as any, by how telling the name is, by values."""
    rank = purpose_rank(field.path)
    return rank is None, -round(field.coverage, 1), rank or 0, -field.distinct, field.path


def _metadata(files: Sequence[Path]) -> pl.LazyFrame:
    """The metadata maps as (field, value) rows."""
    maps = [pq.read_table(file, columns=["metadata"])["metadata"].combine_chunks() for file in files]
    return pl.concat(
        pl.DataFrame({"field": pl.Series(pair.keys), "value": pl.Series(pair.items)}) for pair in maps
    ).lazy()
