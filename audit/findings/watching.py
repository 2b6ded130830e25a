"""A policy on later traffic: what it did, or would do, there, as paired verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from audit.certificate.claims import observed
from audit.core.display import visible
from audit.core.errors import InputError
from audit.core.exchange import Request
from audit.core.policy import Canary, CanaryKey, RoutePolicy, RoutingPolicy
from audit.core.watching import WatchedPairs
from audit.pairing.evidence import Tables, logged_on, quality_draws
from audit.pairing.replayed import Replayed, SignalValues, Simulation, pairs_of, replayed, walk
from audit.signals.signal import TextEmbedder

END_USER = "end_user_hash"
"""Column of the traffic; `watched_pairs` needs it in the slice where a canary is by user."""


def watched_pairs(
    tables: Tables, policy: RoutingPolicy, requests: Mapping[str, Request], embedder: TextEmbedder | None
) -> dict[str, WatchedPairs]:
    """The policy against the incumbent on every quality draw of a run: it was fixed before, so no split is needed.

    Where the run replayed the incumbent's tier as a candidate, the policy is taken to be in force: what its cheap tier
    answered in the log is held against the incumbent's replay, and everything else was not moved. Otherwise the log's
    answers are the incumbent's, and the policy is walked over the replays as in its certification. A policy in force
    that replaces several models is not watched: no log says which of them a moved request would have gone to.

    Args:
        tables: The run's; its slice has `END_USER` too where a canary is by user.
        policy: To watch.
        requests: Of the slice, by fingerprint.
        embedder: For signals that embed texts.

    Returns:
        By route; a route whose tiers were not replayed is not in it.

    Raises:
        InputError: Which requests were in a canary cannot be told.
    """
    found = {}
    for entry in policy.routes:
        mine = tables.of_route(entry.route)
        asked = set(mine.replays.filter(pl.col("arm") == "candidate")["tier"])
        # The model of most spend is never a candidate of an audit; a smaller one that serves a part may well be.
        if entry.today[0] not in asked:
            if entry.tier in asked:
                found[entry.route] = _walked(mine, entry, requests, embedder)
        elif len(entry.today) == 1:
            found[entry.route] = _in_force(mine, entry, policy, requests)
    return {route: pairs for route, pairs in found.items() if pairs.n}


def _walked(
    tables: Tables, entry: RoutePolicy, requests: Mapping[str, Request], embedder: TextEmbedder | None
) -> WatchedPairs:
    draws = replayed(tables, _asked(tables, entry.asks), entry.asks, requests)
    values = SignalValues.worked_out([entry], draws.requests or (), embedder)
    return _counted(entry, draws, walk(entry, draws, values.of(entry, draws)))


def _in_force(
    tables: Tables, entry: RoutePolicy, policy: RoutingPolicy, requests: Mapping[str, Request]
) -> WatchedPairs:
    # The cheap tier's answers are the log's: only today's tier has to be replayed.
    (today,) = tiers = entry.today
    on_cheap = logged_on(policy.models[entry.tier])
    if entry.canary is not None:
        # What the canary leaves as it was says nothing of the policy, and would hide what the rest says.
        tables = replace(tables, slice=_of_canary(tables.slice, entry, entry.canary, on_cheap))
    draws = replayed(tables, _asked(tables, tiers), tiers, requests)
    moved = dict(tables.slice.select("exchange_id", on_cheap).iter_rows())
    cheap = np.array([moved[name] for name in draws.exchange_ids], dtype=bool)
    arm = draws.arms[today]
    # The log's own answer is the policy's, and the replayed incumbent stands where the log's incumbent did.
    turned = replace(
        draws,
        passed=np.where(cheap, arm.passed, draws.passed),
        arms={entry.tier: replace(arm, passed=draws.passed, shares=None)},
    )
    return _counted(entry, turned, Simulation(asked=cheap, kept=cheap))


def _of_canary(slice_: pl.DataFrame, entry: RoutePolicy, canary: Canary, on_cheap: pl.Expr) -> pl.DataFrame:
    """The requests that were in a canary.

    A gateway that draws call by call has no keys: of a policy that moves whole routes, what the cheap tier served is
    all of it. Any other policy leaves requests of its canary where they were, so only their keys tell which; to count
    what moved alone would blame the whole route for the part that moves.

    Raises:
        InputError: The keys decide, and the log has none.
    """
    if entry.signal is None and entry.verifier is None:
        return slice_.filter(on_cheap)
    column, holds = {
        CanaryKey.SESSION: ("session_id", canary.holds),
        CanaryKey.USER: (END_USER, canary.holds_pseudonym),
    }[canary.by]
    keys = slice_[column].drop_nulls().unique()
    if keys.is_empty() and canary.share > 0 and not slice_.is_empty():
        by_session = canary.by is CanaryKey.SESSION
        setting, other = ("session", CanaryKey.USER) if by_session else ("end_user", CanaryKey.SESSION)
        raise InputError(
            f"the policy of route `{visible(entry.route)}` is a canary by {canary.by.value}, and the log names no "
            f"{canary.by.value} on this route: which requests were in the canary cannot be told",
            code="watch.canary-keys",
            hint=f"name where the log has it, `ingest: {{{setting}: PATH}}` in audit.yaml; or write the canary by what "
            f"the log does have, `audit policy RUN --canary STEP --canary-by {other.value}`",
        )
    return slice_.filter(pl.col(column).is_in([key for key in keys if holds(key)]))


def _asked(tables: Tables, tiers: Sequence[str]) -> pl.DataFrame:
    """The quality draws whose request went to all these tiers: a run that stopped early has not come to the others."""
    draws = quality_draws(tables)
    for tier in tiers:
        mine = tables.replays.filter((pl.col("arm") == "candidate") & (pl.col("tier") == tier))
        draws = draws.filter(pl.col("request_fp").is_in(mine["request_fp"].implode()))
    return draws


def _counted(entry: RoutePolicy, draws: Replayed, walked: Simulation) -> WatchedPairs:
    pairs = pairs_of(entry, draws, walked)
    counts = observed(pairs)
    return WatchedPairs(
        route=entry.route,
        n=pairs.n,
        b=int(counts.b),
        c=int(counts.c),
        missing_passed=pairs.missing.passed,
        missing_failed=pairs.missing.failed,
        missing_unknown=pairs.missing.unknown,
    )
