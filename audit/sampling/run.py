"""The stage: traffic to slice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
import pyarrow as pa

from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.sampling.chosen import refuse_nothing_chosen
from audit.sampling.design import RouteNeeds, design_routes
from audit.sampling.draw import Drawn, draw_route, load_rows, slice_table
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
    """Design every route and draw its two samples. Same frames, settings and seed: same slice.

    Raises:
        UnknownName: The settings choose routes, and the log has none of them.
        InputError: The settings choose routes or candidates, and that leaves nothing to test.
    """
    models = {tier.name: tier.identity for tier in tiers}
    designed = design_routes(frames, needs, tiers, settings)
    refuse_nothing_chosen(designed, settings)
    drawn = []
    for frame, design in zip(frames, designed, strict=True):
        # What the only candidate serves already cannot move, so it is in no sample.
        pool = frame.pool if len(design.candidates) != 1 else frame.pool.without(models[design.candidates[0]])
        drawn.append(Drawn.of(pool, design, settings.seed))
    load_rows(drawn)
    designs, parts = [], []
    for one in drawn:
        part = draw_route(one, seed=settings.seed, tuning_share=settings.slice.tuning_share)
        distinct = 0 if part.is_empty() else part["request_fp"].n_unique()
        designs.append(replace(one.design, distinct=distinct))
        parts.append(part)
    table = slice_table(parts)
    return Sample(designs=tuple(designs), table=table, tokens=tokens_of(frames, table))


def tokens_of(frames: Sequence[RouteFrame], slice_: pa.Table) -> pl.DataFrame:
    """Logged counts of the requests of a slice: request_fp, prompt_tokens, completion_tokens, max_tokens.

    Of several rows with one request the first by route and id counts; a pass over each log.
    """
    wanted = pl.Series(slice_["request_fp"].unique().to_pylist(), dtype=pl.String)
    logs = {id(frame.pool.rows): frame.pool.rows for frame in frames}
    found = pl.concat([rows.asking(wanted) for rows in logs.values()]).unique("request_fp", keep="first")
    return found.select("request_fp", "prompt_tokens", "completion_tokens", "max_tokens").sort("request_fp")
