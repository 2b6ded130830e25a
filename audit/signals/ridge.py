"""Ridge regression whose penalty is chosen by leaving one record out, in closed form: nothing to iterate, no chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from audit.signals.signal import FloatArray

PENALTIES = (3.0, 10.0, 30.0, 100.0)
"""Tried for a design whose rows have a length of about 1. The best does not grow with the number of records."""

LEAST_LENGTH = 1e-12
"""Of the longest axis of a design: what is shorter is rounding, as where columns add up to one."""


SparseArray = Any
"""A `scipy.sparse.csr_array` of numbers; scipy says no types."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Penalty:
    """A penalty and what it is worth.

    Attributes:
        value: Added to the diagonal of the normal equations.
        error: Mean squared error of each record by a fit on all the others.
    """

    value: float
    error: float


def likeness(design: FloatArray) -> FloatArray:
    """Products of the centred rows of a design, shape (n, n); those of columns side by side are the sum of theirs."""
    # Of thousands of columns for words some records have few, and a column of zeros adds nothing.
    centred = design[:, design.any(axis=0)]
    centred = centred - centred.mean(axis=0)
    products: FloatArray = centred @ centred.T
    return products


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectrum:
    """A design of n centred records, taken apart.

    Attributes:
        lengths: Squared lengths along its r axes, none negative, shape (r,); along every other axis it has none.
        axes: Of length 1 and at right angles to each other, shape (n, r).
    """

    lengths: FloatArray
    axes: FloatArray

    @classmethod
    def of(cls, alike: FloatArray) -> Spectrum:
        """From `likeness`: for designs with many columns."""
        lengths, axes = np.linalg.eigh(alike)
        return cls(lengths=np.maximum(lengths, 0.0), axes=axes)

    @classmethod
    def of_columns(cls, design: FloatArray) -> Spectrum:
        """From the columns: for designs with fewer columns than records."""
        centred = design - design.mean(axis=0)
        lengths, turns = np.linalg.eigh(centred.T @ centred)
        real = lengths > LEAST_LENGTH * lengths.max(initial=0.0)
        return cls(lengths=lengths[real], axes=centred @ turns[:, real] / np.sqrt(lengths[real]))


def best_penalty(spectrum: Spectrum, target: FloatArray) -> Penalty:
    """The penalty with the least error on the record left out.

    Args:
        spectrum: Of the design, n >= 2 records.
        target: Shape (n,). An intercept is fitted beside and not penalised.

    Source:
        Allen (1974), Technometrics 16:125-127, for the error of the record left out from the hat matrix; Hastie and
        Tibshirani (2004), Biostatistics 5:329-340, for all penalties from one decomposition.
    """
    n = len(target)
    wanted = target - target.mean()
    along, shares = wanted @ spectrum.axes, np.square(spectrum.axes)
    found = []
    for value in PENALTIES:
        # What the hat matrix leaves of each record, its own and all: the intercept takes 1 / n more of its own.
        taken = spectrum.lengths / (spectrum.lengths + value)
        left_out = (wanted - spectrum.axes @ (taken * along)) / (1.0 - shares @ taken - 1.0 / n)
        found.append(Penalty(value=value, error=float(left_out @ left_out) / n))
    # Equal errors differ in the last bit between machines; the larger penalty then stays.
    best = found[-1]
    for other in found[-2::-1]:
        if other.error < best.error * (1.0 - 1e-9):
            best = other
    return best


def mean_error(target: FloatArray) -> float:
    """What `best_penalty` calls the error, for a prediction by the mean of the others; n >= 2."""
    n = len(target)
    return float(np.var(target)) * (n / (n - 1)) ** 2


def solve(design: FloatArray, target: FloatArray, penalty: float) -> tuple[float, FloatArray]:
    """Intercept and weights, shape (d,), by the smaller of the two systems of equations."""
    n, d = design.shape
    middle, level = design.mean(axis=0), float(target.mean())
    centred, wanted = design - middle, target - level
    if n <= d:
        weights = centred.T @ np.linalg.solve(centred @ centred.T + penalty * np.eye(n), wanted)
    else:
        weights = np.linalg.solve(centred.T @ centred + penalty * np.eye(d), centred.T @ wanted)
    return level - float(middle @ weights), weights


def solve_blocks(
    blocks: Sequence[FloatArray | SparseArray], target: FloatArray, penalty: float
) -> tuple[float, list[FloatArray]]:
    """As `solve`, of a design in parts side by side, each with its weights; some may be sparse.

    With more records than columns a sparse part is never made whole: what is held are products of columns.
    """
    n, ends = len(target), np.cumsum([block.shape[1] for block in blocks])
    d = int(ends[-1])
    if n <= d or all(isinstance(block, np.ndarray) for block in blocks):
        whole = [block if isinstance(block, np.ndarray) else block.toarray() for block in blocks]
        intercept, weights = solve(np.concatenate(whole, axis=1), target, penalty)
        return intercept, np.split(weights, ends[:-1])
    level, middle = float(target.mean()), np.concatenate([block.sum(axis=0) for block in blocks]) / n
    products, parts = (
        np.empty((d, d)),
        [slice(end - block.shape[1], end) for block, end in zip(blocks, ends, strict=True)],
    )
    for rows, left in zip(parts, blocks, strict=True):
        for columns, right in zip(parts, blocks, strict=True):
            found = left.T @ right
            products[rows, columns] = found if isinstance(found, np.ndarray) else found.toarray()
    # Of the centred columns, without making these: they would not be sparse.
    products -= np.outer(n * middle, middle)
    products[np.diag_indices(d)] += penalty
    weights = np.linalg.solve(products, np.concatenate([block.T @ (target - level) for block in blocks]))
    return level - float(middle @ weights), np.split(weights, ends[:-1])


def solve_by(spectrum: Spectrum, design: FloatArray, target: FloatArray, penalty: float) -> tuple[float, FloatArray]:
    """As `solve`, where the spectrum of the design is known: for several targets of one design.

    Args:
        spectrum: From `Spectrum.of(likeness(design))`.
        design: Shape (n, d).
        target: Shape (n,).
        penalty: As of `best_penalty`.
    """
    middle, level = design.mean(axis=0), float(target.mean())
    along = spectrum.axes @ ((target - level) @ spectrum.axes / (spectrum.lengths + penalty))
    # Of the centred design, without making it: the centred rows' sum of products.
    weights: FloatArray = along @ design - along.sum() * middle
    return level - float(middle @ weights), weights
