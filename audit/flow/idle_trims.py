"""Trims that leave a route as it is, told by its sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.reason import Because, Reason, because
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.keeping.frames import Frames
from audit.replay import trims
from audit.sampling.design import is_cheaper
from audit.sampling.run import Sample


def untrimmed(
    folder: RunFolder, settings: Settings, sample: Sample, frames: Frames, tiers: Sequence[Tier]
) -> dict[str, dict[str, Because]]:
    """By route, candidates that would be sent every sampled request whole, at no lower price than it has today: asked
    the same of the same model, they would be paid for, and save by chance at most."""
    rows: Any = pl.from_arrow(sample.table.select(["route", "request_fp"]))
    by_name = {tier.name: tier for tier in tiers if tier.trim is not None}
    of = {frame.route: frame for frame in frames}
    warm = settings.cost.prompt_cache == "warm"
    found: dict[str, dict[str, Because]] = {}
    for design in sample.designs:
        mine = [
            by_name[name]
            for name in design.candidates
            if name in by_name and not is_cheaper(of[design.route], replace(by_name[name], trim=None), warm=warm)
        ]
        if not mine:
            continue
        asked = frozenset(rows.filter(pl.col("route") == design.route)["request_fp"])
        for name, requests in trims.untrimmed({tier.name: asked for tier in mine}, mine, folder).items():
            why = because(Reason.NOTHING_TRIMMED, requests=requests)
            found.setdefault(design.route, {})[name] = why
    return found
