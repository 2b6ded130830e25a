"""Portkey: a conditional config that reads the route from the request's metadata.

Formats: the JSON schema of https://portkey.ai/docs/api-reference/inference-api/config-object and, of the open gateway,
https://github.com/Portkey-AI/gateway/blob/main/src/middlewares/requestValidator/schema/config.ts. Both want of a target
its provider, by the name that Portkey has for it, and its key. A query reads metadata and request parameters only; how
it is evaluated: src/services/conditionalRouter.ts there. A value of metadata has at most 128 characters:
https://portkey.ai/docs/product/observability/metadata.
"""

from __future__ import annotations

from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import (
    ROUTE_KEY,
    CannotExpress,
    Exporter,
    incumbent_of,
    json_bytes,
    no_default,
    static_routes,
    with_provider,
)

NAME = "portkey"
LONGEST_VALUE = 128


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`config.json`, with `strategy.mode` conditional; the keys of the providers are the operator's."""
    lacks = "its conditions read metadata and parameters, and cannot compute this signal from the messages"
    routes = list(static_routes(policy, NAME, lacks))
    if policy.default_tier is None:
        raise no_default(NAME, "a default target", policy)
    numbered = [(f"route-{number}", entry) for number, entry in enumerate(routes, start=1)]
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": _query(entry), "then": name} for name, entry in numbered],
            "default": "default",
        },
        "targets": [
            *({"name": name, **_served(entry, policy)} for name, entry in numbered),
            {"name": "default", **_target(policy, policy.default_tier)},
        ],
    }
    return {"config.json": json_bytes(config)}


def _query(entry: RoutePolicy) -> dict[str, Any]:
    if len(entry.route) > LONGEST_VALUE:
        raise CannotExpress(NAME, f"a value of its metadata has at most {LONGEST_VALUE} characters", route=entry)
    return {f"metadata.{ROUTE_KEY}": {"$eq": entry.route}}


def _served(entry: RoutePolicy, policy: RoutingPolicy) -> dict[str, Any]:
    """The cheap tier first; in a canary a share of the calls, and the incumbent for the rest."""
    cheap = _cheap_first(entry, policy)
    if entry.canary is None:
        return cheap
    stays = _target(policy, incumbent_of(entry, NAME), entry)
    share = entry.canary.share
    weighted = [{"weight": share, **cheap}, {"weight": round(1 - share, 6), **stays}]
    return {"strategy": {"mode": "loadbalance"}, "targets": weighted} if share else stays


def _cheap_first(entry: RoutePolicy, policy: RoutingPolicy) -> dict[str, Any]:
    """The cheap tier, and the incumbent where the call itself fails."""
    tiers = entry.tier, incumbent_of(entry, NAME)
    return {"strategy": {"mode": "fallback"}, "targets": [_target(policy, tier, entry) for tier in tiers]}


def _target(policy: RoutingPolicy, tier: str, entry: RoutePolicy | None = None) -> dict[str, Any]:
    """One model of one provider: `provider/model`, or `@slug/model` for a provider of Portkey's Model Catalog."""
    model = with_provider(policy, tier)
    provider, _, name = model.partition("/")
    if not (provider and name):
        raise CannotExpress(NAME, f"it names models `provider/model`, and `{model}` names no provider", route=entry)
    # Portkey itself keeps the keys of its catalog. Any other target is refused without one, and a policy has none.
    key = {} if provider.startswith("@") else {"api_key": f"your {provider} key"}
    endpoint = policy.endpoints.get(tier)
    host = {"custom_host": endpoint.base_url} if endpoint and endpoint.base_url else {}
    return {"provider": provider, **key, **host, "override_params": {"model": name}}


EXPORTER = Exporter(
    name=NAME,
    summary=f"Portkey config: conditional routing on the metadata key `{ROUTE_KEY}`, with fallbacks; add your keys.",
    suffix=".json",
    export=export,
    shares=True,
)
