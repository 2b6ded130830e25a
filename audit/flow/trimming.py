"""What the log says of trims: which tools `tools: unused` leaves out, and how much shorter the sampled requests get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from audit.core.artifacts import RunFolder
from audit.core.fingerprint import fingerprint
from audit.core.plan import TrimQuote
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.core.trim import Trim
from audit.levers.tool_use import ToolUse, together, tool_use
from audit.llm.tiers import resolve_tiers
from audit.replay import trims
from audit.replay.plan import Call, TokenCounts

_TOOLS = "tools"
"""Artefact: which tools the log offers and calls, by route."""


def tiers_of(folder: RunFolder, settings: Settings, *, anywhere: bool = False) -> tuple[Tier, ...]:
    """The tiers of a run: those of its configuration, with the tools that no answer called by name.

    The names are of the routes that a tier is a candidate of, and stay the same as long as the log does: they decide
    answers, so they are a part of every key.

    Args:
        anywhere: A tier may be tried on any route.

    Raises:
        UnknownName, ConfigError, PriceUnknown: As `resolve_tiers`.
    """
    tiers = resolve_tiers(settings)
    if not any(tier.trim and tier.trim.unused for tier in tiers):
        return tiers
    routes = _tool_use(folder)
    return tuple(
        replace(tier, trim=_fixed(tier.trim, _candidate_of(tier, settings, routes, anywhere)))
        if tier.trim and tier.trim.unused
        else tier
        for tier in tiers
    )


def with_trimmed(
    tokens: Mapping[str, TokenCounts], calls: Sequence[Call], tiers: Sequence[Tier], folder: RunFolder
) -> tuple[Mapping[str, TokenCounts], tuple[TrimQuote, ...]]:
    """Counts of the sampled requests with what tiers with a trim are sent of each; and in sum by tier, with how often
    the log offers the tools that go."""
    known, quotes = trims.with_trimmed(tokens, calls, tiers, folder)
    if not any(one.trim.tools for one in quotes):
        return known, quotes
    use = _tool_use(folder)
    asked = {one.tier: {call.route for call in calls if call.tier == one.tier} for one in quotes}
    return known, tuple(replace(one, seen=_seen(one.trim, use, asked[one.tier])) for one in quotes)


def _tool_use(folder: RunFolder) -> Mapping[str, ToolUse]:
    """By route, from the manifest of the run that read the log; a recheck has the log of its run."""
    folder = RunFolder(folder.traffic.parent)
    made_from = {"traffic": fingerprint((folder.facts("traffic") or {}).get("made_from", {}))}
    if not folder.is_current(_TOOLS, made_from):
        found = tool_use(folder.traffic_files(), folder.body_files())
        routes = {
            name: {"offered": dict(sorted(one.offered.items())), "called": sorted(one.called)}
            for name, one in sorted(found.items())
        }
        folder.record(_TOOLS, made_from, routes=routes)
    facts = (folder.facts(_TOOLS) or {})["routes"]
    return {name: ToolUse(offered=Counter(one["offered"]), called=set(one["called"])) for name, one in facts.items()}


def _candidate_of(tier: Tier, settings: Settings, routes: Mapping[str, ToolUse], anywhere: bool) -> list[ToolUse]:
    """The tools of the routes that a tier may be asked about."""
    found = []
    for name, use in routes.items():
        entry = settings.route(name)
        if anywhere or (entry is not None and (entry.candidates is None or tier.name in entry.candidates)):
            found.append(use)
    return found


def _fixed(trim: Trim, uses: Collection[ToolUse]) -> Trim:
    return replace(trim, tools=tuple(together(uses).unused), unused=False)


def _seen(trim: Trim, routes: Mapping[str, ToolUse], asked: Collection[str]) -> int | None:
    """The fewest requests that offer one of the tools that go; None where one of them was called, so that somebody else
    knows why it may go, or nobody offers any."""
    whole = together([use for name, use in routes.items() if name in asked])
    offers = [times for name in trim.tools if (times := whole.offered[name])]
    return min(offers) if offers and not whole.called & set(trim.tools) else None
