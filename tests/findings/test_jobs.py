"""Routes as jobs: what another process works out of a copy is what this one works out, and nothing twice."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from audit.certificate import jobs
from audit.certificate.certified import certificate_jobs, certify_routes, prepare
from audit.certificate.onward import next_looks
from audit.core.plain import to_plain
from audit.executors.executor import IN_PROCESS, Pool, find_work
from audit.findings import routes
from audit.findings.routes import RouteFound, RouteTraffic, find_routes
from audit.pairing import sets
from audit.pairing.evidence import quality_draws
from audit.pairing.sets import ReplayedSets
from tests.findings.planted import MARGIN, TIERS, Planted, planted, useless_signals, zipf_prompts


class Copied:
    """Workers that are given copies, and whose results are copies, as those of another process are."""

    workers = 2

    def __init__(self) -> None:
        self.done: list[str] = []

    def __enter__(self) -> Copied:
        return self

    def __exit__(self, *_: object) -> None: ...

    def run(self, given: Iterable[Any], *, work: str) -> Iterator[Any]:
        """One job after another, each in bytes."""
        for job in given:
            self.done.append(work.rpartition(":")[2])
            yield pickle.loads(pickle.dumps(find_work(work)(pickle.loads(pickle.dumps(job)))))


@pytest.fixture(scope="module")
def world() -> Planted:
    """Three routes with requests, rules and checks, one of them with prompts that repeat; one error rate for all."""
    rng = np.random.default_rng(5)
    truths = {
        "/loses": useless_signals(rng),
        "/holds": useless_signals(rng, loss=0.0),
        "/repeats": replace(zipf_prompts(rng), words=True),
    }
    return planted(truths, 5, guarantee="portfolio")


def found_by(pool: Pool, world: Planted, monkeypatch: pytest.MonkeyPatch) -> tuple[list[RouteFound], Any]:
    """The routes judged, and the looks that they would go on to, by some workers."""
    monkeypatch.setattr(jobs, "SHARED_FROM", 0)
    monkeypatch.setattr(routes, "open_pool", lambda settings: pool)
    prepared = prepare(world.tables, world.designs, world.prepared.bench, pool=pool)
    traffic = {
        one.route: RouteTraffic(spend_by_model={"large-1": one.spend_usd}, unreplayable={}) for one in world.designs
    }
    begun = {one.route: dict.fromkeys(one.candidates, 1) for one in world.designs}
    told = (world.tables, world.designs, TIERS, world.settings, prepared, begun)
    looks = next_looks(list(certificate_jobs(*told)), pool)
    return find_routes(world.tables, world.designs, traffic, TIERS, world.settings, prepared), looks


def test_copies_come_to_the_same(world: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Policies, looks, findings and options by workers that share nothing with the command."""
    copied = Copied()
    with monkeypatch.context() as patch:
        there = found_by(copied, world, patch)
    with monkeypatch.context() as patch:
        here = found_by(Unshared(), world, patch)
    assert to_plain(here[0]) == to_plain(there[0])
    assert here[1] == there[1]
    assert {name: copied.done.count(name) for name in ("choose", "looks_of", "judge")} == dict.fromkeys(
        ("choose", "looks_of", "judge"), 3
    )
    kinds = {policy.kind for one in here[0] for policy in one.finding.policies}
    assert kinds >= {"static", "cascade", "rules"}


class Unshared(Copied):
    """This process, with the objects themselves."""

    run = staticmethod(IN_PROCESS.run)  # type: ignore[assignment]


def test_little_work_is_not_shared(world: Planted) -> None:
    """Starting other processes would cost more."""
    copied = Copied()
    prepared = prepare(world.tables, world.designs, world.prepared.bench, pool=copied)
    certify_routes(world.tables, world.designs, TIERS, world.settings, prepared, None, copied)
    assert not copied.done


def test_equal_draws_are_put_side_by_side_once(world: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draws of tuning, of certification and of spend: each once a route, whatever is claimed of them."""
    made, replayed = [], sets.replayed
    monkeypatch.setattr(sets, "replayed", lambda *told: made.append(told) or replayed(*told))
    design = next(one for one in world.designs if one.route == "/holds")
    prepared = prepare(world.tables, [design], world.prepared.bench)
    certify_routes(world.tables, [design], TIERS, world.settings, prepared, None)
    assert len(made) == 3


def test_other_draws_are_another_set(world: Planted) -> None:
    """The key is the rows, whatever object holds them."""
    mine = world.tables.of_route("/holds")
    of = ReplayedSets(mine, ["small"], {}).of
    first = of(quality_draws(mine, "certification"))
    assert first is of(quality_draws(mine, "certification").clone())
    assert first is not of(quality_draws(mine, "tuning"))
    assert first.n != of(quality_draws(mine, "certification").head(5)).n == 5


def test_every_route_has_its_rows(world: Planted) -> None:
    """Parted at once or taken out alone, and none where a route has none."""
    names = [design.route for design in world.designs]
    parts = world.tables.by_route([*names, "/other"])
    assert all(parts[name].same(world.tables.of_route(name)) for name in names)
    assert sum(parts[name].replays.height for name in names) == world.tables.replays.height
    assert parts["/other"].slice.is_empty()
    assert parts["/other"].slice.schema == world.tables.slice.schema
    assert world.settings.about("/holds").margin_of("/holds") == MARGIN
