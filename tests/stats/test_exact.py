"""The exact p-value: golden values, brute force, monotone, exact size."""

import time

import numpy as np
import pytest

from audit.stats.exact import (
    Region,
    p_fail,
    p_pass,
    smallest_n,
)
from audit.stats.tango import tango_z_many
from tests.stats.populations import counts, table_weights, tables
from tests.stats.regions import rejection_region


@pytest.mark.acceptance(2)
@pytest.mark.parametrize(
    ("table", "margin", "expected"),
    [
        ((0, 0, 58), 0.05, 0.05105),
        ((0, 0, 59), 0.05, 0.04849),
        ((0, 0, 298), 0.01, 0.05004),
        ((0, 0, 299), 0.01, 0.04954),
        ((0, 10, 40), 0.05, 0.00017),
        # 0.01698 on a grid of 41 points that is dense near 0 only; see two rows below.
        ((3, 5, 100), 0.05, 0.01700),
        ((12, 5, 100), 0.05, 0.76601),
        # 0.05807 on a grid of 41 points that is dense near 0 only: it understates the maximum.
        ((2, 2, 200), 0.02, 0.05818),
    ],
)
def test_golden(table: tuple[int, int, int], margin: float, expected: float) -> None:
    """The p-value has the enumerated values."""
    assert p_pass(counts(*table), margin=margin) == pytest.approx(expected, abs=1e-5)


@pytest.mark.acceptance(2)
def test_golden_small() -> None:
    """A clear case is below 1e-4, and 20 regressions in 100 are a FAIL with p = 6.6e-5."""
    assert p_pass(counts(40, 14, 1319), margin=0.05) < 1e-4
    assert p_fail(counts(20, 0, 100), margin=0.05) == pytest.approx(6.6e-5, abs=5e-7)
    assert p_pass(counts(0, 0, 59), margin=0.05) == pytest.approx(0.95**59, rel=1e-9)
    assert p_pass(counts(0, 0, 0), margin=0.05) == 1.0


@pytest.mark.acceptance(2)
@pytest.mark.parametrize("margin", [0.05, -0.05, 0.2])
def test_equals_brute_force(margin: float) -> None:
    """For every table of 12 pairs p is the largest probability of the as extreme tables over a fine grid."""
    n = 12
    b, c = tables(n)
    z = tango_z_many(b / n, c / n, n, -margin)
    order = np.argsort(-z, kind="stable")
    # Each row of `weights` is one value of the nuisance parameter; dense at both ends, where the maximum may be.
    start, length = max(0.0, -margin), (1 - abs(margin)) / 2
    positions = np.sin(np.linspace(0, np.pi / 2, 3001)) ** 2
    best = np.zeros(b.size)
    for position in positions:
        p_c = start + length * position
        cumulative = np.cumsum(table_weights(b, c, n, max(p_c + margin, 0.0), p_c)[order])
        best = np.maximum(best, cumulative)
    last = np.searchsorted(-z[order], -z + 1e-9, side="right") - 1
    expected = np.minimum(best[last], 1.0)
    found = np.array([p_pass(counts(int(x), int(y), n), margin=margin) for x, y in zip(b, c, strict=True)])
    assert np.abs(found - expected).max() < 1e-6


@pytest.mark.acceptance(2)
@pytest.mark.parametrize("margin", [0.05, -0.05])
def test_the_inside_of_the_hypothesis_is_no_worse_than_its_edge(margin: float) -> None:
    """For every table of 12 pairs p bounds what is as extreme at every loss of the margin or more, not only at it."""
    n = 12
    b, c = tables(n)
    z = tango_z_many(b / n, c / n, n, -margin)
    order = np.argsort(-z, kind="stable")
    best = np.zeros(b.size)
    for p_c in np.linspace(max(0.0, -margin), 1.0, 41):
        for p_b in np.linspace(max(p_c + margin, 0.0), 1.0 - p_c, 31) if p_c + margin <= 1.0 - p_c else ():
            best = np.maximum(best, np.cumsum(table_weights(b, c, n, p_b, p_c)[order]))
    largest = best[np.searchsorted(-z[order], -z + 1e-9, side="right") - 1]
    found = np.array([p_pass(counts(int(x), int(y), n), margin=margin) for x, y in zip(b, c, strict=True)])
    assert (found >= np.minimum(largest, 1.0) - 1e-9).all()


@pytest.mark.acceptance(2)
def test_monotone() -> None:
    """p rises with regressions, falls with gains and with the margin."""
    by_b = [p_pass(counts(b, 4, 120), margin=0.05) for b in range(20)]
    by_c = [p_pass(counts(6, c, 120), margin=0.05) for c in range(20)]
    by_margin = [p_pass(counts(6, 4, 120), margin=margin) for margin in (0.01, 0.02, 0.05, 0.1, 0.2)]
    assert (np.diff(by_b) >= -1e-12).all()
    assert (np.diff(by_c) <= 1e-12).all()
    assert (np.diff(by_margin) <= 1e-12).all()


