"""LiteLLM's auto router: a model name per route whose classifier is this package's own router.

Formats: https://docs.litellm.ai/docs/autorouter_sdk/classifiers and https://docs.litellm.ai/docs/proxy/auto_routing
(`auto_router/complexity_router` with `classifier_type: custom`). Its older semantic router is deprecated
(https://docs.litellm.ai/docs/proxy/auto_routing_semantic) and its heuristics score by themselves; a classifier plugin
is asked for the tier, so it can say what any signal says. Session affinity, escalation and housekeeping, which would
overrule it, are off by default or do not apply to plugins.
"""

from __future__ import annotations

from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import CannotExpress, Exporter, checked_routes, heading, incumbent_of, yaml_bytes
from audit.policy.exports.litellm import check_name, deployment, unplaced
from audit.policy.litellm_plugin import CHEAP, OTHERWISE, UNSEEN, VARIABLE, attribute, features_of

NAME = "litellm-auto-router"
MODULE = "audit.policy.litellm_plugin"


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`config.yaml`: an auto router per route, and the tiers that they choose among."""
    routes = list(checked_routes(policy, NAME))
    tiers = dict.fromkeys(tier for entry in routes for tier in (entry.tier, incumbent_of(entry, NAME)))
    fallbacks: dict[str, str] = {}
    for entry in routes:
        check_name(NAME, entry, tiers, policy)
        if unseen := sorted(features_of(entry) & UNSEEN):
            raise CannotExpress(NAME, f"its classifiers do not see what `{unseen[0]}` is computed from", route=entry)
        otherwise = incumbent_of(entry, NAME)
        if fallbacks.setdefault(entry.tier, otherwise) != otherwise:
            raise CannotExpress(
                NAME,
                f"LiteLLM has one fallback for each model, and on another route the one of `{entry.tier}` is "
                f"`{fallbacks[entry.tier]}`; here it would be `{otherwise}`",
                route=entry,
            )
    config: dict[str, Any] = {
        "model_list": [
            *(_router(entry) for entry in routes),
            *(deployment(policy, tier, tier) for tier in tiers),
        ],
        "router_settings": {"fallbacks": [{tier: [other]} for tier, other in fallbacks.items()]},
    }
    head = heading(
        policy,
        "A caller names its route as the model: model=ROUTE. The package `audit` must be installed beside LiteLLM, and",
        f"{VARIABLE} must name the policy.json of the same run (`--to policy-json`), or it lies where LiteLLM starts.",
        *unplaced(policy, tiers),
    )
    return {"config.yaml": yaml_bytes(config, head=head)}


def _router(entry: RoutePolicy) -> dict[str, Any]:
    otherwise = incumbent_of(entry, NAME)
    return {
        "model_name": entry.route,
        "litellm_params": {
            "model": "auto_router/complexity_router",
            "complexity_router_default_model": otherwise,
            "complexity_router_config": {
                "classifier_type": "custom",
                "classifier_plugin": f"{MODULE}.{attribute(entry.route)}",
                "classifier_fallback": "default_model",
                "default_model": otherwise,
                "classification_mode": "every_request",
                "tiers": {CHEAP: entry.tier, OTHERWISE: otherwise},
            },
        },
    }


EXPORTER = Exporter(
    name=NAME,
    summary="LiteLLM `config.yaml` whose auto router asks this package's router: every signal, exactly.",
    suffix=".yaml",
    export=export,
)
