"""One rubric judge that is asked less, where labels of random pairs carry the verdict: what that saves and costs.

    pytest -m slow -s tests/simulations/test_judge_calls.py

prints the table. Any words of a judge are a valid proxy there, so every way of asking less holds the truth; what is
asked is how much wider the interval becomes. Both answers to a request are a question each; none of them are alike.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from audit.stats.random_labels import LabelledDraws, change_limits
from tests.shared import needs_shared
from tests.simulations.test_recorded_judge import LEVEL, RECORDED, preferred

pytestmark = [pytest.mark.slow, needs_shared(RECORDED)]

DRAWS, LABELS, SEEDS = 800, 150, 200
Asked = tuple[np.ndarray, int, np.ndarray]
"""The judge's words on each draw, 0 where it was not asked; its calls; and the draws that are looked at at all."""
EVERYTHING = np.ones(DRAWS, dtype=bool)


def both(own: np.ndarray, other: np.ndarray, cheap: np.ndarray) -> Asked:
    """Both answers to every request."""
    del cheap
    return other.astype(float) - own, 2 * DRAWS, EVERYTHING


def failed_first(own: np.ndarray, other: np.ndarray, cheap: np.ndarray) -> Asked:
    """The log's answer where the candidate's fails: what passes cannot be a loss."""
    del cheap
    return np.where(other, 0.0, -own.astype(float)), DRAWS + int((~other).sum()), EVERYTHING


def candidate_alone(own: np.ndarray, other: np.ndarray, cheap: np.ndarray) -> Asked:
    """The log's answer never."""
    del own, cheap
    return other.astype(float) - 1.0, DRAWS, EVERYTHING


def half_of_the_draws(own: np.ndarray, other: np.ndarray, cheap: np.ndarray) -> Asked:
    """Both answers of the first half, and nothing is known of the others."""
    del cheap
    first = np.arange(DRAWS) < DRAWS // 2
    return np.where(first, other.astype(float) - own, 0.0), DRAWS, first


def where_a_cheap_signal_differs(own: np.ndarray, other: np.ndarray, cheap: np.ndarray) -> Asked:
    """Both answers where a free signal calls them unlike; the others count as no change."""
    return np.where(cheap, other.astype(float) - own, 0.0), 2 * int(cheap.sum()), EVERYTHING


WAYS: list[Callable[[np.ndarray, np.ndarray, np.ndarray], Asked]] = [
    both,
    failed_first,
    candidate_alone,
    half_of_the_draws,
    where_a_cheap_signal_differs,
]


def test_a_rubric_judge_that_is_asked_less() -> None:
    """Each way holds the truth in 93 % of 200 seeds and more. Half of the calls make the interval of a judge that never
    errs a sixth wider at least, and that of one that errs on a tenth or more a tenth at most."""
    recorded = np.sign(preferred())
    print(
        f"\n{DRAWS} draws, {LABELS} labels, {SEEDS} seeds: calls of all, share that holds the truth, width against all"
    )
    for error in (0.0, 0.1, 0.2):
        for differ in (0.2, 0.5):
            found = {way.__name__: np.zeros(2) for way in WAYS}
            widths: dict[str, list[float]] = {way.__name__: [] for way in WAYS}
            truth = differ * float(recorded.mean()) * 0.2
            for seed in range(SEEDS):
                rng = np.random.default_rng([seed, round(error * 100), round(differ * 100)])
                # A fifth of what differs is as recorded, the rest as often lost as gained.
                change = np.where(rng.random(DRAWS) < 0.2, rng.choice(recorded, DRAWS), rng.choice([-1, 1], DRAWS))
                change = np.where(rng.random(DRAWS) < differ, change, 0.0)
                own, other = ((change * sign >= 0) ^ (rng.random(DRAWS) < error) for sign in (-1, 1))
                # Unlike where they differ in worth in four cases of five, and in a third of the others.
                cheap = rng.random(DRAWS) < np.where(change != 0, 0.8, 1 / 3)
                for way in WAYS:
                    said, calls, seen = way(own, other, cheap)
                    people = (np.arange(DRAWS) < LABELS)[seen]
                    known = np.where(people, change[seen], np.nan)
                    draws = LabelledDraws(said=said[seen], low=known, high=known, people=people)
                    limits = change_limits(draws, error=(1 - LEVEL) / 2)
                    found[way.__name__] += [limits.low <= truth <= limits.high, calls / (2 * DRAWS)]
                    widths[way.__name__].append(limits.high - limits.low)
            whole = float(np.median(widths["both"]))
            print(f"errs on {error:.0%}, {differ:.0%} differ, all: {whole * 100:.1f} points")
            for name, (held, calls) in found.items():
                wider = float(np.median(widths[name])) / whole
                print(f"  {name:30} {calls / SEEDS:6.0%} {held / SEEDS:7.1%} {wider:6.2f}")
                assert held >= 0.93 * SEEDS
                if name == half_of_the_draws.__name__:
                    assert (wider > 1.15) if error == 0 else (wider <= 1.12)
