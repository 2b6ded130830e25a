"""Quantiles of the normal and of Student's t for a two-sided level, and the check of that level.

`scipy.special` and not `scipy.stats`: the same numbers, and 0.8 s less at import. What needs it imports it: the checks
here are also those of rules that know no quantile.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


def check_open_unit(name: str, value: float) -> float:
    """Return `value` when it lies in (0, 1); raise ValueError naming it otherwise."""
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie in (0, 1), got {value}")
    return value


def upper_normal(alpha: float) -> float:
    """The z with probability `alpha` above it; alpha in (0, 1)."""
    from scipy import special

    return -float(special.ndtri(check_open_unit("alpha", alpha)))


def two_sided_normal(level: float) -> float:
    """The z of a two-sided interval with coverage `level` in (0, 1), for example 1.96 for 0.95."""
    return upper_normal((1.0 - check_open_unit("level", level)) / 2.0)


def two_sided_t(level: float, degrees_of_freedom: float) -> float:
    """Student's t of a two-sided interval with coverage `level` in (0, 1); degrees_of_freedom >= 1."""
    from scipy import special

    if degrees_of_freedom < 1:
        raise ValueError(f"degrees_of_freedom must be at least 1, got {degrees_of_freedom}")
    return float(special.stdtrit(degrees_of_freedom, (1.0 + check_open_unit("level", level)) / 2.0))


def finite_vector(name: str, values: npt.ArrayLike) -> FloatArray:
    """A one-dimensional float array without NaN or infinity; raise ValueError naming it otherwise.

    A missing score is not a number: the caller counts it (`missing.Missing`) instead of passing NaN on.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has a missing or infinite value: count missing records, do not pass them on")
    return array


def spaced_normal(n: int, rng: np.random.Generator) -> FloatArray:
    """The n evenly spaced quantiles of the standard normal distribution, shuffled, shape (n,).

    A quantile read off them has no noise of sampling; the shuffle keeps several such draws apart.
    """
    from scipy import special

    values: FloatArray = special.ndtri((np.arange(n) + 0.5) / n)
    return rng.permutation(values)
