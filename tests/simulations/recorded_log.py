"""A real log of which every answer of every candidate is known, audited with any seed in seconds.

Every request of the development log is replayed once on every candidate and scored by the real pipeline. An audit then
draws its sample, seals its policies, goes round by round and concludes through the same functions as a run does, and
can be held against what is known of the whole log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from audit.certificate.certified import Prepared, prepare
from audit.certificate.claims import observed
from audit.certificate.policies import PolicyInputs
from audit.config.load import load_settings
from audit.core.artifacts import RunFolder
from audit.core.finding import RouteFinding
from audit.core.plan import LooksDone, RouteDesign
from audit.core.policy import RoutePolicy
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.findings.routes import RouteTraffic, find_route
from audit.flow import reading
from audit.flow.preparation import prepare as prepare_run
from audit.flow.routing import policy_inputs_of
from audit.llm.client import ClientOptions
from audit.llm.tiers import resolve_tiers
from audit.pairing.evidence import Tables
from audit.pairing.replayed import Replayed, SignalValues, pairs_of, replayed, walk
from audit.replay.options import ReplayOptions
from audit.replay.plan import planned_calls
from audit.replay.requests import load_requests
from audit.replay.run import run_replay
from audit.sampling.design import RouteNeeds
from audit.sampling.frame import RouteFrame, route_frames
from audit.sampling.run import draw_sample
from audit.scoring.run import score as score_replays
from audit.signals.signal import Remembering
from tests.e2e.recorded import DEV, config_for, recorded_server
from tests.findings.rounds import rounds_of
from tests.held import held_frames

ROUTES = ("/solve-word-problem", "/faq-answer", "/smart-action")
LOOKS = 5


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is known of one candidate on a whole route, from every recorded answer."""

    delta: float
    saving_usd: float
    waste_usd: float


@dataclass(frozen=True, kw_only=True)
class Universe:
    """Every answer to every request of the log, scored."""

    settings: Settings
    tiers: Mapping[str, Tier]
    frames: Mapping[str, RouteFrame]
    rows: Mapping[str, pl.DataFrame]
    tables: Tables
    bench: PolicyInputs
    everything: Mapping[str, Replayed]

    @classmethod
    def read(cls, folder: Path) -> Universe:
        """What `replay_everything` left in a folder."""
        settings, run = load_settings(folder / "audit.yaml", overrides={"slice.routes": list(ROUTES)}), _run(folder)
        tables = Tables.read(run)
        frames = {frame.route: frame for frame in route_frames(run.traffic_files()) if frame.route in ROUTES}
        rows = {route: frame.rows for route, frame in frames.items()}
        wanted = {fp for part in rows.values() for fp in part["request_fp"]}
        bench = policy_inputs_of(run, settings, list(frames.values()), wanted)
        assert bench.embedder is not None
        bench = replace(bench, embedder=Remembering(bench.embedder))
        everything = {}
        for route in frames:
            mine = tables.of_route(route)
            quality = mine.slice.filter(pl.col("purpose") == "quality").sort("draw_order")
            assert quality.height == rows[route].height, "the universe must hold every request"
            entry = settings.route(route)
            assert entry is not None
            assert entry.candidates is not None
            everything[route] = replayed(mine, quality, entry.candidates, bench.requests)
        return cls(
            settings=settings,
            tiers={tier.name: tier for tier in resolve_tiers(settings)},
            frames=frames,
            rows=rows,
            tables=tables,
            bench=bench,
            everything=everything,
        )

    def truth(self, route: str, tier: str) -> Truth:
        """Of a candidate that serves the whole route."""
        all_, arm = self.everything[route], self.everything[route].arms[tier]
        saved = np.nan_to_num(all_.cost_usd - arm.cost_usd)
        no_worse = np.nan_to_num(arm.passed) >= np.nan_to_num(all_.passed)
        return Truth(
            delta=float(np.nanmean(arm.passed - all_.passed)),
            saving_usd=float(saved.sum()),
            waste_usd=float((np.maximum(saved, 0) * no_worse).sum()),
        )

    def of_policy(self, policy: RoutePolicy, bench: PolicyInputs) -> tuple[float, float]:
        """True loss over the whole route, and true saving in USD, of any policy."""
        all_ = self.everything[policy.route]
        values = SignalValues.worked_out([policy], all_.requests or (), bench.embedder)
        walked = walk(policy, all_, values.of(policy, all_))
        counts = observed(pairs_of(policy, all_, walked))
        spent = np.zeros(all_.n)
        for tier in policy.asks:
            spent += np.where(walked.asked, np.nan_to_num(all_.arms[tier].cost_usd), 0.0)
        saved = np.where(walked.kept, all_.cost_usd, 0.0) - spent
        return (counts.b - counts.c) / counts.n, float(saved.sum())

    def oracles(
        self, route: str, policies: Sequence[RoutePolicy], margin: float, bench: PolicyInputs
    ) -> dict[str, float]:
        """What somebody who knows every answer could save in USD within the margin, by what they may use of it.

        Args:
            route: Of the log.
            policies: That somebody proposed for it.
            margin: Accepted loss.
            bench: That they were made with.
        """
        all_ = self.everything[route]
        static = [self.truth(route, tier) for tier in all_.arms]
        known = [self.of_policy(policy, bench) for policy in policies]
        return {
            "best_tier": max([0.0, *(t.saving_usd for t in static if t.delta >= -margin)]),
            "best_proposed": max([0.0, *(usd for loss, usd in known if loss <= margin)]),
            "each_request": self._knowing_all(route, margin),
        }

    def _knowing_all(self, route: str, margin: float) -> float:
        """The most that any choice request by request can save while it loses the margin at most."""
        all_, stays = self.everything[route], np.zeros(self.everything[route].n)
        arms = all_.arms.values()
        saved = np.stack([stays, *(np.nan_to_num(all_.cost_usd - arm.cost_usd) for arm in arms)])
        gained = np.stack([stays, *(np.nan_to_num(arm.passed) - np.nan_to_num(all_.passed) for arm in arms)])

        def at(price: float) -> tuple[float, float]:
            """Loss and saving of the best choice where a lost point costs `price` USD."""
            best = (saved + price * gained).argmax(axis=0), np.arange(all_.n)
            return float(-gained[best].mean()), float(saved[best].sum())

        low, high = 0.0, float(saved.max()) * 2 + 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if at(middle)[0] > margin else (low, middle)
        return at(high)[1]


