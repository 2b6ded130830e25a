"""What a signal is: fitted once on replayed requests, then computed for any request before it is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from audit.core.errors import InputError
from audit.core.exchange import Request
from audit.core.personal import without_masks
from audit.core.policy import SignalSpec

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

LEAST_OF_EACH = 5
"""Fewer requests of one kind, good or bad, and there is nothing that a fit could tell apart."""


class TextEmbedder(Protocol):
    """What signals need of an embedder; `audit.embeddings.Embedder` is one."""

    @property
    def name(self) -> str:
        """Of the model: vectors of two models do not compare."""

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, one per text, shape (n, d)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FitData:
    """The tuning requests of one route and one candidate.

    Attributes:
        requests: As they would be seen before the call, n of them.
        differences: The candidate's score less the incumbent's on each, shape (n,), each in [-1, 1].
        costs_usd: What the incumbent billed for each, shape (n,).
        seed: Source of every choice by chance.
        embedder: None where none is at hand; signals that need one then cannot be fitted.
        real_prompts: Canonical prompts are to be requests, not centres of many.
    """

    requests: Sequence[Request]
    differences: FloatArray
    costs_usd: FloatArray
    seed: int
    embedder: TextEmbedder | None = None
    real_prompts: bool = False

    @property
    def cheap_good(self) -> BoolArray:
        """Whether the candidate was no worse than the incumbent on each, shape (n,)."""
        return self.differences >= 0.0

    @property
    def separable(self) -> bool:
        """Whether there are enough good and bad requests to tell apart."""
        good = int(self.cheap_good.sum())
        return min(good, len(self.cheap_good) - good) >= LEAST_OF_EACH

    def part(self, rows: BoolArray) -> FitData:
        """The same with some of the requests."""
        return FitData(
            requests=[request for request, taken in zip(self.requests, rows, strict=True) if taken],
            differences=self.differences[rows],
            costs_usd=self.costs_usd[rows],
            seed=self.seed,
            embedder=self.embedder,
            real_prompts=self.real_prompts,
        )


Fit = Callable[[FitData], SignalSpec | None]
Compute = Callable[[Mapping[str, Any], Sequence[Request], TextEmbedder | None], FloatArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A number known before the call: the larger, the safer it is to ask the cheap tier.

    Attributes:
        name: In the catalog.
        version: Of the code; a spec of another version is refused.
        summary: One line for the documentation.
        fit: Learns the parameters; None when the data show nothing to learn.
        compute: The parameters and n requests to shape (n,). Pure: what one request gets does not depend on the
            others of its batch, on the clock or on chance.
        needs_embeddings: Neither `fit` nor `compute` works without an embedder. A signal that merely can use one
            says so in the parameters it fits.
    """

    name: str
    version: int
    summary: str
    fit: Fit
    compute: Compute
    needs_embeddings: bool = False


class Remembering:
    """An embedder that embeds each text once: folds, candidates and splits of a route share their requests."""

    def __init__(self, embedder: TextEmbedder) -> None:
        self.name = embedder.name
        self._embedder = embedder
        self._known: dict[str, npt.NDArray[np.float32]] = {}

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """As the embedder that it stands for."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known |= dict(zip(missing, self._embedder.embed(missing), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else self._embedder.embed(())


def embed(name: str, requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """Unit vectors of the requests' last user messages, by the model that a signal was fitted with.

    Args:
        name: Of that model.
        requests: To embed.
        embedder: The one at hand.

    Raises:
        InputError: There is none, or it is another model.
    """
    if embedder is None or embedder.name != name:
        raise InputError(
            f"the signal was fitted with the embedding model `{name}`",
            code="signal.embedder",
            notes=[f"at hand: `{embedder.name}`" if embedder else "no embedding model was given"],
            hint="open that model with `audit.embeddings.open_embedder`",
        )
    # What the log holds masked has no meaning: a placeholder would make requests alike that are not.
    texts = [without_masks(request.last_user) for request in requests]
    return np.asarray(embedder.embed(texts), dtype=np.float64)
