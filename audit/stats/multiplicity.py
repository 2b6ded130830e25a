"""Many claims at once: p-values adjusted so that each can be read against the nominal level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.stats.quantiles import BoolArray, FloatArray, check_open_unit, finite_vector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adjusted:
    """Claims after adjustment.

    Attributes:
        p_values: Adjusted p-values in the order given, shape (m,), each in [0, 1].
        rejected: Whether each claim holds at the level, shape (m,).
    """

    p_values: FloatArray
    rejected: BoolArray


def holm(p_values: npt.ArrayLike, *, alpha: float = 0.05) -> Adjusted:
    """Holm's step-down adjustment: the chance of even one wrong claim stays below alpha.

    For claims about safety and for FAIL verdicts over several routes.

    Args:
        p_values: One per claim, shape (m,), each in [0, 1].
        alpha: Family-wise error rate, in (0, 1).

    Returns:
        Adjusted p-values and rejections, in the order given.

    Special cases:
        No claims: empty arrays.

    Raises:
        ValueError: A p-value is missing or outside [0, 1].

    Source:
        Holm (1979), Scand. J. Statist. 6:65-70.
    """
    values, order = _sorted(p_values, alpha)
    steps = values[order] * np.arange(values.size, 0, -1)
    return _unsorted(np.minimum(np.maximum.accumulate(steps), 1.0), order, alpha)


def _sorted(p_values: npt.ArrayLike, alpha: float) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    check_open_unit("alpha", alpha)
    values = finite_vector("p_values", p_values)
    if values.size and (values.min() < 0.0 or values.max() > 1.0):
        raise ValueError("p-values must lie in [0, 1]")
    return values, np.argsort(values, kind="stable")


def _unsorted(adjusted: FloatArray, order: npt.NDArray[np.intp], alpha: float) -> Adjusted:
    p_values = np.empty_like(adjusted)
    p_values[order] = adjusted
    return Adjusted(p_values=p_values, rejected=p_values <= alpha)
