"""What routing policies are made from: the sampled requests, an embedder, checks, and the whole log on demand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from audit.core.artifacts import RunFolder
from audit.core.errors import MissingPackage
from audit.core.policy import SignalSpec
from audit.core.settings import RouteSettings, Settings
from audit.embeddings import Embedder, open_embedder
from audit.findings.checks import checks_of
from audit.findings.policies import Batch, Bench
from audit.findings.routes import least_pairs
from audit.replay.requests import load_requests
from audit.sampling.frame import RouteFrame
from audit.signals.written import written_rule

BATCH_REQUESTS = 20_000
"""Requests held at once where every request of a route is looked at."""


def bench_of(folder: RunFolder, settings: Settings, frames: Sequence[RouteFrame], wanted: Collection[str]) -> Bench:
    """What the findings make policies from.

    Args:
        folder: Of the run.
        settings: Of the run.
        frames: Its routes.
        wanted: Fingerprints of the sampled requests.
    """
    rows = {frame.route: frame.rows.select("request_fp", "cost_usd") for frame in frames}

    def whole(route: str) -> Iterator[Batch]:
        for part in rows[route].iter_slices(BATCH_REQUESTS):
            requests = load_requests(folder.body_files(), folder.traffic_files(), set(part["request_fp"]))
            yield Batch(requests=[requests[fp] for fp in part["request_fp"]], costs_usd=part["cost_usd"].to_numpy())

    return Bench(
        requests=load_requests(folder.body_files(), folder.traffic_files(), wanted),
        embedder=_quick_embedder() if wanted else None,
        verifiers=lambda route: checks_of(settings.route(route), settings.directory),
        rules=lambda route: rules_of(settings.route(route)),
        whole=whole,
        seed=settings.seed,
        least_pairs=lambda margin: least_pairs(margin, settings.alpha),
    )


def rules_of(entry: RouteSettings | None) -> list[tuple[str, SignalSpec]]:
    """The rules of a route's settings: where each moves what it holds for, and the rule as a signal."""
    return [(rule.to, written_rule(rule.when)) for rule in (entry.rules if entry else ())]


def _quick_embedder() -> Embedder | None:
    """The static vectors: a policy embeds every request on its way, and these take a millisecond less than that."""
    try:
        return open_embedder("wordllama")
    except MissingPackage:
        return None
