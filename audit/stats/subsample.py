"""Whether some of a few requests look like a random sample of all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def rank_sum_p(values: npt.ArrayLike, marked: npt.ArrayLike, within: npt.ArrayLike | None = None) -> float:
    """Two-sided probability that the marked values stand as high or as low among all as they do, or further out.

    Args:
        values: Of any unit that has an order, shape (n,).
        marked: Which of them are in the sample, shape (n,).
        within: Groups inside which alone values are compared, because each may be drawn at a rate of its own, shape
            (n,); None for one group.

    Returns:
        By the normal approximation with ties corrected and half a step of continuity.

    Special cases:
        Nothing or everything of each group is marked, or all values are equal: 1.

    Source:
        Mann & Whitney (1947), On a test of whether one of two random variables is stochastically larger than the other,
        Ann. Math. Stat. 18:50-60; of groups, van Elteren (1960), On the combination of independent two sample tests of
        Wilcoxon, Bull. Int. Stat. Inst. 37:351-361.
    """
    x, chosen = np.asarray(values, dtype=np.float64), np.asarray(marked, dtype=np.bool_)
    groups = np.zeros(x.size) if within is None else np.asarray(within)
    gap, variance, step = 0.0, 0.0, 0.0
    for group in np.unique(groups):
        own = groups == group
        weight = 1 / (int(own.sum()) + 1)
        above, spread = _rank_sum(x[own], chosen[own])
        gap, variance = gap + weight * above, variance + weight**2 * spread
        step = max(step, 0.5 * weight) if spread else step
    if variance <= 0:
        return 1.0
    return min(math.erfc(max(abs(gap) - step, 0.0) / math.sqrt(2 * variance)), 1.0)


def _rank_sum(x: npt.NDArray[np.float64], chosen: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """The sum of the marked values' ranks less what is expected, and its variance."""
    n, k = x.size, int(chosen.sum())
    if k in (0, n):
        return 0.0, 0.0
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    variance = k * (n - k) / 12 * (n + 1 - ties / (n * (n - 1)))
    return float(ranks[chosen].sum()) - k * (n + 1) / 2, max(variance, 0.0)


def share_p(*groups: tuple[int, int, int, int]) -> float:
    """Two-sided exact probability that a part of the requests holds so many or so few of the marked ones.

    Args:
        groups: Of each group that is drawn from at a rate of its own: marked requests in the part, requests of the
            part, marked requests, all requests.

    Returns:
        Twice the smaller tail of the hypergeometric distribution, of several groups that of the sum, at most 1.

    Source:
        Fisher (1935), The logic of inductive inference, J. R. Stat. Soc. 98:39-82.
    """
    masses, at = np.ones(1), 0
    for of_part, part, marked, n in groups:
        low, high = max(0, marked + part - n), min(part, marked)
        masses = np.convolve(masses, [math.exp(_log_mass(k, part, marked, n)) for k in range(low, high + 1)])
        at += of_part - low
    return min(2 * min(math.fsum(masses[: at + 1]), math.fsum(masses[at:])), 1.0)


def _counts(
    group: npt.NDArray[np.bool_], of_part: npt.NDArray[np.bool_], chosen: npt.NDArray[np.bool_]
) -> tuple[int, int, int, int]:
    """A group's numbers as `share_p` takes them."""
    held = (group & of_part & chosen, group & of_part, group & chosen, group)
    in_part, part, marked, n = (int(one.sum()) for one in held)
    return in_part, part, marked, n


def _log_mass(k: int, part: int, marked: int, n: int) -> float:
    return _log_choose(marked, k) + _log_choose(n - marked, part - k) - _log_choose(n, part)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def shown_unlike(
    orders: dict[str, Sequence[float]],
    parts: dict[str, Sequence[str]],
    marked: Sequence[bool],
    *,
    least: int,
    within: Sequence[int] | None = None,
) -> tuple[str, float] | None:
    """By what some requests are most surely no random sample of all, and the probability of it by chance.

    Args:
        orders: Numbers by what they measure, each of length n.
        parts: Names of parts by what parts them, each of length n; an empty name is none.
        marked: Which requests are in the sample, of length n.
        least: Requests of a part from which it is looked at.
        within: Groups inside which alone requests are compared, of length n; None for one group.

    Returns:
        What is measured or parted, and its p-value times the number of comparisons; None without any request.

    Source:
        Bonferroni; Dunn (1961), Multiple comparisons among means, J. Am. Stat. Assoc. 56:52-64.
    """
    n, groups = len(marked), np.zeros(len(marked)) if within is None else np.asarray(within)
    chosen = np.asarray(marked, dtype=np.bool_)
    of_groups = [groups == group for group in np.unique(groups)]
    found = [(rank_sum_p(values, marked, groups), name) for name, values in orders.items()]
    for name, values in parts.items():
        for value in sorted(set(values) - {""}):
            of_part = np.asarray([own == value for own in values], dtype=np.bool_)
            if least <= of_part.sum() < n:
                counts = [_counts(own, of_part, chosen) for own in of_groups]
                found.append((share_p(*counts), name))
    if not found or not n:
        return None
    p, name = min(found)
    return name, min(p * len(found), 1.0)
