"""Likeness to canonical prompts: nearer to those on which the cheap tier was good than to those on which it failed.

    {"embedder": name, "dimensions": d, "good": [base64 of d little-endian float32, ...], "bad": [...]}

With real prompts there is also `"prompts": {"good": [fingerprint of the request, ...], "bad": [...]}`.

The value is the greatest cosine with a good prompt less the greatest with a bad one, in [-2, 2].
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.core.exchange import Request
from audit.core.personal import is_masked
from audit.core.policy import SignalSpec
from audit.signals.signal import BoolArray, FitData, FloatArray, Signal, TextEmbedder, embed

NAME, VERSION = "similarity", 1


def compute(params: Mapping[str, Any], requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """Nearness to the good prompts less nearness to the bad ones."""
    good, bad = (np.stack([_vector(text, params["dimensions"]) for text in params[key]]) for key in ("good", "bad"))
    return nearness(embed(params["embedder"], requests, embedder), good, bad)


def nearness(vectors: FloatArray, good: FloatArray, bad: FloatArray) -> FloatArray:
    """The value of `compute` for unit vectors, shape (n, d)."""
    return np.array([_greatest(vector, good) - _greatest(vector, bad) for vector in vectors], dtype=np.float64)


def _greatest(vector: FloatArray, centres: FloatArray) -> float:
    # A matrix product sums in an order that depends on the size of the batch; an exact sum does not.
    return max(math.fsum((vector * centre).tolist()) for centre in centres)


def fit(data: FitData) -> SignalSpec | None:
    """Take the centre of the good requests, and that of the bad ones, as canonical prompts; or what is nearest to it.

    One of each: with four, found by clustering, more of the difference lies between topics than between good and bad,
    and on real pairs the signal then told little.
    """
    if not data.separable or data.embedder is None:
        return None
    vectors = embed(data.embedder.name, data.requests, data.embedder)
    params: dict[str, Any] = {"embedder": data.embedder.name, "dimensions": int(vectors.shape[1])}
    prompts: dict[str, list[str]] = {}
    for side, chosen in (("good", data.cheap_good), ("bad", ~data.cheap_good)):
        canonical = _centre(vectors[chosen])
        if data.real_prompts:
            # Whoever is handed the prompts compares with their texts: one without placeholders, where there is one.
            whole = chosen & ~np.array([is_masked(request.last_user) for request in data.requests])
            row = _nearest(canonical, vectors, whole if whole.any() else chosen)
            canonical, prompts[side] = vectors[row], [data.requests[row].request_fp]
        params[side] = [base64.b64encode(canonical.astype("<f4").tobytes()).decode("ascii")]
    return SignalSpec(name=NAME, version=VERSION, params=params | ({"prompts": prompts} if prompts else {}))


def _centre(vectors: FloatArray) -> FloatArray:
    centre: FloatArray = vectors.mean(axis=0)
    return centre / max(float(np.linalg.norm(centre)), 1e-12)


def _nearest(centre: FloatArray, vectors: FloatArray, chosen: BoolArray) -> int:
    """The row of the chosen ones that is nearest to a centre; of equals, the first."""
    return int(np.where(chosen, np.round(vectors @ centre, 9), -np.inf).argmax())


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
