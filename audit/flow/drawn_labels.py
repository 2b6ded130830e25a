"""Labels of random pairs that decide a candidate's verdict, as labels, answers and judges' replies are by now: a plan
that is made again is sized by them, and policies are made for a test that reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from audit.core.artifacts import RunFolder, read_plan
from audit.core.labels import DrawnLabels
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.flow.trimming import tiers_of
from audit.pairing.evidence import Tables, pair_up, quality_draws
from audit.pairing.truth import random_part
from audit.scoring.drawn import drawn_rows
from audit.stats.random_labels import counts_of, mean_change


def drawn_labels(
    folder: RunFolder, settings: Settings, routes: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, DrawnLabels]]:
    """By route and candidate; those are left out whose verdict rests on the criteria.

    Args:
        folder: Of the run.
        settings: Of the run.
        routes: Candidates by route.

    Special cases:
        Nothing was scored in this folder yet: nothing, whatever the labels say of themselves. Whose answers people have
        read is known from the answers alone.

    Raises:
        InputError: A file of labels cannot be read.
    """
    if not all(path.exists() for path in (folder.plan, folder.slice, folder.replay_table, folder.accepted)):
        return {}
    rows = drawn_rows(folder, settings)
    if not rows.num_rows:
        return {}
    drawn = pl.DataFrame(rows)
    tables = replace(Tables.read(folder), drawn=drawn).costed(tiers_of(folder, settings), settings)
    designs = {design.route: design for design in read_plan(folder.plan).designs}
    found: dict[str, dict[str, DrawnLabels]] = {}
    for route, mine in tables.by_route([name for name in routes if name in designs]).items():
        for tier in routes[route]:
            labels = _of_candidate(mine.moved_to(tier), designs[route], tier)
            if labels is not None:
                found.setdefault(route, {})[tier] = labels
    return found


def _of_candidate(tables: Tables, design: RouteDesign, tier: str) -> DrawnLabels | None:
    """Of a candidate on its route, as that was planned, from the pairs that its verdict is tested on."""
    part = random_part(tables.drawn, tier)
    pairs = pair_up(tables, quality_draws(tables, "certification"), arm="candidate", tier=tier)
    if part is None or pairs.labelled is None or mean_change(pairs.labelled) is None:
        return None
    return DrawnLabels(
        first=part[0].first,
        sample=design.quality_n,
        looks=len(design.stages),
        counts=counts_of(pairs.labelled),
    )
