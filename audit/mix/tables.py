"""What a mix is told from: the two tables that passes over the traffic give, each made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from audit.core.errors import InputError
from audit.core.tier import Tier
from audit.mix.grain import grain_of
from audit.mix.latency import latencies_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MixTables:
    """Tables of one log; neither grows with it.

    Attributes:
        grain: As of `grain_of`.
        latencies: As of `latencies_of`.
        bounds: Prompt lengths in tokens by which the grain is told, ascending.
    """

    grain: pl.DataFrame
    latencies: pl.DataFrame
    bounds: tuple[int, ...]


def tables_of(traffic_files: Sequence[Path], tiers: Sequence[Tier] = ()) -> MixTables:
    """Both tables of `traffic-*.parquet` of one run, told by the prompt lengths at which a tier's price changes.

    Raises:
        InputError: There is no traffic.
    """
    if not traffic_files:
        raise InputError("there is no traffic to measure", code="mix.no-traffic", hint="run `audit ingest` first")
    bounds = tuple(sorted({step.above for tier in tiers for step in tier.price.steps}))
    return MixTables(grain=grain_of(traffic_files, bounds), latencies=latencies_of(traffic_files), bounds=bounds)
