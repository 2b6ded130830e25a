"""A ridge regression of "how much better is the cheap answer" on cheap features, words and an embedding.

    {"intercept": b, "columns": [{"feature": "messages", "log": true, "mean": m, "scale": s, "weight": w},
     {"feature": "system_bucket", "equals": 3, "weight": w}, ...],
     "words": null | base64 of one little-endian float16 per bucket,
     "embedding": null | {"embedder": name, "weights": [...]}}

The value is the predicted score of the cheap tier less that of the incumbent, about -1 to 1. It is fitted to that
difference and not to "the cheap answer is no worse", because what a policy loses is regressions less gains.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from audit.core.exchange import Request
from audit.core.policy import SignalSpec
from audit.signals.features import COUNTS, FEATURES, column, feature_table
from audit.signals.ridge import SparseArray, Spectrum, best_penalty, likeness, mean_error, solve_blocks
from audit.signals.signal import FitData, FloatArray, Signal, TextEmbedder, embed
from audit.signals.words import BUCKETS, word_vector

NAME, VERSION = "classifier", 3

EMBEDDING_LENGTH = 0.5
"""Features and words are vectors of length 1; the embedding, which repeats much of both, gets half of that."""

CHOICES = (("features",), ("features", "words"), ("features", "words", "embedding"))
"""Blocks that are tried together, from simple to expensive."""

LEAST_GAIN = 2.0
"""Share of the error, times the records, that the next choice must take away: Akaike's price of one parameter. Less is
chance, and an embedding costs every request."""

MOST_RECORDS = 1_000
"""Records on which penalty and blocks are chosen; the weights are fitted to all."""

DECIMALS = 7
"""Of the weights: a linear solver differs in the last digits between machines, and a policy should not."""


def compute(params: Mapping[str, Any], requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """Predicted score of the cheap tier less the incumbent's."""
    design = _columns(params["columns"], feature_table(requests))
    weights = [entry["weight"] for entry in params["columns"]]
    if (embedding := params["embedding"]) is not None:
        vectors = embed(embedding["embedder"], requests, embedder)
        if vectors.shape[1] != len(embedding["weights"]):
            raise ValueError("the embedding has another length")
        design = np.concatenate([design, vectors], axis=1)
        weights = [*weights, *embedding["weights"]]
    of_words = None if params["words"] is None else _word_weights(params["words"])
    # Exact sums, so that a request's value does not depend on the size of its batch.
    return np.array(
        [
            math.fsum((params["intercept"], *row, *_spoken(request, of_words)))
            for request, row in zip(requests, (design * np.array(weights, dtype=np.float64)).tolist(), strict=True)
        ],
        dtype=np.float64,
    )


def _spoken(request: Request, of_words: FloatArray | None) -> list[float]:
    """What each word of the last user message adds."""
    if of_words is None:
        return []
    found = word_vector(request.last_user)
    added: list[float] = (of_words[found.buckets] * found.weights).tolist()
    return added


def _word_weights(text: str) -> FloatArray:
    weights = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f2").astype(np.float64)
    if weights.shape != (BUCKETS,):
        raise ValueError("the weights of the words have another length")
    return weights


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
    """Fit the weights of the blocks that predict a record left out clearly better; None when none does."""
    if not data.separable:
        return None
    table = feature_table(data.requests)
    entries = _entries(table)
    features = _columns(entries, table) * _features_length(len(entries))
    choice = _choose(data, features)
    if choice is None:
        return None
    names, penalty = choice
    intercept, found = _weights(data, features, names, penalty)
    params: dict[str, Any] = {"intercept": round(intercept, DECIMALS), "columns": [], "words": None, "embedding": None}
    short = _short(found["features"] * _features_length(len(entries)))
    params["columns"] = [{**entry, "weight": weight} for entry, weight in zip(entries, short, strict=True)]
    if "words" in found:
        params["words"] = base64.b64encode(found["words"].astype("<f2").tobytes()).decode("ascii")
    if "embedding" in found and data.embedder is not None:
        weights = found["embedding"] * EMBEDDING_LENGTH
        params["embedding"] = {"embedder": data.embedder.name, "weights": _short(weights)}
    return SignalSpec(name=NAME, version=VERSION, params=params)


def _short(weights: FloatArray) -> list[float]:
    return [round(float(weight), DECIMALS) for weight in weights]


def _features_length(columns: int) -> float:
    """What standardised columns are multiplied by, so that a row of them has a length of about 1."""
    return 1.0 / math.sqrt(max(columns, 1))


# A fit for every fold, tier and rule meets the same texts again; deciding a request does not, and keeps none.
_words_of = lru_cache(maxsize=4096)(word_vector)


def _words(requests: Sequence[Request]) -> SparseArray:
    """The words of the last user messages, shape (n, BUCKETS). Of its thousands of columns a row has some dozens."""
    # Here, and not above: a router computes and never fits.
    from scipy.sparse import csr_array

    found = [_words_of(request.last_user) for request in requests]
    ends = np.cumsum([0, *(len(words.buckets) for words in found)])
    buckets = np.concatenate([words.buckets for words in found])
    weights = np.concatenate([words.weights for words in found])
    return csr_array((weights, buckets, ends), shape=(len(requests), BUCKETS))


def _embedding(requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    assert embedder is not None
    return embed(embedder.name, requests, embedder) * EMBEDDING_LENGTH


def _choose(data: FitData, features: FloatArray) -> tuple[tuple[str, ...], float] | None:
    """The blocks and the penalty with the least error on a record left out; None when the plain mean has it."""
    some = np.sort(np.random.default_rng(data.seed).permutation(len(data.requests))[:MOST_RECORDS])
    requests = [data.requests[place] for place in some]
    drawn = {"features": features[some], "words": _words(requests).toarray()}
    if data.embedder is not None:
        drawn["embedding"] = _embedding(requests, data.embedder)
    target, alike = data.differences[some], {name: likeness(block) for name, block in drawn.items()}
    best, error = None, mean_error(target)
    for names in CHOICES:
        if not all(name in drawn for name in names):
            continue
        tried = best_penalty(_spectrum([drawn[name] for name in names], [alike[name] for name in names]), target)
        if tried.error < error * (1.0 - LEAST_GAIN / len(target)):
            best, error = (names, tried.value), tried.error
    return best


def _weights(
    data: FitData, features: FloatArray, names: Sequence[str], penalty: float
) -> tuple[float, dict[str, FloatArray]]:
    """Intercept, and the weights of each of some blocks, fitted to all records."""
    made: dict[str, Callable[[], FloatArray | SparseArray]] = {
        "features": lambda: features,
        "words": lambda: _words(data.requests),
        "embedding": lambda: _embedding(data.requests, data.embedder),
    }
    intercept, weights = solve_blocks([made[name]() for name in names], data.differences, penalty)
    return intercept, dict(zip(names, weights, strict=True))


def _spectrum(blocks: Sequence[FloatArray], alike: Sequence[FloatArray]) -> Spectrum:
    """Of blocks side by side, by whichever is smaller."""
    if sum(block.shape[1] for block in blocks) < len(blocks[0]):
        return Spectrum.of_columns(np.concatenate(blocks, axis=1))
    return Spectrum.of(np.sum(alike, axis=0))


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
    summary="Ridge regression on cheap features, hashed words and, where it helps, the embedded last user message.",
    fit=fit,
    compute=compute,
)