def test_the_maximum_at_high_discordance_is_found() -> None:
    """Near discordance 1 the probability oscillates; a grid sparse there understates this p by 9 %."""
    table, margin = counts(7, 11, 124), 0.1
    z = tango_z_many(table.b / table.n, table.c / table.n, table.n, -margin)
    b, c = tables(124)
    inside = tango_z_many(b / 124, c / 124, 124, -margin) >= z - 1e-9
    p_c = 0.45 * np.linspace(0.98, 1.0, 401)
    largest = max(table_weights(b[inside], c[inside], 124, x + margin, x).sum() for x in p_c)
    assert p_pass(table, margin=margin) >= largest - 1e-9


@pytest.mark.acceptance(3)
@pytest.mark.parametrize("n", [50, 100, pytest.param(200, marks=pytest.mark.slow)])
def test_exact_size(n: int) -> None:
    """On the boundary of the hypothesis the test rejects with at most alpha, whatever the discordance."""
    for margin in (0.02, 0.05, 0.10):
        for alpha in (0.01, 0.05, 0.10):
            region = rejection_region(n, margin=margin, alpha=alpha)
            sizes = [
                Region.of(region).probability((psi + margin) / 2, (psi - margin) / 2)
                for psi in np.linspace(margin, 1.0, 26)
            ]
            assert max(sizes) <= alpha + 1e-9


@pytest.mark.parametrize(("n", "margin", "alpha"), [(40, 0.05, 0.1), (100, 0.05, 0.05), (120, -0.05, 0.05)])
def test_region_is_what_the_p_value_rejects(n: int, margin: float, alpha: float) -> None:
    """A table is in the rejection region exactly when its p-value is at most alpha."""
    region = rejection_region(n, margin=margin, alpha=alpha)
    for b in range(0, n // 2, 3):
        least = int(region[b])
        if least <= n - b:
            assert p_pass(counts(b, least, n), margin=margin) <= alpha
        if least > 0:
            assert p_pass(counts(b, least - 1, n), margin=margin) > alpha


def test_region_probability_is_a_sum_over_tables() -> None:
    """The fast sum equals the sum over all tables in the region."""
    region = rejection_region(60, margin=0.05, alpha=0.1)
    b, c = tables(60)
    inside = c >= region[b.astype(int)]
    for p_b, p_c in ((0.03, 0.02), (0.3, 0.1), (0.0, 0.2), (0.5, 0.5)):
        expected = table_weights(b, c, 60, p_b, p_c)[inside].sum()
        assert Region.of(region).probability(p_b, p_c) == pytest.approx(expected, abs=1e-10)


@pytest.mark.acceptance(6)
@pytest.mark.parametrize(
    ("margin", "alpha", "expected"),
    [(0.1, 0.05, 29), (0.05, 0.05, 59), (0.03, 0.05, 99), (0.02, 0.05, 149), (0.01, 0.05, 299), (0.05, 0.1, 45)],
)
def test_floor(margin: float, alpha: float, expected: int) -> None:
    """Without discordant pairs a PASS needs ln alpha / ln(1 - margin) pairs."""
    assert smallest_n(margin, alpha) == expected
    assert p_pass(counts(0, 0, expected), margin=margin) <= alpha < p_pass(counts(0, 0, expected - 1), margin=margin)


@pytest.mark.acceptance(28)
def test_counts_are_whole_but_for_rounding() -> None:
    """0.07 * 100 is 7.000000000000001 and counts as 7, not 8; real fractions are rounded against the claim."""
    assert 0.07 * 100 > 7
    assert p_pass(counts(0.07 * 100, 0, 100), margin=0.05) == p_pass(counts(7, 0, 100), margin=0.05)
    assert p_pass(counts(3.2, 5.9, 99.5), margin=0.05) == p_pass(counts(4, 5, 99), margin=0.05)
    assert p_fail(counts(3.2, 5.9, 99.5), margin=0.05) == p_fail(counts(3, 6, 99), margin=0.05)


def test_fractional_counts_are_rounded_against_either_claim() -> None:
    """A part of a pair counts as none for a PASS, as a whole concordant one for a FAIL."""
    scaled = counts(20.4, 3.6, 100.5)
    assert p_pass(scaled, margin=0.05) == p_pass(counts(21, 3, 100), margin=0.05)
    assert p_fail(scaled, margin=0.05) == p_fail(counts(20, 4, 101), margin=0.05)


@pytest.mark.parametrize("margin", [1.0, -1.0, 3.0])
def test_margins_are_fractions(margin: float) -> None:
    """A margin of 3 for three points is refused."""
    with pytest.raises(ValueError, match="margin"):
        p_pass(counts(1, 1, 10), margin=margin)
    with pytest.raises(ValueError, match="margin"):
        rejection_region(10, margin=margin, alpha=0.05)


@pytest.mark.acceptance(30)
def test_speed() -> None:
    """One p-value of 5,000 pairs takes less than 0.5 s; 100 of 400 pairs less than 6 s."""
    started = time.process_time()
    p_pass(counts(101, 83, 5000), margin=0.02)
    assert time.process_time() - started < 0.5
    rng = np.random.default_rng(0)
    started = time.process_time()
    for _ in range(100):
        b, c, _rest = map(int, rng.multinomial(400, [0.09, 0.06, 0.85]))
        p_pass(counts(b, c, 400), margin=0.0471)
    print(f"\n100 p-values of 400 pairs: {time.process_time() - started:.2f} s")
    assert time.process_time() - started < 6.0
