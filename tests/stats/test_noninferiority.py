"""PASS and FAIL at the margin."""

import pytest

from audit.stats.exact import Region
from tests.stats.regions import rejection_region


@pytest.mark.acceptance(17)
def test_exact_error_rates_at_the_margin() -> None:
    """At a true delta of exactly -margin (psi .10, n 200) PASS and FAIL each happen in at most 5 % of runs."""
    passing = rejection_region(200, margin=0.05, alpha=0.05)
    failing = rejection_region(200, margin=-0.05, alpha=0.05)
    p_b, p_c = 0.075, 0.025
    pass_rate = Region.of(passing).probability(p_b, p_c)
    fail_rate = Region.of(failing).probability(p_c, p_b)
    print(f"\nat delta = -margin, psi .10, n 200: PASS {pass_rate:.4f}, FAIL {fail_rate:.4f}")
    assert 0.03 < pass_rate <= 0.05
    assert 0.03 < fail_rate <= 0.05
