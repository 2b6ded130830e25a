"""A logistic regression on cheap features and, where an embedder is at hand, on the embedding of the last user turn.

    {"intercept": b, "columns": [{"feature": "turns", "log": true, "mean": m, "scale": s, "weight": w},
     {"feature": "system_bucket", "equals": 3, "weight": w}, ...],
     "embedding": null | {"embedder": name, "scale": s, "weights": [...]}}

The value is the predicted probability that the cheap tier is no worse, in (0, 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.core.exchange import Request
from audit.core.policy import SignalSpec
from audit.signals.features import COUNTS, FEATURES, column, feature_table
from audit.signals.signal import FitData, FloatArray, Signal, TextEmbedder, embed

NAME, VERSION = "classifier", 1
PENALTY_C = 0.3
EMBEDDING_SCALE = 4.0
"""Unit vectors have small coordinates; times this, all of them together weigh like a few of the cheap features."""

DECIMALS = 7
"""Of the weights: the optimiser stops somewhere in the last digits, and a policy should not depend on where."""


def compute(params: Mapping[str, Any], requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """Predicted probability that the cheap tier is no worse."""
    design = _columns(params["columns"], feature_table(requests))
    weights = [entry["weight"] for entry in params["columns"]]
    if (embedding := params["embedding"]) is not None:
        vectors = embed(embedding["embedder"], requests, embedder)
        if vectors.shape[1] != len(embedding["weights"]):
            raise ValueError("the embedding has another length")
        design = np.concatenate([design, vectors * embedding["scale"]], axis=1)
        weights = [*weights, *embedding["weights"]]
    # Exact sums, so that a request's value does not depend on the size of its batch.
    raised = [params["intercept"] + math.fsum(row) for row in design * np.array(weights, dtype=np.float64)]
    return 1.0 / (1.0 + np.exp(-np.clip(np.array(raised, dtype=np.float64), -50.0, 50.0)))


def _columns(entries: Sequence[Mapping[str, Any]], table: FloatArray) -> FloatArray:
    """Standardised columns, shape (n, len(entries))."""
    found = [np.zeros((len(table), 0))]
    for entry in entries:
        values = column(table, entry)
        if "equals" in entry:
            values = (values == entry["equals"]).astype(np.float64)
        else:
            values = ((np.log1p(values) if entry["log"] else values) - entry["mean"]) / entry["scale"]
        found.append(values[:, None])
    return np.concatenate(found, axis=1)


def fit(data: FitData) -> SignalSpec | None:
    """Fit the weights with a ridge penalty."""
    if not data.separable:
        return None
    # Heavy, and of no use to who only computes.
    from sklearn.linear_model import LogisticRegression

    table = feature_table(data.requests)
    entries = _entries(table)
    design = _columns(entries, table)
    if data.embedder is not None:
        vectors = embed(data.embedder.name, data.requests, data.embedder)
        design = np.concatenate([design, vectors * EMBEDDING_SCALE], axis=1)
    if design.shape[1] == 0:
        return None
    # Newton's method lands on the same digits everywhere; the default stops somewhere near.
    model = LogisticRegression(C=PENALTY_C, solver="newton-cholesky", tol=1e-10).fit(design, data.cheap_good)
    weights = [round(float(weight), DECIMALS) for weight in model.coef_[0]]
    embedding = None
    if data.embedder is not None:
        embedding = {"embedder": data.embedder.name, "scale": EMBEDDING_SCALE, "weights": weights[len(entries) :]}
    params = {
        "intercept": round(float(model.intercept_[0]), DECIMALS),
        "columns": [{**entry, "weight": weight} for entry, weight in zip(entries, weights, strict=False)],
        "embedding": embedding,
    }
    return SignalSpec(name=NAME, version=VERSION, params=params)


def _entries(table: FloatArray) -> list[dict[str, Any]]:
    """Columns that vary, with their standardisation."""
    entries: list[dict[str, Any]] = []
    for position, feature in enumerate(FEATURES):
        values = table[:, position]
        if feature == "system_bucket":
            seen = np.unique(values)
            entries += [{"feature": feature, "equals": int(v)} for v in (seen if len(seen) > 1 else ())]
            continue
        log = feature in COUNTS
        values = np.log1p(values) if log else values
        if (scale := round(float(values.std()), DECIMALS)) > 0:
            mean = round(float(values.mean()), DECIMALS)
            entries.append({"feature": feature, "log": log, "mean": mean, "scale": scale})
    return entries


SIGNAL = Signal(
    name=NAME,
    version=VERSION,
    summary="Logistic regression on cheap features and, where there is an embedder, on the embedded last user turn.",
    fit=fit,
    compute=compute,
)
