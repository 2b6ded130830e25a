"""The stage: traffic to slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
import pyarrow as pa

from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.sampling.design import RouteNeeds, design_routes
from audit.sampling.draw import draw_route, slice_table
from audit.sampling.frame import RouteFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The slice, and how each route was sampled.

    Attributes:
        designs: One per route, in name order.
        table: Of the schema `SLICE`.
        tokens: Per distinct request of the slice: request_fp, prompt_tokens, completion_tokens, max_tokens; what the
            quote is worked out from.
    """

    designs: tuple[RouteDesign, ...]
    table: pa.Table
    tokens: pl.DataFrame


def draw_sample(
    frames: Sequence[RouteFrame], needs: Mapping[str, RouteNeeds], tiers: Sequence[Tier], settings: Settings
) -> Sample:
    """Design every route and draw its two samples. Same frames, settings and seed: same slice."""
    designs, parts = [], []
    models = {tier.name: tier.identity for tier in tiers}
    for frame, design in zip(frames, design_routes(frames, needs, tiers, settings), strict=True):
        # What the only candidate serves already cannot move, so it is in no sample.
        moving = frame.rows if len(design.candidates) != 1 else frame.without(models[design.candidates[0]])
        part = draw_route(
            replace(frame, rows=moving), design, seed=settings.seed, tuning_share=settings.slice.tuning_share
        )
        distinct = 0 if part.is_empty() else part["request_fp"].n_unique()
        designs.append(replace(design, distinct=distinct))
        parts.append(part)
    table = slice_table(parts)
    wanted = pl.Series(table["request_fp"].unique().to_pylist(), dtype=pl.String)
    columns = ["request_fp", "prompt_tokens", "completion_tokens", "max_tokens"]
    rows = pl.concat([frame.rows.select(columns) for frame in frames])
    tokens = (
        rows.filter(pl.col("request_fp").is_in(wanted.implode())).unique("request_fp", keep="first").sort("request_fp")
    )
    return Sample(designs=tuple(designs), table=table, tokens=tokens)
