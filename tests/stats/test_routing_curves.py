"""Quality against strong calls, and break-even."""

import numpy as np
import pytest

from audit.stats.routing_curves import break_even, cascade_saves, simultaneous_upper
from audit.stats.tango import PairCounts, tango_many
from tests.stats.populations import mmlu, mmlu_router
from tests.stats.routellm import apgr, apgr_interval, cpt, pgr, routing_curve


@pytest.mark.acceptance(7)
def test_break_even_golden() -> None:
    """Llama-3.1-8B before gpt-4o breaks even at .987 unverified, at .37 with the incumbent as judge."""
    assert break_even(cheap=2.19e-5, verify=1.01e-3, incumbent=1.64e-3) == pytest.approx(0.37, abs=5e-3)
    assert break_even(cheap=2.19e-5, verify=0.0, incumbent=1.64e-3) == pytest.approx(0.987, abs=5e-4)
    for wrong in ({"cheap": 1, "verify": 0, "incumbent": 0}, {"cheap": -1, "verify": 0, "incumbent": 1}):
        with pytest.raises(ValueError, match="incumbent must"):
            break_even(**wrong)


def test_a_cascade_saves_only_if_shown() -> None:
    """A rate below break-even is not enough: its upper end must be below."""
    assert not cascade_saves(30, 100, break_even_rate=0.37)
    assert cascade_saves(30, 1000, break_even_rate=0.37)
    assert not cascade_saves(0, 0, break_even_rate=0.99)


def test_perfect_and_random_signals() -> None:
    """A perfect signal recovers the gap at the share of records that need it; a random one half of it on average."""
    rng = np.random.default_rng(0)
    weak = (rng.random(4000) < 0.6).astype(float)
    strong = np.maximum(weak, rng.random(4000) < 0.5)
    needed = float((strong > weak).mean())
    perfect = routing_curve(strong - weak, weak, strong)
    assert cpt(perfect, 0.5) == pytest.approx(needed / 2, abs=1e-9)
    assert apgr(perfect) == pytest.approx(1 - needed / 2, abs=1e-9)
    assert apgr(routing_curve(rng.random(4000), weak, strong)) == pytest.approx(0.5, abs=0.03)
    recovered = pgr(perfect)
    assert recovered is not None
    assert (recovered[0], recovered[-1]) == (0.0, pytest.approx(1.0))


def test_undefined_without_a_shown_gap() -> None:
    """When the strong tier is not shown to be better, every share of the gap is None."""
    same = np.tile([1.0, 0.0], 20)
    curve = routing_curve(np.arange(40.0), same, same)
    assert (pgr(curve), apgr(curve), cpt(curve, 0.5)) == (None, None, None)
    assert apgr_interval(np.arange(40.0), same, same, rng=np.random.default_rng(0)) is None
    empty = routing_curve([], [], [])
    assert (empty.gap, apgr(empty)) == (None, None)


def test_equal_signals_switch_together() -> None:
    """A threshold cannot part records with one signal, so a constant signal has a curve of two points."""
    curve = routing_curve(np.zeros(50), np.zeros(50), np.ones(50))
    assert curve.strong_share.tolist() == [0.0, 1.0]
    assert apgr(curve) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="equal shapes"):
        routing_curve([1.0], [1.0, 0.0], [1.0, 0.0])


@pytest.mark.slow
def test_mmlu_router() -> None:
    """A TF-IDF router on MMLU (AUC about .64) recovers .60 to .74 of the gap on average; n = 200 says little."""
    trained, need = mmlu_router()
    data, rows = mmlu(), np.flatnonzero(~trained)
    curve = routing_curve(need[rows], data.weak[rows], data.strong[rows])
    area = apgr(curve)
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(300):
        some = rng.choice(rows, 200, replace=False)
        drawn = routing_curve(need[some], data.weak[some], data.strong[some])
        if drawn.gap is not None and drawn.gap > 0:
            areas.append(float(np.trapezoid((drawn.quality - drawn.quality[0]) / drawn.gap, drawn.strong_share)))
    print(f"\nAPGR {area:.3f}, CPT(50) {cpt(curve, 0.5):.3f}, CPT(80) {cpt(curve, 0.8):.3f}")
    print(f"sampling deviation of APGR at n = 200: {np.std(areas):.3f}")
    assert area is not None
    assert 0.60 <= area <= 0.74
    interval = apgr_interval(
        need[rows], data.weak[rows], data.strong[rows], rng=np.random.default_rng(1), resamples=200
    )
    assert interval is not None
    assert interval.low < area < interval.high
    assert np.std(areas) > 0.06


@pytest.mark.parametrize("runs", [200, pytest.param(4_000, marks=pytest.mark.slow)])
def test_upper_bounds_hold_at_once(runs: int) -> None:
    """The loss at each of ten thresholds is below its bound together in 95 of 100 samples, and single bounds are not.

    The truth is a score that orders requests by the chance of a regression; every sample draws anew.
    """
    rng = np.random.default_rng(5)
    n, steps = 400, 10
    regress, gain = np.linspace(0.0, 0.12, steps), np.full(steps, 0.02)
    true_loss = np.cumsum(regress - gain) / steps
    joint = single = 0
    for _ in range(runs):
        part = rng.integers(0, steps, n)
        draw = rng.random(n)
        lost = np.bincount(part[draw < regress[part]], minlength=steps).cumsum()
        won = np.bincount(part[draw > 1 - gain[part]], minlength=steps).cumsum()
        counts = [PairCounts(b=int(b), c=int(c), n=n) for b, c in zip(lost, won, strict=True)]
        joint += bool((true_loss <= simultaneous_upper(counts)).all())
        low, _ = tango_many(lost, won, n, level=0.9)
        single += bool((true_loss <= -low).all())
    assert joint / runs >= 0.95
    assert single / runs < 0.93


def test_upper_bounds_of_nothing() -> None:
    """No threshold has no bound; no pairs bound nothing."""
    assert simultaneous_upper([]).size == 0
    assert simultaneous_upper([PairCounts(b=0, c=0, n=0)]) == pytest.approx([1.0])
    with pytest.raises(ValueError, match="alpha"):
        simultaneous_upper([PairCounts(b=0, c=0, n=9)], alpha=0.0)
