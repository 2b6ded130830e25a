"""A classifier behind a rule: where the conditions do not hold, no score can send a request to the cheap tier.

    {"conditions": [as in `rules.py`], "signal": {"name": "classifier", "version": v, "params": {...}}}

The value is the inner signal's where all conditions hold, and `OUTSIDE` elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.core.exchange import Request
from audit.core.policy import SignalSpec
from audit.signals import classifier, rules
from audit.signals.features import feature_table
from audit.signals.signal import FitData, FloatArray, Signal, TextEmbedder

NAME, VERSION = "guarded", 2
OUTSIDE = -10.0
"""Below what the inner signal gives to anything."""


def compute(params: Mapping[str, Any], requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """The inner value where the conditions hold."""
    inner = params["signal"]
    if (inner["name"], inner["version"]) != (classifier.NAME, classifier.VERSION):
        raise ValueError("the inner signal is not one that this version computes")
    inside = rules.held(params["conditions"], feature_table(requests), requests) == 1.0
    values = np.full(len(requests), OUTSIDE)
    chosen = [request for request, taken in zip(requests, inside, strict=True) if taken]
    values[inside] = classifier.compute(inner["params"], chosen, embedder)
    return values


def fit(data: FitData) -> SignalSpec | None:
    """Learn a rule, then a classifier on what the rule leaves; None where either finds nothing."""
    rule = rules.fit(data)
    if rule is None:
        return None
    conditions = rule.params["conditions"]
    inside = rules.held(conditions, feature_table(data.requests), data.requests) == 1.0
    inner = classifier.fit(data.part(inside))
    if inner is None:
        return None
    said = {"name": inner.name, "version": inner.version, "params": dict(inner.params)}
    return SignalSpec(name=NAME, version=VERSION, params={"conditions": conditions, "signal": said})


SIGNAL = Signal(
    name=NAME,
    version=VERSION,
    summary="A learned rule on top, and a classifier on what the rule lets through.",
    fit=fit,
    compute=compute,
)
