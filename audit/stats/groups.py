"""Groups of like vectors, and whether something is more frequent in one of them than chance would have it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import special

from audit.stats.multiplicity import holm

ROUNDS = 50
"""Steps after which the groups are taken as they are; they settle within a dozen."""


def spherical_groups(
    vectors: npt.NDArray[np.float32], k: int, *, seed: int = 0, alike: float = 0.85
) -> npt.NDArray[np.int64]:
    """Group unit vectors by direction.

    Args:
        vectors: Shape (n, d), rows of length 1; zero rows are like nothing and go to any group.
        k: Groups at most, at least 1.
        seed: Of the first centres.
        alike: Cosine of two centres from which their groups are one.

    Returns:
        The group of each row, shape (n,), numbered from 0 by falling size; the same for the same rows and seed.

    Special cases:
        Fewer different rows than k: fewer groups. No rows: an empty array.

    Source:
        Dhillon & Modha (2001), Machine Learning 42:143-175; first centres as in Arthur & Vassilvitskii (2007),
        k-means++, SODA 1027-1035.
    """
    n = len(vectors)
    if not n:
        return np.zeros(0, dtype=np.int64)
    rng = np.random.default_rng(seed)
    centres = [vectors[int(rng.integers(n))]]
    far = 1.0 - vectors @ centres[0]
    while len(centres) < k:
        weight = np.maximum(far, 0.0) ** 2
        weight[weight < 1e-9] = 0.0  # what a centre is already
        if not weight.sum():
            break
        centres.append(vectors[int(rng.choice(n, p=weight / weight.sum()))])
        far = np.minimum(far, 1.0 - vectors @ centres[-1])
    middle = np.stack(centres)
    found = np.full(n, -1)
    for _ in range(ROUNDS):
        nearest = np.argmax(vectors @ middle.T, axis=1)
        if np.array_equal(nearest, found):
            break
        found = nearest
        for group in np.unique(found):
            total = vectors[found == group].sum(axis=0)
            length = float(np.linalg.norm(total))
            middle[group] = total / length if length > 0 else middle[group]
    found = _merged(vectors, found, alike)
    names, sizes = np.unique(found, return_counts=True)
    order = {int(name): place for place, name in enumerate(names[np.lexsort((names, -sizes))])}
    return np.array([order[int(name)] for name in found], dtype=np.int64)


def _merged(vectors: npt.NDArray[np.float32], found: npt.NDArray[np.int64], alike: float) -> npt.NDArray[np.int64]:
    """The groups with those made one whose centres point the same way, the closest two first."""
    while len(names := np.unique(found)) > 1:
        middle = np.stack([vectors[found == name].sum(axis=0) for name in names])
        middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9)
        near = np.triu(middle @ middle.T, k=1)
        first, second = np.unravel_index(int(np.argmax(near)), near.shape)
        if near[first, second] < alike:
            break
        found = np.where(found == names[second], names[first], found)
    return found


def outstanding(lost: Sequence[int], sizes: Sequence[int], *, alpha: float = 0.05) -> list[bool]:
    """Which groups hold more losses than chance would give any of them.

    Args:
        lost: Losses by group.
        sizes: Members by group.
        alpha: Chance that any group is named where losses fall at random.

    Returns:
        One word a group: its exact p-value given all losses, adjusted for looking at every group (Holm).

    Special cases:
        No group: none. No loss at all: none is named.

    Source:
        Fisher (1935), J. R. Stat. Soc. 98:39-82 (hypergeometric tail); Holm (1979), Scand. J. Statist. 6:65-70.
    """
    if not sizes:
        return []
    total, n = sum(lost), sum(sizes)
    p_values = [_tail(k, size, total, n) for k, size in zip(lost, sizes, strict=True)]
    return [bool(one) for one in holm(p_values, alpha=alpha).rejected]


def _tail(k: int, size: int, total: int, n: int) -> float:
    """P(at least k of `size` drawn from n, of which `total` are lost)."""
    ways = np.arange(k, min(size, total) + 1)
    if not ways.size:
        return 1.0
    logs = _log_choose(total, ways) + _log_choose(n - total, size - ways) - _log_choose(n, np.array([size]))
    return float(min(np.exp(special.logsumexp(logs)), 1.0))


def _log_choose(n: int, k: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    inside = (k >= 0) & (k <= n)
    safe = np.where(inside, k, 0)
    logs: npt.NDArray[np.float64] = special.gammaln(n + 1) - special.gammaln(safe + 1) - special.gammaln(n - safe + 1)
    return np.where(inside, logs, -np.inf)
