"""Bifrost: one routing rule per route, in CEL, that reads the route from a header.

Format: https://github.com/maximhq/bifrost/blob/main/transports/config.schema.json (`routing_rule`): Bifrost checks its
`config.json` with it. An expression sees the model, headers, query parameters, the caller's organisation and how much
of a budget is used; never the messages (plugins/governance/routing.go there).
"""

from __future__ import annotations

import json
from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import (
    ROUTE_HEADER,
    Exporter,
    ascii_route,
    incumbent_of,
    json_bytes,
    slug,
    static_routes,
    with_provider,
)

NAME = "bifrost"
LONGEST_NAME = 255
"""Of a rule, in Bifrost's database (framework/configstore/tables/routingrules.go)."""


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """The part `governance.routing_rules` of `config.json`."""
    routes = static_routes(policy, NAME, "its expressions do not see the messages that this signal is computed from")
    rules = [_rule(entry, policy, priority) for priority, entry in enumerate(routes)]
    return {"config.json": json_bytes({"governance": {"routing_rules": rules}})}


def _rule(entry: RoutePolicy, policy: RoutingPolicy, priority: int) -> dict[str, Any]:
    incumbent = with_provider(policy, incumbent_of(entry, NAME))
    identity, name = f"audit-{slug(entry.route)}", f"audit {entry.route}"
    return {
        "id": identity,
        "name": name if len(name) <= LONGEST_NAME else identity,
        "description": f"Audit run {policy.run_id}, stale after {policy.expires_at or 'an unknown day'}",
        "enabled": True,
        "chain_rule": False,
        # Printable ASCII as JSON writes it is also how CEL writes it.
        "cel_expression": f'headers["{ROUTE_HEADER}"] == {json.dumps(ascii_route(entry, NAME, "a header"))}',
        "targets": _targets(entry, policy),
        # A fallback must name its provider; without one the rule has none, and a failed call fails.
        "fallbacks": [incumbent] if "/" in incumbent else [],
        "scope": "global",
        "priority": priority,
    }


def _targets(entry: RoutePolicy, policy: RoutingPolicy) -> list[dict[str, Any]]:
    """The cheap tier; in a canary both tiers, with weights that add up to 1."""
    share = 1 if entry.canary is None else entry.canary.share
    tiers = ((entry.tier, share), (incumbent_of(entry, NAME), round(1 - share, 6)))
    return [_target(with_provider(policy, tier), weight) for tier, weight in tiers if weight]


def _target(model: str, weight: float) -> dict[str, Any]:
    """`provider/model` in two fields; a bare model keeps the provider that the request came for."""
    provider, slash, name = model.partition("/")
    return {"provider": provider, "model": name, "weight": weight} if slash else {"model": model, "weight": weight}


EXPORTER = Exporter(
    name=NAME,
    summary=f"Bifrost routing rules on the header `{ROUTE_HEADER}`, for `config.json`.",
    suffix=".json",
    export=export,
    shares=True,
)
