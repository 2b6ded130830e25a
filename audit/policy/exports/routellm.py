"""RouteLLM: a model pair and a threshold per route.

Format: https://github.com/lm-sys/RouteLLM (`Controller`, and the model name `router-NAME-THRESHOLD`). A router sends
a prompt to the strong model when its score is at least the threshold. The scores of its trained routers are win rates
of their own, so a threshold on our signal means nothing there. A whole-route switch does: the scores of its router
`random` lie below 1 always, so with the threshold 1 every call goes to the weak model.
"""

from __future__ import annotations

from audit.core.policy import RoutingPolicy
from audit.policy.exporter import Exporter, incumbent_of, json_bytes, static_routes

NAME = "routellm"
NEVER_STRONG = 1.0


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """`routellm.json`: per route the arguments of `Controller` and the model name of a call."""
    lacks = "its routers score prompts by win rates of their own, so a threshold on this signal means nothing to them"
    pairs = [
        {
            "route": entry.route,
            "controller": {
                "routers": ["random"],
                "strong_model": policy.models[incumbent_of(entry, NAME)],
                "weak_model": policy.models[entry.tier],
            },
            "model": f"router-random-{NEVER_STRONG}",
        }
        for entry in static_routes(policy, NAME, lacks)
    ]
    return {"routellm.json": json_bytes(pairs)}


EXPORTER = Exporter(
    name=NAME,
    summary="RouteLLM: the model pair and the threshold of each route.",
    suffix=".json",
    export=export,
)
