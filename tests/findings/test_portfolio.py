"""One error rate for all verdicts together: larger samples, and what a finished route leaves to the others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from audit.certificate.certified import certify_routes, prepare
from audit.certificate.policies import PolicyInputs
from audit.sampling.design import RouteNeeds, design_routes
from tests.findings.world import Planted, World, make_world
from tests.sampling.test_draw import SMALL, frame, settings


def test_the_planner_costs_it() -> None:
    """Twenty routes that share an error rate are each planned at a twentieth of it, with more draws."""
    frames = [frame(9000, route=f"/r{i:02d}") for i in range(20)]
    planned = {}
    for guarantee in ("route", "portfolio"):
        using = settings(guarantee=guarantee)
        needs = {one.route: RouteNeeds(entry=using.routes[0], unsupported=None) for one in frames}
        planned[guarantee] = design_routes(frames, needs, [SMALL], using)
    alone, together = planned["route"][0], planned["portfolio"][0]
    assert (alone.alpha, together.alpha) == (None, pytest.approx(0.05 / 20))
    assert together.quality_n > 1.5 * alone.quality_n


def two_routes(tmp_path: Path, first: Planted, second: Planted) -> tuple[World, World]:
    """Two worlds whose routes share an error rate."""
    found = []
    for number, planted in enumerate((first, second)):
        world = make_world(tmp_path, {"small": planted}, n=4000, seed=number)
        name, own = f"/r{number}", {"exchange_id": pl.lit(f"{number}-") + pl.col("exchange_id")}
        tables = replace(
            world.tables,
            slice=world.tables.slice.with_columns(
                pl.lit(name).alias("route"), pl.lit(f"{number}-") + pl.col("request_fp"), **own
            ).with_columns(request_fp=pl.lit(f"{number}-") + pl.col("request_fp").str.split("-").list.last()),
            accepted=world.tables.accepted.with_columns(pl.lit(name).alias("route"), **own),
            replays=world.tables.replays.with_columns(
                pl.lit(name).alias("route"), request_fp=pl.lit(f"{number}-") + pl.col("request_fp")
            ),
        )
        found.append(replace(world, tables=tables, design=replace(world.design, route=name, alpha=0.025)))
    return found[0], found[1]


def test_a_finished_route_leaves_its_part(tmp_path: Path) -> None:
    """When a route has certified all that it can, the other is tested at the whole of the rate."""
    good, other = two_routes(tmp_path, Planted(regress=0.002, gain=0.002), Planted(regress=0.05, gain=0.004))
    tables = replace(
        good.tables,
        slice=pl.concat([good.tables.slice, other.tables.slice]),
        accepted=pl.concat([good.tables.accepted, other.tables.accepted]),
        replays=pl.concat([good.tables.replays, other.tables.replays]),
    )
    designs = [good.design, other.design]
    prepared = prepare(tables, designs, PolicyInputs())
    found = certify_routes(tables, designs, good.tiers, good.settings, prepared, None)
    assert found["/r0"].terms.alpha == pytest.approx(0.025)
    assert all(one.certified for one in found["/r0"].policies.tested)
    assert found["/r1"].terms.alpha == pytest.approx(0.05)
    assert found["/r1"].terms.moved_alpha == pytest.approx(0.2)
