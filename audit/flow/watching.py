"""What a later run, or a later log, says of a policy that is in force."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl

from audit.core.artifacts import (
    RunFolder,
    read_run,
)
from audit.core.policy import CanaryKey, RoutingPolicy
from audit.core.settings import Settings
from audit.core.watching import CriteriaSeen, RouteSeen, Seen, TierSeen
from audit.findings.handover import price_dict
from audit.findings.watching import END_USER, watched_pairs
from audit.flow.reading import traffic_of
from audit.flow.routing import policy_embedder
from audit.llm.tiers import resolve_tiers
from audit.mix.run import measure_mix
from audit.pairing.evidence import Tables
from audit.replay.requests import load_requests
from audit.sampling.frame import route_frames


def watch(target: Path, policy: RoutingPolicy, settings: Settings) -> Seen:
    """What a later run, or a later log that was not replayed, says of a policy. Nothing is sent.

    Args:
        target: A run folder, or a log.
        policy: To watch.
        settings: How a log is read, and which tiers there are now.
    """
    if not RunFolder(target).manifest.exists():
        with traffic_of([target], settings) as (folder, _):
            return _seen(folder, settings)
    folder, findings = RunFolder(target), read_run(target)
    slice_ = set(pl.read_parquet(folder.slice)["request_fp"].to_list())
    requests = load_requests(folder.body_files(), folder.traffic_files(), slice_)
    return replace(
        _seen(folder, settings),
        run_id=findings.run_id,
        pairs=watched_pairs(_tables(folder, policy), policy, requests, policy_embedder(settings)),
        criteria={
            route.route: CriteriaSeen(digest=route.criteria.digest if route.criteria else "", margin=route.margin)
            for route in findings.routes
        },
        complete=findings.replay is None or findings.replay.complete,
        demo=findings.demo,
        simulated=findings.simulated,
    )


def _tables(folder: RunFolder, policy: RoutingPolicy) -> Tables:
    """A run's tables; with the pseudonym of each request's end user where a canary is by user."""
    tables = Tables.read(folder)
    if not any(entry.canary is not None and entry.canary.by is CanaryKey.USER for entry in policy.routes):
        return tables
    users = pl.read_parquet(folder.traffic_files(), columns=["row_id", END_USER]).select(
        pl.col("row_id").cast(pl.String).alias("exchange_id"), pl.col(END_USER).cast(pl.String)
    )
    return replace(tables, slice=tables.slice.join(users, on="exchange_id", how="left", maintain_order="left"))


def _seen(folder: RunFolder, settings: Settings) -> Seen:
    """What the traffic alone says."""
    tiers = resolve_tiers(settings)
    measured = measure_mix(folder.traffic_files(), tiers)
    shapes = {frame.route: frame.shape for frame in route_frames(folder.traffic_files())}
    return Seen(
        run_id=None,
        window_from=measured.window_from,
        window_to=measured.window_to,
        routes={
            row.name: RouteSeen(
                requests=row.requests,
                models={share.model: share.requests for share in row.models},
                shape=shapes.get(row.name, {}),
            )
            for row in measured.by_route
        },
        tiers={tier.name: TierSeen(model=tier.model, price=price_dict(tier)) for tier in tiers},
    )
