"""Envoy AI Gateway: `AIGatewayRoute` resources, one rule per route, matched on the model that the caller names.

Format: https://github.com/envoyproxy/ai-gateway/blob/main/api/v1beta1/ai_gateway_route.go. The gateway puts the model
of the request's body into the header `x-ai-eg-model` before rules are matched, and at most 15 rules fit one resource.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import (
    CannotExpress,
    Exporter,
    ascii_route,
    heading,
    incumbent_of,
    slug,
    static_routes,
    yaml_bytes,
)

NAME = "envoy-ai-gateway"
RULES_PER_RESOURCE = 15
LONGEST_VALUE = 4096
"""Of a header match in the Gateway API."""


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`aigatewayroute.yaml`: as many resources as the rules need."""
    routes = list(static_routes(policy, NAME, "its rules match headers, and cannot compute this signal"))
    head = heading(
        policy,
        "A caller names its route as the model: model=ROUTE. Change `ai-gateway` to the name of your Gateway, and the",
        "names under backendRefs to those of your AIServiceBackends. Priority 1 is the incumbent: with a retry policy",
        "(BackendTrafficPolicy) it answers when the cheap tier fails.",
    )
    return {"aigatewayroute.yaml": yaml_bytes(*_resources(routes, policy), head=head)}


def _resources(routes: Sequence[RoutePolicy], policy: RoutingPolicy) -> Iterator[dict[str, Any]]:
    for number, start in enumerate(range(0, len(routes), RULES_PER_RESOURCE), start=1):
        yield {
            "apiVersion": "aigateway.envoyproxy.io/v1beta1",
            "kind": "AIGatewayRoute",
            "metadata": {"name": f"audit-policy-{number}"},
            "spec": {
                "parentRefs": [{"name": "ai-gateway", "kind": "Gateway", "group": "gateway.networking.k8s.io"}],
                "rules": [_rule(entry, policy) for entry in routes[start : start + RULES_PER_RESOURCE]],
            },
        }


def _rule(entry: RoutePolicy, policy: RoutingPolicy) -> dict[str, Any]:
    value = ascii_route(entry, NAME, "a header")
    if len(value) > LONGEST_VALUE:
        raise CannotExpress(NAME, f"a header match holds {LONGEST_VALUE} characters", route=entry)
    return {
        "matches": [{"headers": [{"type": "Exact", "name": "x-ai-eg-model", "value": value}]}],
        "backendRefs": [
            {"name": slug(tier), "modelNameOverride": policy.models[tier], "priority": priority}
            for priority, tier in enumerate((entry.tier, incumbent_of(entry, NAME)))
        ],
    }


EXPORTER = Exporter(
    name=NAME,
    summary="Envoy AI Gateway `AIGatewayRoute` resources: a model name per route, the incumbent behind it.",
    suffix=".yaml",
    export=export,
)
