"""Coverage of kappa's interval."""

import numpy as np
import pytest

from audit.stats.agreement import rater_agreement

pytestmark = pytest.mark.slow

# Pass rates of the two raters, and the true kappa.
CASES = (
    (0.5, 0.5, 0.0),
    (0.5, 0.5, 0.7),
    (0.8, 0.8, 0.4),
    (0.8, 0.8, 0.9),
    (0.9, 0.9, 0.7),
    (0.7, 0.8, 0.4),
)


@pytest.mark.parametrize("n", [20, 50, 100])
def test_kappa(n: int) -> None:
    """With even and lopsided verdicts and kappa from 0 to .9 the 95 % interval covers at least .925 of 1,000 runs."""
    rng = np.random.default_rng(n)
    found = {}
    for first, second, kappa in (
        (0.5, 0.5, 0.0),
        (0.5, 0.5, 0.7),
        (0.8, 0.8, 0.4),
        (0.8, 0.8, 0.9),
        (0.9, 0.9, 0.7),
        (0.7, 0.8, 0.4),
    ):
        expected = first * second + (1 - first) * (1 - second)
        observed = expected + kappa * (1 - expected)
        both = (observed + first + second - 1) / 2
        cells = [both, first - both, second - both, observed - both]
        inside = 0
        for _ in range(1000):
            cell = rng.choice(4, n, p=cells)
            interval = rater_agreement(cell < 2, cell % 2 == 0).kappa_interval
            assert interval is not None
            inside += interval.low <= kappa <= interval.high
        found[(first, second, kappa)] = inside / 1000
    print(f"\nkappa, n={n}: coverage {min(found.values()):.3f} to {max(found.values()):.3f}")
    assert min(found.values()) >= 0.925
