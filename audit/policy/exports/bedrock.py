"""Amazon Bedrock: one `CreatePromptRouter` request per route, as JSON for `--cli-input-json`.

Format: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreatePromptRouter.html. A prompt router decides
by the quality that Bedrock itself predicts, so no signal of ours can be given to it. A whole-route switch is a router
over one model: the cheap tier is its only model and its fallback.
"""

from __future__ import annotations

import re
from typing import Any

from audit.core.policy import RoutePolicy, RoutingPolicy
from audit.policy.exporter import CannotExpress, Exporter, json_bytes, slug, static_routes

NAME = "bedrock"
LONGEST_NAME = 64
TAG = re.compile(r"[a-zA-Z0-9\s._:/=+@-]{0,256}")
# Of PromptRouterTargetModelArn in the service's own model.
ARN = re.compile(
    r"arn:aws(-[^:]+)?:bedrock:([a-z0-9-]{1,20}::foundation-model/[a-z0-9.:-]+"
    r"|[0-9a-z-]{0,20}:([0-9]{12})?:(application-)?inference-profile/[a-zA-Z0-9.:-]+)"
)


def export(policy: RoutingPolicy) -> dict[str, bytes]:
    """One file per route: a router serves one set of models, whatever the request."""
    routes = static_routes(
        policy, NAME, "a prompt router decides by the quality that Bedrock predicts, by no other signal"
    )
    return {f"{slug(entry.route)}.json": json_bytes(_request(entry, policy)) for entry in routes}


def _request(entry: RoutePolicy, policy: RoutingPolicy) -> dict[str, Any]:
    model = {"modelArn": _arn(entry, policy.models[entry.tier])}
    # A name that no tag can hold is still told apart by the digest in the router's name.
    tags = [{"key": "audit-route", "value": entry.route}] if TAG.fullmatch(entry.route) else []
    return {
        "promptRouterName": f"audit-{slug(entry.route)}"[:LONGEST_NAME].rstrip("-"),
        "description": f"Audit run {re.sub('[^0-9a-zA-Z]', '', policy.run_id)[:64]}",
        "models": [model],
        "fallbackModel": model,
        "routingCriteria": {"responseQualityDifference": 0},
        "tags": tags,
    }


def _arn(entry: RoutePolicy, model: str) -> str:
    if not ARN.fullmatch(model):
        raise CannotExpress(NAME, f"it names models by their ARN, and `{model}` is none", route=entry)
    return model


EXPORTER = Exporter(
    name=NAME,
    summary="Amazon Bedrock `CreatePromptRouter` requests, one per route.",
    suffix=".json",
    export=export,
    sees_model=True,
)
