"""Portkey: a conditional config that reads the route from the request's metadata.

Formats: https://portkey.ai/docs/product/ai-gateway/conditional-routing (`conditions` and `default` are required) and
https://portkey.ai/docs/product/ai-gateway/fallbacks. A query reads metadata and request parameters only; how it is
evaluated: https://github.com/Portkey-AI/gateway/blob/main/src/services/conditionalRouter.ts
"""

from __future__ import annotations

from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import ROUTE_KEY, CannotExpress, Exporter, json_bytes, static_routes

NAME = "portkey"


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`config.json`, with `strategy.mode` conditional."""
    lacks = "its conditions read metadata and parameters, and cannot compute this signal from the messages"
    routes = list(static_routes(policy, NAME, lacks))
    if policy.default_tier is None:
        raise CannotExpress(NAME, "it asks for a default target, and the policy has no default tier")
    numbered = [(f"route-{number}", entry) for number, entry in enumerate(routes, start=1)]
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [
                {"query": {f"metadata.{ROUTE_KEY}": {"$eq": entry.route}}, "then": name} for name, entry in numbered
            ],
            "default": "default",
        },
        "targets": [
            *({"name": name, **_cheap_first(entry, policy)} for name, entry in numbered),
            {"name": "default", **_model(policy.models[policy.default_tier])},
        ],
    }
    return {"config.json": json_bytes(config)}


def _cheap_first(entry: RoutePolicy, policy: RoutingPolicy) -> dict[str, Any]:
    """The cheap tier, and the incumbent where the call itself fails."""
    models = policy.models[entry.tier], policy.models[entry.otherwise]
    return {"strategy": {"mode": "fallback"}, "targets": [_model(model) for model in models]}


def _model(model: str) -> dict[str, Any]:
    return {"override_params": {"model": model}}


EXPORTER = Exporter(
    name=NAME,
    summary=f"Portkey config: conditional routing on the metadata key `{ROUTE_KEY}`, with fallbacks.",
    suffix=".json",
    export=export,
)
