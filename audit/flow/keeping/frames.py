"""The routes of a run's log and the sample that is drawn of them, as an earlier command left them in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.core.artifacts import RunFolder
from audit.core.plain import to_plain
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.flow.keeping.results import once, results_of
from audit.sampling.design import RouteNeeds
from audit.sampling.frame import RouteFrame, price_bounds, route_frames
from audit.sampling.kept import frames_from_bytes, frames_to_bytes, sample_from_bytes, sample_to_bytes
from audit.sampling.rows import TrafficRows
from audit.sampling.run import Sample, draw_sample

Frames = Sequence[RouteFrame]
"""The traffic by route."""


def frames_of_run(folder: RunFolder, settings: Settings, tiers: Sequence[Tier]) -> list[RouteFrame]:
    """As `route_frames`, of a run's traffic."""
    files, seed, bounds = folder.traffic_files(), settings.seed, price_bounds(tiers)
    return once(
        results_of(folder, settings),
        "frames",
        {"bounds": bounds},
        lambda: route_frames(files, tiers=tiers, seed=seed),
        frames_to_bytes,
        lambda kept: frames_from_bytes(kept, TrafficRows(files), seed),
    )


def sample_of(
    folder: RunFolder,
    settings: Settings,
    frames: Frames,
    needs: Mapping[str, RouteNeeds],
    tiers: Sequence[Tier],
) -> Sample:
    """As `draw_sample`."""
    made_from = {
        # More than decides: paths and limits too. A wrong sample would be worse than one that is drawn again.
        "settings": settings.model_dump(mode="json"),
        "tiers": to_plain(list(tiers)),
        "needs": [
            [route, need.unsupported, need.judge_usd, to_plain(need.criteria), to_plain(need.unfit)]
            for route, need in needs.items()
        ],
    }
    return once(
        results_of(folder, settings),
        "sample",
        made_from,
        lambda: draw_sample(frames, needs, tiers, settings),
        sample_to_bytes,
        sample_from_bytes,
    )
