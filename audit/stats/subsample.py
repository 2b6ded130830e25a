"""Whether some of a few requests look like a random sample of all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def rank_sum_p(values: npt.ArrayLike, marked: npt.ArrayLike) -> float:
    """Two-sided probability that the marked values stand as high or as low among all as they do, or further out.

    Args:
        values: Of any unit that has an order, shape (n,).
        marked: Which of them are in the sample, shape (n,).

    Returns:
        By the normal approximation with ties corrected and half a step of continuity.

    Special cases:
        Nothing or everything is marked, or all values are equal: 1.

    Source:
        Mann & Whitney (1947), On a test of whether one of two random variables is stochastically larger than the other,
        Ann. Math. Stat. 18:50-60.
    """
    x, chosen = np.asarray(values, dtype=np.float64), np.asarray(marked, dtype=np.bool_)
    n, k = x.size, int(chosen.sum())
    if k in (0, n):
        return 1.0
    _, place, counts = np.unique(x, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[place]
    ties = float((counts.astype(np.float64) ** 3 - counts).sum())
    variance = k * (n - k) / 12 * (n + 1 - ties / (n * (n - 1)))
    if variance <= 0:
        return 1.0
    gap = abs(float(ranks[chosen].sum()) - k * (n + 1) / 2)
    return min(math.erfc(max(gap - 0.5, 0.0) / math.sqrt(2 * variance)), 1.0)


def share_p(of_part: int, part: int, marked: int, n: int) -> float:
    """Two-sided exact probability that a part of the requests holds so many or so few of the marked ones.

    Args:
        of_part: Marked requests in the part.
        part: Requests of the part.
        marked: Marked requests.
        n: All requests.

    Returns:
        Twice the smaller tail of the hypergeometric distribution, at most 1.

    Source:
        Fisher (1935), The logic of inductive inference, J. R. Stat. Soc. 98:39-82.
    """
    low, high = max(0, marked + part - n), min(part, marked)
    masses = [math.exp(_log_mass(k, part, marked, n)) for k in range(low, high + 1)]
    at = of_part - low
    return min(2 * min(math.fsum(masses[: at + 1]), math.fsum(masses[at:])), 1.0)


def _log_mass(k: int, part: int, marked: int, n: int) -> float:
    return _log_choose(marked, k) + _log_choose(n - marked, part - k) - _log_choose(n, part)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def shown_unlike(
    orders: dict[str, Sequence[float]], parts: dict[str, Sequence[str]], marked: Sequence[bool], *, least: int
) -> tuple[str, float] | None:
    """By what some requests are most surely no random sample of all, and the probability of it by chance.

    Args:
        orders: Numbers by what they measure, each of length n.
        parts: Names of parts by what parts them, each of length n; an empty name is none.
        marked: Which requests are in the sample, of length n.
        least: Requests of a part from which it is looked at.

    Returns:
        What is measured or parted, and its p-value times the number of comparisons; None without any request.

    Source:
        Bonferroni; Dunn (1961), Multiple comparisons among means, J. Am. Stat. Assoc. 56:52-64.
    """
    n, taken = len(marked), sum(marked)
    found = [(rank_sum_p(values, marked), name) for name, values in orders.items()]
    for name, values in parts.items():
        for value in sorted(set(values) - {""}):
            rows = [chosen for own, chosen in zip(values, marked, strict=True) if own == value]
            if least <= len(rows) < n:
                found.append((share_p(sum(rows), len(rows), taken, n), name))
    if not found or not n:
        return None
    p, name = min(found)
    return name, min(p * len(found), 1.0)
