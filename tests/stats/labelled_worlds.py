"""Draws of which people judge a part, from worlds whose truth is planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from audit.stats.random_labels import LabelledDraws

World = Sequence[tuple[int, int, float]]
"""True difference, what the judge makes of it, and the share of draws."""

EDGES: Mapping[str, Callable[[float], World]] = {
    "sees nothing": lambda m: [(-1, 0, m), (0, 0, 1 - m)],
    "never errs": lambda m: [(-1, -1, m), (0, 0, 1 - m)],
    "sees half": lambda m: [(-1, -1, m / 2), (-1, 0, m / 2), (0, 0, 1 - m)],
    "half, and gains": lambda m: [
        *((-1, -1, m), (-1, 0, m / 2), (1, 1, m / 4), (1, 0, m / 4)),
        (0, 0, 1 - 2 * m),
    ],
    "false alarms": lambda m: [(-1, -1, 0.7 * m), (-1, 0, 0.3 * m), (0, -1, 0.1), (0, 1, 0.1), (0, 0, 0.8 - m)],
    "turns losses": lambda m: [(-1, 1, 0.3 * m), (-1, -1, 0.7 * m), (0, 0, 1 - m)],
    "useless": lambda m: [(y, f, p / 3) for y, p in ((-1, 0.05 + m), (1, 0.05), (0, 0.9 - m)) for f in (-1, 0, 1)],
    "much of all": lambda m: [
        *((-1, -1, 0.08 + 0.8 * m), (-1, 0, 0.2 * m), (1, 1, 0.05), (1, 0, 0.03)),
        *((0, -1, 0.05), (0, 1, 0.05), (0, 0, 0.74 - m)),
    ],
}
"""By what the judge does, worlds that lose exactly the margin."""

SELDOM_NOTHING: Mapping[str, Callable[[float], World]] = {
    "prefers nearly always": lambda m: [
        *((-1, -1, 0.17 + 0.8 * m), (-1, 1, 0.03 + 0.2 * m), (1, 1, 0.17), (1, -1, 0.03)),
        *((0, -1, 0.29 - m / 2), (0, 1, 0.29 - m / 2), (0, 0, 0.02)),
    ],
    "prefers the log's": lambda m: [
        *((-1, -1, 0.2 + m), (1, 1, 0.1), (1, -1, 0.1), (0, -1, 0.4 - m), (0, 1, 0.17), (0, 0, 0.03)),
    ],
    "nothing hides losses": lambda m: [(-1, 0, 0.03), (-1, -1, m), (1, 1, 0.03), (0, -1, 0.3 - m), (0, 1, 0.64)],
}
"""The same of judges that seldom call two answers alike, so that few labels are of such pairs."""


def drawn(world: World, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """True differences and the judge's words of n draws."""
    shares = np.array([share for _, _, share in world])
    of = rng.choice(len(world), size=n, p=shares / shares.sum())
    true, said = (np.array([row[i] for row in world], dtype=float)[of] for i in (0, 1))
    return true, said


def partly_labelled(true: np.ndarray, said: np.ndarray, labels: int) -> LabelledDraws:
    """The draws of which the first so many have a label."""
    people = np.arange(true.size) < labels
    known = np.where(people, true, np.nan)
    return LabelledDraws(said=said, low=known, high=known, people=people)
