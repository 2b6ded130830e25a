"""One model at several efforts: a planted curve of quality and cost, and the level that an audit should find."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from audit.certificate.certified import prepare
from audit.certificate.policies import PolicyInputs
from audit.core.finding import RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.findings.routes import RouteTraffic, find_route
from tests.findings.world import INCUMBENT, Planted, World, make_world

COST = {"minimal": 0.25, "low": 0.45, "medium": 0.7}
"""What an answer costs of what it costs at the effort that the log was served with, the model's own."""

LEVELS = {name: replace(INCUMBENT, name=name, reasoning_effort=name) for name in COST}
KEEPS = Planted(regress=0.006, gain=0.006)
"""At the knee and above it the answers are as good as today's."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """An audited curve.

    Attributes:
        knee: The cheapest level that loses nothing; "" where every one loses.
        finding: Of the route.
        world: What is true.
    """

    knee: str
    finding: RouteFinding
    world: World

    @property
    def chosen(self) -> str:
        """The level that is recommended for the whole route; "" for none."""
        return (self.finding.candidate or "") if self.finding.verdict is Verdict.SWITCH else ""

    @property
    def wrong(self) -> bool:
        """Whether the level that is chosen loses more than the margin."""
        return bool(self.chosen) and self.world.true_delta[self.chosen] < -self.finding.margin

    @property
    def held(self) -> dict[str, bool]:
        """By level, whether its intervals of quality and saving hold the truth."""
        return {
            one.tier: _holds(one.quality_delta, self.world.true_delta[one.tier])
            and _holds(one.saving_usd, self.world.true_saving_usd[one.tier])
            for one in self.finding.candidates
        }


def effort_curve(path: Path, seed: int, n: int = 4000) -> Effort:
    """Plant a curve with a knee of its own, and audit it: below the knee each level loses 5 points more."""
    names = list(COST)
    knee = int(np.random.default_rng([seed, 91]).integers(len(names) + 1))
    planted = {
        name: replace(KEEPS, regress=KEEPS.regress + 0.05 * max(knee - at, 0), cost_share=COST[name])
        for at, name in enumerate(names)
    }
    world = make_world(path, planted, n=n, seed=seed, levels=LEVELS)
    bench = PolicyInputs(requests={}, seed=seed, alpha=world.settings.alpha)
    prepared = prepare(world.tables, [world.design], bench)
    traffic = RouteTraffic(spend_by_model={"large-1": world.design.spend_usd}, unreplayable={})
    found = find_route(world.tables, world.design, traffic, world.tiers, world.settings, prepared)
    return Effort(knee=names[knee] if knee < len(names) else "", finding=found.finding, world=world)


def _holds(estimate: Estimate | None, truth: float) -> bool:
    return estimate is None or estimate.lo is None or estimate.hi is None or estimate.lo <= truth <= estimate.hi
