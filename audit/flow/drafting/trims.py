"""What a first `audit.yaml` proposes to leave out of today's prompts: tools that nobody calls, and earlier turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from audit.core.artifacts import RunFolder
from audit.core.columns import billable
from audit.core.display import listing
from audit.core.levers import TRIED_TURNS
from audit.core.trim import NAMED, UNUSED
from audit.levers.tool_use import together, tool_use
from audit.sampling.frame import RouteFrame

LOOKED_AT = 100_000
"""Requests of a log whose prompts are looked through for what could go; of more, `audit mix LOGS --levers` does it."""
TALKS = 0.2
"""Share of requests with more turns than `TRIED_TURNS` from which on a shorter history is proposed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShorterPrompt:
    """A trim to try, and of which model.

    Attributes:
        model: With the most dollars on the routes whose prompts could be shorter: a tier is today's model with less of
            the prompt only where that model serves.
        trim: As a tier of `audit.yaml` has it.
        why: What the log shows, in words; tools are named as logged.
    """

    model: str
    trim: dict[str, str | int]
    why: str


def shorter_prompts(folder: RunFolder, frames: Sequence[RouteFrame]) -> ShorterPrompt | None:
    """What could go of the prompts of a log; None where nothing could, or the log is too long to be looked through."""
    requests = {frame.route: frame.requests for frame in frames}
    if sum(requests.values()) > LOOKED_AT:
        return None
    uses = tool_use(folder.traffic_files(), folder.body_files())
    unused = together(uses.values()).unused
    long = _long_talks(folder)
    talks = sum(long.values()) >= TALKS * sum(requests.values())
    spend = Counter[str]()
    for frame in frames:
        offers = frame.route in uses and not unused.keys().isdisjoint(uses[frame.route].offered)
        if offers or (talks and long.get(frame.route, 0) >= TALKS * frame.requests):
            spend.update(frame.models)
    if not spend:
        return None
    trim: dict[str, str | int] = ({"tools": UNUSED} if unused else {}) | ({"history": TRIED_TURNS} if talks else {})
    why = [f"no answer calls {listing([*unused][:NAMED])}"] if unused else []
    why += ["conversations are sent again with every turn"] if talks else []
    return ShorterPrompt(model=min(spend, key=lambda one: (-spend[one], one)), trim=trim, why=" and ".join(why))


def _long_talks(folder: RunFolder) -> dict[str, int]:
    """Requests with more turns than `TRIED_TURNS`, by route."""
    rows = pl.scan_parquet([str(path) for path in folder.traffic_files()])
    rows = rows.filter(billable() & (pl.col("n_turns") > TRIED_TURNS))
    return dict(rows.group_by(pl.col("route").fill_null("")).len().collect().iter_rows())
