"""Steps of a canary: they grow as a watch can see, and a bad policy loses no more than it may."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from audit.stats.canary import FIRST, GROWTH, CanaryStep, FearedLoss, canary_steps
from audit.stats.sequential import log_e_fail_windows
from audit.stats.tango import PairCounts

MARGIN, LOSS, PSI, ALPHA = 0.03, 0.09, 0.15, 0.05


def steps(requests: float, allowed: float = 0.1, **changes: float) -> tuple[CanaryStep, ...]:
    """Of a route."""
    feared = FearedLoss(**({"margin": MARGIN, "loss": LOSS, "discordance": PSI, "alpha": ALPHA} | changes))
    return canary_steps(feared, requests=requests, allowed=allowed, most_pairs=1000, windows=8)


@pytest.mark.parametrize("requests", [50, 700, 5_000, 200_000])
def test_steps_grow_and_stay_within_the_allowance(requests: float) -> None:
    """No share shrinks or leaps, what is seen only rises, and what may be lost is not exceeded."""
    made = steps(requests)
    shares = [one.share for one in made]
    assert 0 < shares[0] <= FIRST
    assert all(one <= later <= GROWTH * one for one, later in pairwise(shares))
    assert [one.seen for one in made] == sorted(one.seen for one in made)
    assert made[-1].lost <= 0.1
    assert all(one.pairs <= min(one.share * requests, 1000) for one in made)


def test_much_traffic_gets_there_and_little_does_not() -> None:
    """Where a window holds too few pairs to see anything, the canary does not go on to all traffic."""
    assert steps(5_000)[-1].share == 1.0
    assert steps(50)[-1].share < 1.0


def test_the_watch_itself_sees_a_bad_policy_as_often_as_the_steps_say() -> None:
    """Other futures than the steps were made from, through the watch's own function."""
    made, rng, loud, lost, logs = steps(2_000), np.random.default_rng(11), 0, 0.0, 300
    kinds = [(PSI + LOSS) / 2, (PSI - LOSS) / 2, 1 - PSI]
    for _ in range(logs):
        windows: list[PairCounts] = []
        for one in made:
            lost += LOSS * one.share
            b, c, _ = rng.multinomial(one.pairs, kinds)
            windows.append(PairCounts(b=int(b), c=int(c), n=one.pairs))
            if log_e_fail_windows(windows, margin=MARGIN) >= -math.log(ALPHA):
                loud += 1
                break
    assert loud / logs == pytest.approx(made[-1].seen, abs=0.1)
    assert lost / logs <= 0.1 * 1.2


def test_what_makes_no_sense_is_refused() -> None:
    """The feared loss is beyond the margin, and at most all of the pairs that differ."""
    for changes in ({"loss": MARGIN}, {"discordance": LOSS / 2}, {"margin": 0.0}, {"alpha": 1.0}):
        with pytest.raises(ValueError, match=r"need 0 < margin|alpha"):
            steps(1000, **changes)
