"""A replay in rounds, without a replay: what every further look would have asked for is in the tables already."""

from __future__ import annotations

from collections.abc import Mapping

from audit.certificate.certified import Prepared, certify_route, prepare
from audit.certificate.onward import onward
from audit.certificate.policies import PolicyInputs
from audit.core.finding import RouteFinding
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.core.tier import Tier
from audit.findings.routes import RouteTraffic, find_route
from audit.pairing.evidence import Tables
from tests.findings.world import World


def rounds_of(
    tables: Tables, design: RouteDesign, tiers: Mapping[str, Tier], settings: Settings, prepared: Prepared
) -> list[dict[str, int]]:
    """By candidate, the look that each round got to; 0 is the tuning split and the dollar draws."""
    rounds = [dict.fromkeys(design.candidates, 0)]
    while step := onward(
        certify_route(tables, design, tiers, settings, prepared, {design.route: rounds[-1]}), design.auditable_usd
    ):
        rounds.append({**rounds[-1], **step})
    return rounds


def walked(world: World) -> tuple[RouteFinding, list[dict[str, int]]]:
    """The finding of a world's route after a replay in rounds, and how far each round got."""
    tables, design, tiers, settings = world.tables, world.design, world.tiers, world.settings
    prepared = prepare(tables, [design], PolicyInputs())
    rounds = rounds_of(tables, design, tiers, settings, prepared)
    traffic = RouteTraffic(spend_by_model={"large-1": design.spend_usd}, unreplayable={})
    found = find_route(tables, design, traffic, tiers, settings, prepared, {design.route: rounds[-1]})
    return found.finding, rounds
