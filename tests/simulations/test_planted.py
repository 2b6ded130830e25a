"""Planted worlds through the product's own functions: wrong recommendations, and whether intervals hold the truth.

`AUDIT_SEEDS` says how many logs of each world, 200 unless it is set.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest

from tests.findings.planted import MARGIN, WORLDS, Audited, planted, routes_at_the_boundary
from tests.simulations.figures import told

SEEDS = int(os.environ.get("AUDIT_SEEDS", "200"))
MANY_SEEDS = max(SEEDS // 5, 1)
"""A fifth as many where an audit takes long and another test has all of them: a hundred routes with a guarantee for
each, and more losses by useless signals."""

MODES = ("at once", "in rounds")


def counted(audits: Iterable[Audited]) -> Counter[str]:
    """What came of some audits."""
    found: Counter[str] = Counter()
    for one in audits:
        found["audits"] += 1
        found["losers"] += one.truth.delta < -one.truth.margin
        found["wrong"] += one.wrong
        found["wrongly certified"] += one.wrongly_certified
        found["Switch"] += one.switch
        found["Split"] += one.split
        found["delta held"] += one.holds_delta
        found["saving held"] += one.holds_saving
        found["draws"] += one.draws
        found.update(f"{kind} tested" for kind in one.kinds)
        found.update(f"{kind} certified over all traffic" for kind in one.certified_kinds)
    return found


def shares(found: Counter[str], **more: float) -> dict[str, float]:
    """Counts as shares of the audits, but for audits and planted losers themselves; draws on average."""
    n = found["audits"]
    kept = {"audits": float(n), "losers": float(found["losers"]), "draws": round(found["draws"] / n)}
    return kept | {what: round(found[what] / n, 4) for what in sorted(found) if what not in kept} | more


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS)
def test_few_verdicts_are_wrong_and_intervals_hold(world: str) -> None:
    """At most 5 % wrong Switches or Splits, and coverage of at least 93 %, all looks at once and in rounds."""
    both: dict[str, list[Audited]] = {mode: [] for mode in MODES}
    for seed in range(SEEDS):
        log = planted({"/r": WORLDS[world](np.random.default_rng([seed, 77]))}, seed)
        for mode, audited in zip(MODES, (log.whole(), log.in_rounds()), strict=True):
            both[mode].append(audited["/r"])
    for mode, audits in both.items():
        found = counted(audits)
        told(f"{world}, {mode}", shares(found))
        assert found["wrong"] <= 0.05 * SEEDS
        assert found["wrongly certified"] <= 0.05 * SEEDS
        assert found["delta held"] >= 0.93 * SEEDS
        assert found["saving held"] >= 0.93 * SEEDS


@pytest.mark.slow
@pytest.mark.parametrize("guarantee", ["route", "portfolio"])
def test_a_hundred_routes_at_the_boundary(guarantee: str) -> None:
    """One audit of a hundred routes: per route at most 5 % are wrong; of a portfolio's audits at most 5 % hold one."""
    found: Counter[str] = Counter()
    with_one, seeds = 0, SEEDS if guarantee == "portfolio" else MANY_SEEDS
    for seed in range(seeds):
        audits = list(planted(routes_at_the_boundary(seed), seed, guarantee=guarantee).whole().values())
        found += counted(audits)
        with_one += any(one.wrong for one in audits)
    portfolios = {"portfolios": float(seeds), "portfolios with a wrong route": with_one / seeds}
    told(f"100 routes at the boundary, guarantee per {guarantee}", shares(found, **portfolios))
    assert found["wrong"] <= 0.05 * found["audits"]
    assert guarantee == "route" or with_one <= 0.05 * seeds
    assert found["delta held"] >= 0.93 * found["audits"]


@pytest.mark.slow
@pytest.mark.parametrize("over", [0.0005, 0.005, 0.015, 0.03])
def test_useless_signals_are_seldom_recommended(over: float) -> None:
    """Whatever all requests lose beyond the margin, at most 20 % of Splits by signals that tell nothing (the promise
    about the part that a Split moves), and at most 5 % certificates over all traffic that do not hold.
    """
    audits = []
    for seed in range(MANY_SEEDS):
        truth = WORLDS["useless signals"](np.random.default_rng([seed, 79]), loss=MARGIN + over)
        audits.append(planted({"/r": truth}, seed).whole()["/r"])
    found = counted(audits)
    told(f"useless signals, loss {100 * (MARGIN + over):.2f} points", shares(found))
    assert found["Split"] <= 0.2 * MANY_SEEDS
    assert found["wrongly certified"] <= 0.05 * MANY_SEEDS + 1
