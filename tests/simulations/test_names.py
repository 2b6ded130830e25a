"""The watch on a model's name from the log alone: from a chosen day it answers worse. How soon that is seen, and how
often an alarm is raised for nothing. `AUDIT_SEEDS` says how many worlds of each kind, 300 unless it is set.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from audit.stats.falling import watch_rate

SEEDS = int(os.environ.get("AUDIT_SEEDS", "300"))
LOSS, ALPHA, RATE, BEFORE, DAYS, CHANGED = 0.03, 0.05, 0.95, 400, 60, 20
LOSSES = (0.0, LOSS, 0.06, 0.09, 0.12, 0.2)


def alarm(seed: int, lost: float, per_day: int) -> int | None:
    """The day of the alarm, from 0; None where there is none. From day `CHANGED` on answers fail more often."""
    rng = np.random.default_rng([seed, per_day])
    before = int(rng.binomial(BEFORE, 1 - RATE))
    shares = np.where(np.arange(DAYS) < CHANGED, 1 - RATE, 1 - RATE + lost)
    failed = rng.binomial(per_day, shares)
    return watch_rate(
        failed.tolist(), [per_day] * DAYS, before_failed=before, before_n=BEFORE, loss=LOSS, alpha=ALPHA
    ).alarm


def told(seeds: int, per_day: int, lost: float) -> tuple[float, float, float]:
    """Share of alarms before the change, share after it, and the median delay in days of the latter."""
    days = [alarm(seed, lost, per_day) for seed in range(seeds)]
    early = sum(day is not None and day < CHANGED for day in days) / seeds
    late = [day - CHANGED + 1 for day in days if day is not None and day >= CHANGED]
    return early, len(late) / seeds, float(np.median(late)) if late else float("nan")


@pytest.mark.slow
@pytest.mark.parametrize("per_day", [20, 60, 300])
def test_a_name_that_answers_worse_alarms(per_day: int) -> None:
    """False alarms stay below alpha over all days, a loss within the margin included; larger ones are seen sooner."""
    delays = []
    for lost in LOSSES:
        early, late, delay = told(SEEDS, per_day, lost)
        print(
            f"\n{per_day} answers a day, {100 * lost:g} points worse from day {CHANGED + 1} of {DAYS}: "
            f"alarms before {early:.1%}, after {late:.1%}, median delay {delay:.0f} days"
        )
        assert early <= ALPHA
        if lost <= LOSS:
            assert early + late <= ALPHA
        if lost >= 0.12 and per_day >= 60:
            assert late >= 0.9
        if lost >= 0.12:
            delays.append(delay)
    assert delays == sorted(delays, reverse=True)


def test_a_few_worlds_of_each_kind() -> None:
    """The same on 25 worlds: nothing at no loss and at the margin, nearly all at four margins."""
    for lost, least, most in ((0.0, 0.0, 0.05), (LOSS, 0.0, 0.05), (0.12, 0.9, 1.0)):
        early, late, _ = told(25, 60, lost)
        assert early <= 0.05
        assert least <= late <= most
