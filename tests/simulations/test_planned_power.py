"""What a planned sample delivers on a route whose criteria are taken at their word: the exact test, and a Switch.

    pytest -m slow -s tests/simulations/test_planned_power.py

prints the table. The plan sizes by the exact test at the error rate of the verdict (`slice.power`). A Switch asks for
more: the whole interval has to lie above the margin too, and several looks share the error rate.
"""

from __future__ import annotations

import numpy as np
import pytest

from audit.stats.exact import p_pass
from audit.stats.group_sequential import declare_looks
from audit.stats.pairs_test import Expects, PairsTest
from audit.stats.tango import PairCounts, tango_z

pytestmark = pytest.mark.slow

LEVEL, AUDITS = 0.95, 1_000


@pytest.mark.parametrize("power", [0.8, 0.9])
@pytest.mark.parametrize(("margin", "differ"), [(0.03, 0.15), (0.03, 0.05), (0.05, 0.15), (0.1, 0.15)])
def test_the_exact_test_passes_as_often_as_planned_and_a_switch_less_often(
    margin: float, differ: float, power: float
) -> None:
    """The planned chance is that of the exact test at its error rate; what a Switch asks for beside it is printed."""
    test = PairsTest.of(None, margin=margin, alpha=1 - LEVEL, confidence=LEVEL)
    wanted = test.pairs_wanted(Expects(discordance=differ, power=power))
    assert wanted is not None
    rng = np.random.default_rng(1)
    changes = rng.choice([-1, 1, 0], size=(AUDITS, wanted), p=[differ / 2, differ / 2, 1 - differ])
    exact = np.mean([p_pass(_counts(change), margin=margin) <= 1 - LEVEL for change in changes])
    shares = [float(np.mean([_switches(change, margin, looks, test.least) for change in changes])) for looks in (1, 5)]
    print(
        f"\nmargin {margin * 100:.0f} points, {differ:.0%} differ, planned for {power:.0%}: {wanted} pairs; the exact "
        f"test passes in {exact:.1%}, a Switch follows in {shares[0]:.1%} at one look, in {shares[1]:.1%} at five"
    )
    assert abs(exact - power) <= 0.05
    assert all(power - 0.2 <= share < exact for share in shares)


def _counts(change: np.ndarray) -> PairCounts:
    return PairCounts(b=int((change < 0).sum()), c=int((change > 0).sum()), n=change.size)


def _switches(change: np.ndarray, margin: float, looks: int, least: int) -> bool:
    """Whether any look of an audit certifies: its exact test, and its interval."""
    for look in declare_looks(looks, alpha=1 - LEVEL, confidence=LEVEL):
        seen = _counts(change[: -(-change.size * look.number // looks)])
        if seen.n < least or tango_z(seen, -margin) < look.critical:
            continue
        if p_pass(seen, margin=margin) <= look.alpha:
            return True
    return False
