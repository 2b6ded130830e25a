"""What routing policies are made from: the sampled requests, an embedder, checks, and the whole log on demand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl

from audit.certificate.checks import checks_of
from audit.certificate.policies import MovedTraffic, MovesRequest, PolicyInputs
from audit.core.artifacts import RunFolder
from audit.core.errors import MissingPackage
from audit.core.exchange import Request
from audit.core.policy import SignalSpec
from audit.core.settings import RouteSettings, Settings
from audit.core.traffic import exact_sum
from audit.embeddings import Embedder, open_embedder
from audit.replay.requests import load_requests, stream_requests
from audit.sampling.frame import RouteFrame, rows_of, served_by
from audit.signals.written import written_rule

DECIDED_AT_ONCE = 1_000
"""Requests of a route that a rule is asked about together."""


def sampled_requests(folder: RunFolder, wanted: Collection[str]) -> Mapping[str, Request]:
    """The requests of a run with these fingerprints, by fingerprint; those that cannot be read are not in it."""
    return load_requests(folder.body_files(), folder.traffic_files(), wanted)


def policy_inputs_of(
    folder: RunFolder, settings: Settings, frames: Sequence[RouteFrame], wanted: Collection[str]
) -> PolicyInputs:
    """What the findings make policies from.

    Args:
        folder: The run's.
        settings: The run's.
        frames: Its routes.
        wanted: Fingerprints of the sampled requests.
    """
    return PolicyInputs(
        requests=load_requests(folder.body_files(), folder.traffic_files(), wanted),
        embedder=policy_embedder(settings) if wanted else None,
        verifiers=lambda route: checks_of(settings.route(route), settings.directory),
        rules=lambda route: rules_of(settings.route(route)),
        count_moved=lambda goes, already: _count_moved(folder, frames, goes, already),
        seed=settings.seed,
        real_prompts=settings.routing.canonical_prompts,
        alpha=settings.alpha,
        confidence=settings.confidence,
    )


def _count_moved(
    folder: RunFolder, frames: Sequence[RouteFrame], goes: Mapping[str, MovesRequest], already: Mapping[str, str]
) -> dict[str, MovedTraffic]:
    """Ask every route's rule about each of its different requests, in one pass over the bodies of the log.

    Counts and dollars are then those of the rows with these requests, added up exactly, so the order of files and
    rows is nowhere in them.
    """
    asked = [frame for frame in frames if frame.route in goes]
    rows = rows_of(asked, ("model", "request_fp", "cost_usd"))
    rows = {
        route: part.filter(~served_by(already[route])) if route in already else part for route, part in rows.items()
    }
    if not rows:
        return {}
    # Of a million requests almost none is on two routes: the common answer is one shared tuple.
    asked_by: dict[str, tuple[str, ...]] = {}
    for route, part in rows.items():
        alone = (route,)
        for request_fp in part["request_fp"].unique():
            others = asked_by.get(request_fp)
            asked_by[request_fp] = (*others, route) if others else alone
    waiting: dict[str, list[Request]] = {route: [] for route in rows}
    moved: dict[str, list[str]] = {route: [] for route in rows}

    def decide(route: str) -> None:
        requests = waiting[route]
        going = goes[route](requests)
        moved[route] += [request.request_fp for request, goes_there in zip(requests, going, strict=True) if goes_there]
        requests.clear()

    for request in stream_requests(folder.body_files(), folder.traffic_files(), asked_by):
        for route in asked_by[request.request_fp]:
            waiting[route].append(request)
            if len(waiting[route]) == DECIDED_AT_ONCE:
                decide(route)
    found = {}
    for route, part in rows.items():
        if waiting[route]:
            decide(route)
        going = part.filter(pl.col("request_fp").is_in(moved[route]))
        found[route] = MovedTraffic(requests=part.height, moved=going.height, usd=exact_sum(going["cost_usd"]))
    return found


def rules_of(entry: RouteSettings | None) -> list[tuple[str, SignalSpec]]:
    """The rules of a route's settings: where each moves what it holds for, and the rule as a signal."""
    return [(rule.to, written_rule(rule.when)) for rule in (entry.rules if entry else ())]


def policy_embedder(settings: Settings) -> Embedder | None:
    """What policies embed with.

    The default is the static vectors: a policy embeds every request on its way, and these take a millisecond less.

    Raises:
        MissingPackage: A model is configured, and sentence-transformers is not installed.
        InputError: The configured model is not on this machine.
    """
    if settings.routing.embedder is not None:
        return open_embedder(settings.routing.embedder)
    try:
        return open_embedder("wordllama")
    except MissingPackage:
        return None
