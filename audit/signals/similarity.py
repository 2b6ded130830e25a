"""Likeness to canonical prompts: nearer to those on which the cheap tier was good than to those on which it failed.

    {"embedder": name, "dimensions": d, "good": [base64 of d little-endian float32, ...], "bad": [...]}

The value is the greatest cosine with a good prompt less the greatest with a bad one, in [-2, 2].
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.core.exchange import Request
from audit.core.policy import SignalSpec
from audit.signals.signal import BoolArray, FitData, FloatArray, Signal, TextEmbedder, embed

NAME, VERSION = "similarity", 1
MOST_CENTRES = 4
PER_CENTRE = 25
"""Requests that a centre stands for at least; fewer make it a copy of one of them."""


def compute(params: Mapping[str, Any], requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """Nearness to the good prompts less nearness to the bad ones."""
    good, bad = (np.stack([_vector(text, params["dimensions"]) for text in params[key]]) for key in ("good", "bad"))
    return nearness(embed(params["embedder"], requests, embedder), good, bad)


def nearness(vectors: FloatArray, good: FloatArray, bad: FloatArray) -> FloatArray:
    """The value of `compute` for unit vectors, shape (n, d)."""
    return np.array([_greatest(vector, good) - _greatest(vector, bad) for vector in vectors], dtype=np.float64)


def _greatest(vector: FloatArray, centres: FloatArray) -> float:
    # A matrix product sums in an order that depends on the size of the batch; an exact sum does not.
    return max(math.fsum(vector * centre) for centre in centres)


def fit(data: FitData) -> SignalSpec | None:
    """Take the centres of a few clusters of the good requests, and of the bad ones, as canonical prompts."""
    if not data.separable or data.embedder is None:
        return None
    vectors = embed(data.embedder.name, data.requests, data.embedder)
    return SignalSpec(
        name=NAME,
        version=VERSION,
        params={
            "embedder": data.embedder.name,
            "dimensions": int(vectors.shape[1]),
            "good": _canonical(vectors, data.cheap_good, data.seed),
            "bad": _canonical(vectors, ~data.cheap_good, data.seed),
        },
    )


def _canonical(vectors: FloatArray, chosen: BoolArray, seed: int) -> list[str]:
    # Heavy, and of no use to who only computes.
    from sklearn.cluster import KMeans

    mine = vectors[chosen]
    distinct = len(np.unique(mine, axis=0))
    k = min(MOST_CENTRES, distinct, max(len(mine) // PER_CENTRE, 1))
    centres = KMeans(n_clusters=k, n_init=1, random_state=seed % 2**32).fit(mine).cluster_centers_
    lengths = np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-12)
    return [base64.b64encode((row).astype("<f4").tobytes()).decode("ascii") for row in centres / lengths]


def _vector(text: str, dimensions: int) -> FloatArray:
    vector = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").astype(np.float64)
    if vector.shape != (dimensions,):
        raise ValueError("a canonical prompt has another length")
    return vector


SIGNAL = Signal(
    name=NAME,
    version=VERSION,
    summary="Embedding likeness to prompts on which the cheap tier was good, less that to prompts on which it failed.",
    fit=fit,
    compute=compute,
    needs_embeddings=True,
)
