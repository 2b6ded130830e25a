"""One request that is a part of a route, and a candidate that answers it rightly every other time.

Equal requests are sent once, so all of their pairs rest on one sampled answer: the interval is about what was answered,
and the report says by how much another run may differ. `AUDIT_SEEDS` says how many logs, 200 unless it is set.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from tests.findings.planted import WORLDS, Truth, audit_of
from tests.simulations.figures import told

SEEDS = int(os.environ.get("AUDIT_SEEDS", "200"))
SHARE = 0.06


def sampled(seed: int) -> tuple[Truth, float]:
    """A log, and the delta that production would see: in it every request is answered anew."""
    rng = np.random.default_rng([seed, 80])
    made = WORLDS["runaway answers"](rng)
    equal = rng.random(made.n) < SHARE
    before = made.before | equal
    after = np.where(equal, rng.random() < 0.5, made.after)
    seen = (made.after.astype(float) - before)[~equal].sum() - 0.5 * equal.sum()
    prompt = np.where(equal, 0, np.arange(1, made.n + 1))
    return replace(made, before=before, after=after, prompt=prompt), float(seen / made.n)


@pytest.mark.slow
def test_one_answer_for_many_requests() -> None:
    """The interval holds what was answered; what production sees lies in few of them, and half of the logs switch."""
    found = {"answered, held": 0, "expected, held": 0, "Switch": 0}
    for seed in range(SEEDS):
        truth, seen = sampled(seed)
        audited = audit_of(truth, seed)
        tested = audited.certified.policies.static("small")
        assert tested is not None
        assert tested.delta is not None
        assert tested.delta.lo is not None
        assert tested.delta.hi is not None
        found["answered, held"] += audited.holds_delta
        found["expected, held"] += tested.delta.lo <= seen <= tested.delta.hi
        found["Switch"] += audited.switch
    told("one answer for 6 % of a route", {what: number / SEEDS for what, number in found.items()})
    assert found["answered, held"] >= 0.93 * SEEDS
