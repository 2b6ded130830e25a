"""Policies to export and to run, of every kind."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from audit.core.exchange import Completion, Request
from audit.core.policy import RoutePolicy, RoutingPolicy, SignalSpec, VerifierSpec
from audit.signals import SIGNALS

MODELS = {"large": "openai/gpt-4.1", "small": "openai/gpt-4.1-nano"}
ARNS = {
    "large": "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-pro-v1:0",
    "small": "arn:aws:bedrock:eu-west-1::foundation-model/amazon.nova-lite-v1:0",
}


def entry(route: str = "/summarise", kind: str = "static", **rest: Any) -> RoutePolicy:
    """A route's policy; static unless told otherwise."""
    return RoutePolicy(**{"route": route, "kind": kind, "tier": "small", "otherwise": "large", **rest})


def policy(*routes: RoutePolicy, **rest: Any) -> RoutingPolicy:
    """A policy of two tiers."""
    given = {
        "run_id": "7f3a9c1e00aa",
        "default_tier": "large",
        "models": MODELS,
        "made_at": "2026-11-01",
        "expires_at": "2026-12-01",
        "prices": {"large": {"input": 2.0, "output": 8.0}, "small": {"input": 0.1, "output": 0.4}},
    }
    return RoutingPolicy(routes=routes, **{**given, **rest})


def request(text: str = "hello", **rest: Any) -> Request:
    """A request with one user message."""
    return Request(request_fp="x", messages=[{"role": "user", "content": text}], **rest)


def answer(text: str | None = "yes", **rest: Any) -> Completion:
    """A completion that ended of itself."""
    return Completion(text=text, **{"finish_reason": "stop", **rest})


def rules(*conditions: tuple[str, str, float]) -> SignalSpec:
    """A signal of conditions (feature, operator, value)."""
    found = [{"feature": feature, "op": op, "value": value} for feature, op, value in conditions]
    return SignalSpec(name="rules", params={"conditions": found}, version=SIGNALS.get("rules").version)


def vector(*coordinates: float) -> str:
    """A canonical prompt as the file holds it."""
    return base64.b64encode(np.array(coordinates, dtype="<f4").tobytes()).decode("ascii")


class Letters:
    """An embedding model of two letters."""

    name = "letters"

    def embed(self, texts: Sequence[str]) -> Any:
        """How much of a text is an `a`, and how much a `b`."""
        rows = np.array([[text.count("a"), text.count("b")] for text in texts], dtype=np.float32)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


RULES = entry("/rules", "rules", threshold=1.0, signal=rules(("last_user_chars", "<=", 900), ("questions", ">", 1)))
TOOLS = entry("/tools", "rules", threshold=1.0, signal=rules(("tools", "<=", 3), ("tools", ">", 0)))
SIMILARITY = entry(
    "/similar",
    "similarity",
    threshold=0.25,
    signal=SignalSpec(
        name="similarity",
        params={"embedder": "letters", "dimensions": 2, "good": [vector(1, 0)], "bad": [vector(0, 1)]},
    ),
)
PROMPTS = entry(
    "/prompts",
    "similarity",
    threshold=0.0,
    signal=SignalSpec(
        name="similarity",
        params={
            "embedder": "letters",
            "dimensions": 2,
            "good": [vector(1, 0)],
            "bad": [vector(0, 1)],
            "prompts": {"good": ["fp1"], "bad": ["fp2"]},
            "texts": {"good": ["aaa"], "bad": ["bbb"]},
        },
    ),
)
CLASSIFIER = entry(
    "/classify",
    "classifier",
    threshold=0.5,
    signal=SignalSpec(
        name="classifier",
        version=SIGNALS.get("classifier").version,
        params={
            "intercept": 1.0,
            "columns": [{"feature": "messages", "log": False, "mean": 0.0, "scale": 1.0, "weight": -0.5}],
            "words": None,
            "embedding": None,
        },
    ),
)
CASCADE = entry("/extract", "cascade", verifier=VerifierSpec(name="schema", params={}))
