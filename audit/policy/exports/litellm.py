"""LiteLLM's proxy: one model name per route, served by the cheap tier, falling back to the incumbent on an error.

Formats: https://docs.litellm.ai/docs/proxy/configs and https://docs.litellm.ai/docs/proxy/reliability
Whole routes only; a signal needs its auto router, which `litellm-auto-router` writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import (
    SPOKEN,
    CannotExpress,
    Exporter,
    canary_lines,
    heading,
    incumbent_of,
    static_routes,
    with_provider,
    yaml_bytes,
)

NAME = "litellm"
CARRIES = frozenset({"reasoning_effort", "service_tier", "thinking_tokens"})
"""Settings of a tier that `litellm_params` hold; a limit is left out, because there a caller's own goes before it."""


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`config.yaml`: `model_list` and `router_settings.fallbacks`."""
    routes = list(
        static_routes(
            policy,
            NAME,
            "model names alone decide; `litellm-auto-router` writes a configuration that asks the signal",
            CARRIES,
        )
    )
    tiers = dict.fromkeys(incumbent_of(entry, NAME) for entry in routes)
    if policy.default_tier is not None:
        tiers[policy.default_tier] = None
    for entry in routes:
        check_name(NAME, entry, tiers, policy)
    models = [one for entry in routes for one in _deployments(policy, entry)]
    models += [deployment(policy, tier, tier) for tier in tiers]
    config: dict[str, Any] = {
        "model_list": models,
        "router_settings": {"fallbacks": [{entry.route: [incumbent_of(entry, NAME)]} for entry in routes]},
    }
    head = heading(
        policy,
        "A caller names its route as the model: model=ROUTE. A call that fails is answered by the incumbent.",
        *canary_lines(routes),
        *unplaced(policy, [*tiers, *(entry.tier for entry in routes)]),
    )
    return {"config.yaml": yaml_bytes(config, head=head)}


def _deployments(policy: RoutingPolicy, entry: RoutePolicy) -> list[dict[str, Any]]:
    """What serves a route's name: the cheap tier, or in a canary both tiers by weight."""
    cheap = deployment(policy, entry.tier, entry.route)
    if entry.canary is None:
        return [cheap]
    cheap["litellm_params"]["weight"] = entry.canary.share
    stays = deployment(policy, incumbent_of(entry, NAME), entry.route)
    stays["litellm_params"]["weight"] = round(1 - entry.canary.share, 6)
    return [cheap, stays] if entry.canary.share else [stays]


def deployment(policy: RoutingPolicy, tier: str, name: str) -> dict[str, Any]:
    """A tier under a name of the proxy, with its provider, address and the variable of its key."""
    params: dict[str, Any] = {"model": with_provider(policy, tier)}
    endpoint = policy.endpoints.get(tier)
    if endpoint is not None and endpoint.base_url is not None:
        params["api_base"] = endpoint.base_url
    if endpoint is not None and endpoint.provider in SPOKEN:
        # A server without keys is asked with a word, because the client wants one.
        params["api_key"] = f"os.environ/{endpoint.api_key_env}" if endpoint.api_key_env else "none"
    settings = dict(policy.settings.get(tier, {}))
    if (budget := settings.pop("thinking_tokens", None)) is not None:
        settings["thinking"] = {"type": "enabled", "budget_tokens": budget} if budget else {"type": "disabled"}
    return {"model_name": name, "litellm_params": {**params, **settings}}


def unplaced(policy: RoutingPolicy, tiers: Iterable[str]) -> list[str]:
    """A line of comment on each model whose address the audit does not know."""
    known = {name for name, endpoint in policy.endpoints.items() if endpoint.provider in SPOKEN}
    return [
        f"{policy.models[tier]}: no tier of audit.yaml says where it is; add api_base and api_key"
        + ("." if "/" in policy.models[tier] else ", and write it PROVIDER/MODEL.")
        for tier in dict.fromkeys(tiers)
        if tier not in known
    ]


FROM_ENVIRONMENT = "os.environ/"
"""LiteLLM replaces a value that starts like this by that variable, wherever it stands."""


def means_another(name: str) -> bool:
    """Whether LiteLLM takes a name for a pattern or a variable."""
    return "*" in name or name.startswith(FROM_ENVIRONMENT)


def check_name(target: str, entry: RoutePolicy, tiers: Mapping[str, None], policy: RoutingPolicy) -> None:
    """Refuse names that LiteLLM would not take for what they are: the route's, and those of the tiers and models.

    A model's name comes from the log, where the tier has no entry in audit.yaml.
    """
    for name in (*tiers, entry.tier, *(policy.models[tier] for tier in (*tiers, entry.tier))):
        if means_another(name):
            raise CannotExpress(target, f"the tier or model `{name}` is a pattern or a variable there", route=entry)
    if entry.route in tiers:
        # Deployments of one name are balanced, so half of the route's traffic would go to the other model.
        raise CannotExpress(target, "the route is named like a tier, and both would be one model name", route=entry)
    if "*" in entry.route:
        raise CannotExpress(target, "a `*` in a model name is a pattern there", route=entry)
    if entry.route.startswith(FROM_ENVIRONMENT):
        raise CannotExpress(target, "a name that starts with `os.environ/` is read from the environment", route=entry)


EXPORTER = Exporter(
    name=NAME,
    summary="LiteLLM proxy `config.yaml`: a model name per route, with fallbacks.",
    suffix=".yaml",
    export=export,
    shares=True,
)
