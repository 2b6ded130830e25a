"""Sessions: the plain interval fails for a claim about future ones, the scaled one holds."""

import numpy as np
import pytest

from audit.stats.clusters import clustered_delta
from audit.stats.tango import PairCounts, tango
from tests.stats.populations import mmlu

pytestmark = pytest.mark.slow


@pytest.mark.acceptance(24)
def test_subjects_as_sessions() -> None:
    """20 of MMLU's subjects with 40 records each: scaled Tango covers in [.935, .975], the plain one below .80."""
    data, rng = mmlu(), np.random.default_rng(24)
    members = [np.flatnonzero(data.subject == subject) for subject in range(57)]
    difference = data.weak.astype(float) - data.strong
    truth = float(np.mean([difference[rows].mean() for rows in members]))
    scaled = plain = 0
    for _ in range(1500):
        chosen = rng.integers(0, 57, 20)
        rows = np.concatenate([rng.choice(members[subject], 40) for subject in chosen])
        with_clusters = clustered_delta(data.strong[rows], data.weak[rows], np.repeat(np.arange(20), 40)).interval
        without = tango(PairCounts.of(data.strong[rows], data.weak[rows]), level=0.95)
        assert with_clusters is not None
        scaled += with_clusters.low <= truth <= with_clusters.high
        plain += without.low <= truth <= without.high
    print(f"\nclusters, MMLU C=20 s=40: deff-Tango {scaled / 1500:.4f}, plain {plain / 1500:.4f}")
    assert 0.935 <= scaled / 1500 <= 0.975
    assert plain / 1500 < 0.80
