"""The completion means something similar to the value, by embeddings; it cannot tell a statement from its denial."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from audit.core.outcome import Errored, Outcome
from audit.patterns import TooSlow
from audit.scoring.comparisons.columns import over_pairs
from audit.scoring.expected.templates import UnusableTemplate
from audit.scoring.scorer import Check, Options, Scorer, graded, shown
from audit.scoring.texts.words import as_text

_DEFAULT = 0.75

Vectors = npt.NDArray[np.float32]


def _dot(left: Vectors, right: Vectors) -> Vectors:
    return np.asarray(np.einsum("ij,ij->i", left, right), dtype=np.float32)


def _euclidean(left: Vectors, right: Vectors) -> Vectors:
    return np.asarray(1 / (1 + np.linalg.norm(left - right, axis=1)), dtype=np.float32)


# Embedders return unit vectors, for which the dot product is the cosine.
_DISTANCES: dict[str, Callable[[Vectors, Vectors], Vectors]] = {"cosine": _dot, "dot": _dot, "euclidean": _euclidean}


def build(options: Options) -> Check:
    """Similarity to `value`, by default the incumbent's completion, of at least `threshold`, 0.75 unless given.

    `distance` is `cosine`, `dot`, or `euclidean` (1 / (1 + distance)).
    """
    expected = options.expected(as_text, default=options.incumbent_text() if options.value is None else None)
    options.by_likeness()
    limit = options.limit(_DEFAULT, high=1.0)
    measure = _DISTANCES[options.choice("distance", "cosine", _DISTANCES)]

    def score(texts: Sequence[str], wanted: Sequence[str]) -> Sequence[Outcome]:
        # Equal texts are similar by definition; most of the log's own answers are compared with themselves.
        differ = [place for place, (text, want) in enumerate(zip(texts, wanted, strict=True)) if text != want]
        values = [1.0] * len(texts)
        try:
            # Opened in any case, so that a criterion without a model never scores.
            vectors = options.embedder().embed([column[place] for column in (texts, wanted) for place in differ])
        except (UnusableTemplate, TooSlow) as unusable:
            return [Errored(error=str(unusable))] * len(texts)
        for place, value in zip(differ, measure(vectors[: len(differ)], vectors[len(differ) :]), strict=True):
            # Rounded, because the last digits depend on who shared the batch.
            values[place] = round(float(value), 4)
        return [
            graded(value, limit, "similarity", expected=shown(want)) for value, want in zip(values, wanted, strict=True)
        ]

    return over_pairs(expected, score)


SCORER = Scorer(
    name="similar",
    version=1,
    summary=__doc__,
    needs_reference=False,
    calls_model=False,
    build=build,
    accepts=("value", "threshold", "extract", "distance"),
    embeds=True,
)
