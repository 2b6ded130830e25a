"""LiteLLM's proxy: one model name per route, served by the cheap tier, falling back to the incumbent on an error.

Formats: https://docs.litellm.ai/docs/proxy/configs and https://docs.litellm.ai/docs/proxy/reliability
Whole routes only; a signal needs its auto router, which `litellm-auto-router` writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import CannotExpress, Exporter, heading, static_routes, yaml_bytes

NAME = "litellm"


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`config.yaml`: `model_list` and `router_settings.fallbacks`."""
    routes = list(
        static_routes(
            policy, NAME, "model names alone decide; `litellm-auto-router` writes a configuration that asks the signal"
        )
    )
    tiers = dict.fromkeys(entry.otherwise for entry in routes)
    if policy.default_tier is not None:
        tiers[policy.default_tier] = None
    for entry in routes:
        check_name(NAME, entry, tiers)
    models = [_deployment(entry.route, policy.models[entry.tier]) for entry in routes]
    models += [_deployment(tier, policy.models[tier]) for tier in tiers]
    config: dict[str, Any] = {
        "model_list": models,
        "router_settings": {"fallbacks": [{entry.route: [entry.otherwise]} for entry in routes]},
    }
    head = heading(
        policy,
        "A caller names its route as the model: model=ROUTE. Add the endpoints and keys of your deployments",
        "(api_base, api_key: os.environ/...) to litellm_params. A call that fails is answered by the incumbent.",
    )
    return {"config.yaml": yaml_bytes(config, head=head)}


def _deployment(name: str, model: str) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model}}


def check_name(target: str, entry: RoutePolicy, tiers: Mapping[str, None]) -> None:
    """Refuse a route that LiteLLM would not take as a model name of its own."""
    if entry.route in tiers:
        # Deployments of one name are balanced, so half of the route's traffic would go to the other model.
        raise CannotExpress(target, "the route is named like a tier, and both would be one model name", route=entry)
    if "*" in entry.route:
        raise CannotExpress(target, "a `*` in a model name is a pattern there", route=entry)
    if entry.route.startswith("os.environ/"):
        raise CannotExpress(target, "a name that starts with `os.environ/` is read from the environment", route=entry)


EXPORTER = Exporter(
    name=NAME,
    summary="LiteLLM proxy `config.yaml`: a model name per route, with fallbacks.",
    suffix=".yaml",
    export=export,
)
