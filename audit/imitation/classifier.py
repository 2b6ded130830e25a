"""One of few answers, by all the words of the message: a ridge regression for each answer, the highest value wins.

    {"labels": [{"answer": "billing", "intercept": b, "words": base64 of one little-endian float16 per bucket}, ...]}

Words are hashed as a policy's classifier hashes them, so no word of a prompt is in it.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from audit.core.fingerprint import digest
from audit.imitation.way import MOST_LABELS, Example, Params, Way, labels_of, same_as
from audit.signals.ridge import Spectrum, best_penalty, likeness, solve_by
from audit.signals.signal import FloatArray
from audit.signals.words import BUCKETS, word_vector

MOST_EXAMPLES = 1_000
"""That are learned from; a spectrum takes the cube of them."""

DECIMALS = 7


def fit(examples: Sequence[Example]) -> Params | None:
    """The weights of every label that was given at least twice, each with the penalty that predicts it best.

    Source:
        Rifkin and Klautau (2004), In defense of one-vs-all classification, JMLR 5:101-141, for the least squares
        one-against-all scheme; `signals.ridge` for the regression.
    """
    labels = labels_of(examples)
    if len(labels) < 2:
        return None
    known = [one for one in examples if same_as(one.answer) in labels]
    known = sorted(known, key=lambda one: (digest(one.text), one.text, one.answer))[:MOST_EXAMPLES]
    design = np.zeros((len(known), BUCKETS))
    for row, example in zip(design, known, strict=True):
        words = word_vector(example.text)
        row[words.buckets] = words.weights
    if len(known) < 3 or not design.any():
        return None
    spectrum = Spectrum.of(likeness(design))
    said = [same_as(one.answer) for one in known]
    found = []
    for key in sorted(labels):
        target = np.array([1.0 if one == key else 0.0 for one in said])
        level, weights = solve_by(spectrum, design, target, best_penalty(spectrum, target).value)
        packed = base64.b64encode(weights.astype("<f2").tobytes()).decode("ascii")
        found.append({"answer": labels[key], "intercept": round(level, DECIMALS), "words": packed})
    return {"labels": found}


def answer(params: Params, text: str) -> str:
    """The label with the highest value; of equals the first."""
    words = word_vector(text)
    best, said = -math.inf, ""
    for one in params["labels"]:
        added = (_weights(one["words"])[words.buckets] * words.weights).tolist()
        value = math.fsum((float(one["intercept"]), *added))
        if value > best:
            best, said = value, str(one["answer"])
    return said


@lru_cache(maxsize=MOST_LABELS)
def _weights(text: str) -> FloatArray:
    weights = np.frombuffer(base64.b64decode(text, validate=True), dtype="<f2").astype(np.float64)
    if weights.shape != (BUCKETS,):
        raise ValueError("the weights of the words have another length")
    return weights


WAY = Way(
    name="classifier",
    version=1,
    summary="One of few answers, by a ridge regression on the hashed words of the last user message",
    fit=fit,
    answer=answer,
)
