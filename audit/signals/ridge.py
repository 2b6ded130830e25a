"""Ridge regression whose penalty is chosen by leaving one record out, in closed form: nothing to iterate, no chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.signals.signal import FloatArray

PENALTIES = (3.0, 10.0, 30.0, 100.0)
"""Tried for a design whose rows have a length of about 1. The best does not grow with the number of records."""


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
    centred = design - design.mean(axis=0)
    products: FloatArray = centred @ centred.T
    return products


def best_penalty(alike: FloatArray, target: FloatArray) -> Penalty:
    """The penalty with the least error on the record left out.

    Args:
        alike: `likeness` of the design, n >= 2. The cost is some inversions of it.
        target: Shape (n,). An intercept is fitted beside and not penalised.

    Source:
        Allen (1974), Technometrics 16:125-127, for the error of the record left out from the hat matrix.
    """
    n = len(target)
    wanted = target - target.mean()
    found = []
    for value in PENALTIES:
        # What the hat matrix leaves of each record, its own and all: the intercept takes 1 / n more of its own.
        rest = value * np.linalg.inv(alike + value * np.eye(n))
        left_out = rest @ wanted / (np.diag(rest) - 1.0 / n)
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
