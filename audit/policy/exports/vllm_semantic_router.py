"""vLLM Semantic Router: metadata signals and decisions per route, for its `config.yaml` of version v0.3.

Formats: `router-config-v0.3.schema.json` in the vendor's Python package `vllm-sr`, and in
https://github.com/vllm-project/semantic-router under website/docs/tutorials/signal, heuristic/metadata.md and
heuristic/conversation.md. Of the conditions that rules are made of it counts only tools as we do: it joins the parts of
a message by spaces, may compress a text before it counts in it (pkg/classification/structure_classifier.go), and embeds
with models of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import (
    ROUTE_KEY,
    CannotExpress,
    Exporter,
    checked_routes,
    heading,
    incumbent_of,
    no_default,
    yaml_bytes,
)
from audit.signals.rules import in_force

NAME = "vllm-semantic-router"
COMPARISONS = {"<=": "lte", "<": "lt", ">=": "gte", ">": "gt"}
FIRST, SECOND = 200, 100
"""Priorities: what the conditions let through is decided before the rest of the route."""


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`config.yaml`: models, signals and decisions; listeners and endpoints are the operator's."""
    routes = list(checked_routes(policy, NAME))
    conditions = [list(_conditions(entry)) for entry in routes]
    if policy.default_tier is None:
        raise no_default(NAME, "a default model", policy)
    tiers = dict.fromkeys([policy.default_tier])
    metadata, counts, decisions = [], [], []
    for number, (entry, wanted) in enumerate(zip(routes, conditions, strict=True), start=1):
        name = f"audit-route-{number}"
        metadata.append({"name": name, "key": ROUTE_KEY, "predicate": {"equals": entry.route}})
        mine = [_count(f"{name}-{place}", condition) for place, condition in enumerate(wanted, start=1)]
        counts += mine
        tiers[entry.tier] = None
        decisions.append(_decision(name, entry.tier, FIRST, name, mine))
        if mine:
            otherwise = incumbent_of(entry, NAME)
            tiers[otherwise] = None
            decisions.append(_decision(f"{name}-otherwise", otherwise, SECOND, name, []))
    config = {
        "version": "v0.3",
        "providers": {
            "defaults": {"model": policy.default_tier},
            "models": [{"name": tier, "provider_model_id": policy.models[tier]} for tier in tiers],
        },
        "routing": {
            "strategy": "priority",
            "modelCards": [{"name": tier} for tier in tiers],
            "signals": {"metadata": metadata, **({"conversation": counts} if counts else {})},
            "decisions": decisions,
        },
    }
    head = heading(
        policy,
        f"A caller names its route in the request's metadata: {ROUTE_KEY}. Add `listeners`, and to each of",
        "providers.models the `backend_refs` of your endpoints.",
    )
    return {"config.yaml": yaml_bytes(config, head=head)}


def _conditions(entry: RoutePolicy) -> Iterator[Mapping[str, Any]]:
    """The conditions that must all hold for the cheap tier; none for a whole route."""
    if entry.signal is None or entry.threshold is None:
        return
    if entry.signal.name != "rules" or entry.threshold > 1:
        raise CannotExpress(NAME, "it scores prompts in ways of its own, to which no threshold was fitted", route=entry)
    for condition in in_force(entry.signal.params, entry.threshold):
        if condition["feature"] != "tools" or condition["op"] not in COMPARISONS:
            raise CannotExpress(NAME, f"it does not measure `{condition['feature']}` as the audit did", route=entry)
        yield condition


def _count(name: str, condition: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "feature": {"type": "count", "source": {"type": "tool_definition"}},
        "predicate": {COMPARISONS[condition["op"]]: condition["value"]},
    }


def _decision(name: str, tier: str, priority: int, signal: str, counts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "priority": priority,
        "rules": {
            "operator": "AND",
            "conditions": [
                {"type": "metadata", "name": signal},
                *({"type": "conversation", "name": count["name"]} for count in counts),
            ],
        },
        # A required field; without a `reasoning` entry on the model it leaves the request as it is.
        "modelRefs": [{"model": tier, "use_reasoning": False}],
    }


EXPORTER = Exporter(
    name=NAME,
    summary=f"vLLM Semantic Router `config.yaml`: decisions on the metadata key `{ROUTE_KEY}` and the number of tools.",
    suffix=".yaml",
    export=export,
)
