"""Our code against the terse reference implementation, where that is at hand."""

import sys
from types import ModuleType

import numpy as np
import pytest

from audit.stats.betting import wsr_p
from audit.stats.exact import p_pass
from audit.stats.tango import tango_many
from tests.shared import SHARED, needs_shared
from tests.stats.populations import counts, tables

pytestmark = needs_shared("reference/auditstats.py")


@pytest.fixture
def oracle(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The reference module, imported from the shared folder."""
    monkeypatch.syspath_prepend(str(SHARED / "reference"))
    sys.modules.pop("auditstats", None)
    import auditstats

    return auditstats


@pytest.mark.parametrize("n", [1, 5, 30])
def test_tango(oracle: ModuleType, n: int) -> None:
    """The score interval agrees for every table."""
    b, c = tables(n)
    assert np.allclose(tango_many(b, c, n), oracle.tango(b, c, n), atol=1e-9)


def test_exact_p_is_never_below_the_reference(oracle: ModuleType) -> None:
    """The refined maximum is at or above the reference's grid of 401 points, and at most a tenth above it."""
    rng = np.random.default_rng(0)
    for _ in range(10):
        n, margin = int(rng.integers(20, 250)), float(rng.choice([-0.05, 0.02, 0.05]))
        b, c, _rest = map(int, rng.multinomial(n, [0.08, 0.06, 0.86]))
        ours, theirs = p_pass(counts(b, c, n), margin=margin), oracle.eu_p(b, c, n, margin, grid=401)
        assert theirs * (1 - 1e-6) - 1e-12 <= ours <= theirs * 1.1 + 1e-3


def test_betting(oracle: ModuleType) -> None:
    """The betting p-value equals the reference on the mirrored problem."""
    rng = np.random.default_rng(1)
    for _ in range(10):
        values = np.clip(rng.normal(0.0, 0.2, 120), -1, 1)
        # The reference tests "the mean is large, small is good".
        theirs = oracle.wsr_p(1 - (1 + values) / 2, 1 - (1 - 0.05) / 2, delta=0.05)
        assert wsr_p(values, margin=0.05, alpha=0.05) == pytest.approx(theirs, rel=1e-9)
