"""LiteLLM's auto router run by a policy: what `classifier_plugin: audit.policy.litellm_plugin.ROUTE` names.

LiteLLM's complexity router asks a classifier for a tier. Here that is `audit.policy.router`, so the gateway decides as
the audit certified, exactly. Each route is an attribute of this module, named by `attribute`; it reads the policy
that the environment variable AUDIT_POLICY names, or `policy.json` here, once, when LiteLLM starts.

Source:
    https://docs.litellm.ai/docs/autorouter_sdk/classifiers
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from audit.core.errors import InputError
from audit.core.exchange import Request
from audit.core.policy import RoutePolicy
from audit.embeddings import STATIC, Embedder, open_embedder
from audit.policy.exporter import slug
from audit.policy.per_model import one_model_each
from audit.policy.policy_file import read_policy
from audit.policy.router import Router

VARIABLE = "AUDIT_POLICY"
CHEAP, OTHERWISE = "SIMPLE", "COMPLEX"
"""The two of LiteLLM's four tiers that the exported configuration uses."""

UNSEEN = frozenset({"tools", "wants_json"})
"""Features that a classifier plugin cannot compute: LiteLLM shows it the messages and no other parameter."""


class RequestContext(Protocol):
    """What LiteLLM's `RoutingContext` has of use: the messages in the form of chat completions."""

    structured_messages: Sequence[Mapping[str, Any]]


class RouteClassifier:
    """One route of a policy as LiteLLM's `ClassifierPlugin`."""

    def __init__(self, route: str, router: Router) -> None:
        self._route, self._router = route, router

    async def classify(self, context: RequestContext) -> str:
        """The tier of a request: what cannot be decided goes to the incumbent's."""
        messages = [dict(message) for message in context.structured_messages]
        decision = self._router.route(self._route, Request(request_fp="", messages=messages))
        return CHEAP if decision.cheap else OTHERWISE


def attribute(route: str) -> str:
    """The name of a route's classifier in this module."""
    return "route_" + slug(route).replace("-", "_")


def features_of(entry: RoutePolicy) -> set[str]:
    """The features that a route's signal looks at."""
    params: Mapping[str, Any] = entry.signal.params if entry.signal else {}
    inner = params.get("signal", {}).get("params", {})
    listed = [*params.get("conditions", ()), *params.get("columns", ()), *inner.get("columns", ())]
    return {str(one["feature"]) for one in listed}


def embedder_of(entry: RoutePolicy) -> str | None:
    """The embedding model that a route's signal needs, or None."""
    params: Mapping[str, Any] = entry.signal.params if entry.signal else {}
    inner = params.get("signal", {}).get("params", params)
    if "embedder" in inner:
        return str(inner["embedder"])
    embedding = inner.get("embedding")
    return str(embedding["embedder"]) if embedding else None


def _open(name: str | None) -> Embedder | None:
    if name is None:
        return None
    return open_embedder("wordllama" if name == STATIC else None)


def __getattr__(name: str) -> RouteClassifier:
    if not name.startswith("route_"):
        raise AttributeError(name)
    path = Path(os.environ.get(VARIABLE, "policy.json"))
    policy = one_model_each(read_policy(path))
    for entry in policy.routes:
        if attribute(entry.route) == name:
            if entry.canary is not None:
                raise InputError(
                    f"route `{entry.route}` of {path} is a canary, and LiteLLM shows a classifier no key to choose by",
                    code="policy.canary",
                    hint="run the router in your own process, which is given the key, or take the whole policy",
                )
            only = replace(policy, routes=(entry,))
            return RouteClassifier(entry.route, Router(only, embedder=_open(embedder_of(entry))))
    raise InputError(
        f"{path} has no route whose classifier is `{name}`",
        code="policy.route",
        hint="export both files from one run:  audit policy RUN --to litellm-auto-router, and --to policy-json",
    )
