"""Whether two histograms are of one kind of traffic."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

HALF = 0.5
"""Added to every bin, so that an empty one has a logarithm."""


def stability_index(before: Sequence[int], after: Sequence[int]) -> float:
    """Population stability index of two histograms over the same bins, less what sampling alone gives.

    Args:
        before: Counts of the earlier traffic.
        after: Counts of the later; the shorter one is filled up with empty bins.

    Returns:
        At least 0. By custom up to 0.1 is no drift and above 0.25 is another population.

    Special cases:
        One of them is empty, or both have one and the same bin: 0.

    Source:
        Yurdakul & Naranjo (2020), Statistical properties of the population stability index, J. Risk Model Validation
        14(4): without drift it is about (1/n + 1/m) times a chi-square with one degree of freedom less than bins.
    """
    bins = max(len(before), len(after))
    x, y = (np.array([*counts, *[0] * (bins - len(counts))], dtype=np.float64) for counts in (before, after))
    used = (x + y) > 0
    if x.sum() == 0 or y.sum() == 0 or used.sum() < 2:
        return 0.0
    noise = (int(used.sum()) - 1) * (1 / x.sum() + 1 / y.sum())
    p, q = ((counts[used] + HALF) / (counts[used] + HALF).sum() for counts in (x, y))
    index = float(((q - p) * np.log(q / p)).sum())
    return max(index - float(noise), 0.0)
