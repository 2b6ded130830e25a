"""How often a recheck turns a tier away that saves more than an audit costs, where a few requests carry the saving.

`AUDIT_SAVINGS` says how many rechecks of each world, 150 unless it is set.
"""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt
import pytest

from audit.certificate.rechecking import MISS, MISS_BY_QUALITY, SAVING_ALPHA, SAVING_LEVEL, pairs_to_ask, stages_of
from audit.pairing.money import Moved, saved_at_most

RECHECKS = int(os.environ.get("AUDIT_SAVINGS", "150"))
REQUESTS = 20_000
Costs = npt.NDArray[np.float64]


@pytest.mark.slow
@pytest.mark.parametrize(("share", "dear"), [(0.02, 0.5), (0.01, 1.0), (0.005, 2.0)])
def test_few_requests_that_carry_the_saving(share: float, dear: float) -> None:
    """However good the foreseen costs are."""
    rng = np.random.default_rng(0)
    long = np.arange(REQUESTS) < share * REQUESTS
    billed = np.where(long, dear, 0.002) * rng.lognormal(0, 0.3, REQUESTS)
    cost = np.where(long, 0.5, 0.995) * billed * rng.lognormal(0, 0.02, REQUESTS)
    for words, foreseen in (
        ("exact", cost),
        ("as billed", billed),
        ("off by half", cost * rng.lognormal(0, 0.5, REQUESTS)),
    ):
        away = turned_away(billed, cost, foreseen, 0.999 * float((billed - cost).sum()))
        print(f"\n{share:.1%} of requests carry it, foreseen {words}: turned away {away:.1%}", end="")
        assert away <= MISS - MISS_BY_QUALITY


@pytest.mark.slow
@pytest.mark.parametrize("sigma", [1.0, 2.0, 2.5])
def test_long_prompts(sigma: float) -> None:
    """Prompts of lognormal length, cheaper by the prompt and dearer by the answer; and a tier that saves nothing."""
    rng = np.random.default_rng(0)
    prompt, answer = rng.lognormal(6, sigma, REQUESTS), rng.lognormal(4.5, 0.5, REQUESTS)
    billed, foreseen = 3 * prompt + 15 * answer, prompt + 20 * answer
    cost = prompt + 20 * answer * rng.lognormal(0, 0.4, REQUESTS)
    away = turned_away(billed, cost, foreseen, 0.999 * float((billed - cost).sum()))
    dearer = 1.3 * billed * rng.lognormal(0, 0.3, REQUESTS) / np.exp(0.045)
    right = turned_away(billed, dearer, 1.3 * billed, 0.005 * float(billed.sum()))
    print(f"\nsigma {sigma}: turned away {away:.1%}; of a tier that costs 30 % more {right:.0%}", end="")
    assert away <= MISS - MISS_BY_QUALITY


def turned_away(billed: Costs, cost: Costs, foreseen: Costs, full_usd: float) -> float:
    """Share of rechecks in which some look shows that no more than so much is saved."""
    rng, stages = np.random.default_rng(1), stages_of(pairs_to_ask(0.03, 0.15))
    moved, away = Moved(billed=billed, foreseen=foreseen), 0
    for _ in range(RECHECKS):
        drawn = rng.choice(REQUESTS, stages[-1], replace=False)
        for asked in (drawn[:n] for n in stages):
            found = saved_at_most(cost[asked], foreseen[asked], moved, alpha=SAVING_ALPHA, level=SAVING_LEVEL)
            assert found is not None
            assert found.hi is not None
            if found.hi <= full_usd:
                away += 1
                break
    return away / RECHECKS