def _run(folder: Path) -> RunFolder:
    return RunFolder(folder / "run")


def replay_everything(folder: Path) -> None:
    """Replay every request of the log's routes on every candidate, and score: a minute."""
    log = [DEV / "log.jsonl.gz"]
    overrides = {
        "slice.discordance": "90%",
        "slice.power": "99.9%",
        "slice.looks": 1,
        "slice.routes": list(ROUTES),
        "max_spend": None,
        "replay.max_failure_rate": "50%",
    }
    with recorded_server(0) as url:
        settings, run = load_settings(config_for(url, folder), overrides=overrides), _run(folder)
        reading.ingest(log, settings, run)
        prepared = prepare_run(log, settings, run)
        requests = load_requests(run.body_files(), run.traffic_files(), {call.request_fp for call in prepared.calls})
        options = ReplayOptions(cap_usd=float("inf"), tokens=prepared.tokens, client=ClientOptions())
        run_replay(prepared.calls, requests, prepared.tiers, settings.replay, run, options)
    score_replays(run, settings)


@dataclass(frozen=True, kw_only=True)
class Audited:
    """One route of one audit.

    Attributes:
        finding: As a run reports it.
        policy: Recommended, or None.
        loss: That it truly has over the whole route; 0 without one.
        saved_usd: That it truly saves; 0 without one.
        calls: Made to candidates and to the incumbent.
    """

    finding: RouteFinding
    policy: RoutePolicy | None
    loss: float
    saved_usd: float
    calls: int


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """One route of the log as one seed samples it, its policies sealed."""

    universe: Universe
    design: RouteDesign
    tables: Tables
    settings: Settings
    prepared: Prepared

    @property
    def sealed(self) -> tuple[RoutePolicy, ...]:
        """What will be tested."""
        return tuple(tuned.policy for tuned in self.prepared.sealed[self.design.route].policies)

    @property
    def bench(self) -> PolicyInputs:
        """What the policies were made from."""
        return self.prepared.bench

    def in_rounds(self) -> Audited:
        """Audit look by look."""
        rounds = rounds_of(self.tables, self.design, self.universe.tiers, self.settings, self.prepared)
        return self._audited({self.design.route: rounds[-1]})

    def fixed(self) -> Audited:
        """Audit the same draws as a fixed sample."""
        design = replace(self.design, looks=())
        one = replace(self, design=design, prepared=prepare(self.tables, [design], self.bench))
        return one._audited({design.route: design.whole})

    def _audited(self, reach: LooksDone) -> Audited:
        design, tiers = self.design, self.universe.tiers
        traffic = RouteTraffic(spend_by_model={design.incumbent: design.spend_usd}, unreplayable={})
        found = find_route(self.tables, design, traffic, tiers, self.settings, self.prepared, reach)
        policy = found.policy.tuned.policy if found.policy else None
        loss, saved_usd = self.universe.of_policy(policy, self.bench) if policy else (0.0, 0.0)
        return Audited(
            finding=found.finding,
            policy=policy,
            loss=loss,
            saved_usd=saved_usd,
            calls=len(planned_calls([design], self.tables.slice.to_arrow(), list(tiers.values()), reach)),
        )


def draw(universe: Universe, seed: int) -> Iterator[Drawn]:
    """Every route as one seed samples it, with `LOOKS` declared looks."""
    looks = universe.settings.slice.model_copy(update={"looks": LOOKS})
    settings = universe.settings.model_copy(update={"seed": seed, "slice": looks, "max_spend": None})
    frames = held_frames(universe.rows, seed=seed)
    needs = {frame.route: RouteNeeds(entry=settings.route(frame.route), unsupported=None) for frame in frames}
    sample = draw_sample(frames, needs, list(universe.tiers.values()), settings)
    slice_ = pl.from_arrow(sample.table)
    assert isinstance(slice_, pl.DataFrame)
    slice_ = slice_.with_columns(pl.col(pl.Categorical).cast(pl.String))
    logged = [name for name in universe.tables.slice.columns if name not in slice_.columns]
    known = universe.tables.slice.select("exchange_id", *logged).unique("exchange_id")
    tables = replace(universe.tables, slice=slice_.join(known, on="exchange_id", how="left"))
    bench = replace(universe.bench, seed=seed)
    for design in sample.designs:
        yield Drawn(
            universe=universe,
            design=design,
            tables=tables,
            settings=settings,
            prepared=prepare(tables, [design], bench),
        )
