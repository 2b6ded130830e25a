"""Worlds in which a request shows, or hides, whether it is hard, and what is then true of any policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.certificate.certified import prepare
from audit.certificate.policies import MovedTraffic, MovesRequest, PolicyInputs
from audit.certificate.verdicts import PolicyTest
from audit.core.exchange import Request
from audit.core.finding import RouteFinding
from audit.core.policy import RoutePolicy, VerifierSpec
from audit.findings.routes import RouteTraffic, find_route
from audit.signals import compute
from audit.signals.written import written_rule
from tests.findings.world import Planted, World, make_world


@dataclass(frozen=True, kw_only=True)
class Routed:
    """A world with its requests."""

    world: World
    requests: dict[str, Request]

    def bench(self, verifiers: Sequence[VerifierSpec] = (), rules: Sequence[tuple[str, str]] = ()) -> PolicyInputs:
        """What policies of this world are made from."""
        return PolicyInputs(
            requests=self.requests,
            verifiers=lambda route: verifiers,
            rules=lambda route: [(to, written_rule(when)) for to, when in rules],
            count_moved=lambda goes, already: {
                route: self._counted(rule, already.get(route, "")) for route, rule in goes.items()
            },
            seed=self.world.settings.seed,
            alpha=self.world.settings.alpha,
        )

    def _counted(self, goes: MovesRequest, already: str) -> MovedTraffic:
        rows = self.world.records.filter(pl.col("model") != already)
        going = goes([self.requests[fp] for fp in rows["fp"]])
        usd = float(rows["cost"].to_numpy()[going].sum())
        return MovedTraffic(requests=len(going), moved=int(going.sum()), usd=usd)

    def judge(self, bench: PolicyInputs | None = None) -> tuple[RouteFinding, PolicyTest | None]:
        """The finding of the world's route, and its policy."""
        world = self.world
        spent = world.records.group_by("model").agg(pl.col("cost").sum()).sort("cost", descending=True)
        traffic = RouteTraffic(spend_by_model=dict(spent.iter_rows()), unreplayable={})
        prepared = prepare(world.tables, [world.design], bench or self.bench())
        found = find_route(world.tables, world.design, traffic, world.tiers, world.settings, prepared)
        return found.finding, found.policy

    def moved(self, policy: RoutePolicy) -> npt.NDArray[np.bool_]:
        """Which of all the log's requests a policy without a verifier moves."""
        if policy.signal is None or policy.threshold is None:
            return np.ones(len(self.world.records), dtype=bool)
        found = compute(policy.signal, [self.requests[fp] for fp in self.world.records["fp"]])
        return np.asarray(found >= policy.threshold)

    def truth(self, policy: RoutePolicy) -> tuple[float, float]:
        """A policy's loss over all the log's requests, and its saving in USD."""
        moved, rows = self.moved(policy), self.world.records
        lost = rows["y0"].cast(float).to_numpy() - rows[f"y_{policy.tier}"].cast(float).to_numpy()
        saved = rows["cost"].to_numpy() - rows[f"cost_{policy.tier}"].to_numpy()
        return float((lost * moved).mean()), float((saved * moved).sum())


def make_routed(
    tmp_path: Path,
    planted: dict[str, Planted],
    *,
    shows: bool,
    seed: int = 0,
    n: int = 2500,
    hard_share: float = 0.4,
    beside: Mapping[str, tuple[float, float]] | None = None,
) -> Routed:
    """A world whose hard requests are threads of three messages; or look like all others, when it does not show."""
    world = make_world(tmp_path, planted, n=n, seed=seed, hard_share=hard_share, beside=beside)
    rng = np.random.default_rng([seed, 2])
    long = world.records["hard"].to_numpy() if shows else rng.random(n) < hard_share
    requests = {
        fp: _request(fp, rng, thread=bool(thread)) for fp, thread in zip(world.records["fp"], long, strict=True)
    }
    return Routed(world=world, requests=requests)


def _request(fp: str, rng: np.random.Generator, *, thread: bool) -> Request:
    asked = {"role": "user", "content": " ".join(["word?"] * int(rng.integers(3, 40)))}
    said = {"role": "assistant", "content": "yes"}
    return Request(request_fp=fp, messages=[asked, said, asked] if thread else [asked])
