"""Labels and proxies: coverage and what they save."""

import numpy as np
import pytest

from audit.stats.paired import tango_many
from audit.stats.proxies import disagreement_delta, ppi_mean
from tests.stats.populations import counts, pair

pytestmark = pytest.mark.slow


@pytest.mark.acceptance(21)
@pytest.mark.parametrize("n", [25, 50, 100])
def test_guarded_ppi_on_a_delta(n: int) -> None:
    """gsm 4o to 8B with "same answer" as proxy, 1,000 further replays: coverage at least .93; a quarter narrower."""
    data, rng = pair("gsm 4o/8B"), np.random.default_rng(n)
    truth, values, proxy = data.delta, data.differences, data.same.astype(float)
    inside, width, alone = 0, 0.0, 0.0
    for _ in range(1000):
        rows = rng.integers(0, values.size, n + 1000)
        few, more = rows[:n], rows[n:]
        found = ppi_mean(values[few], proxy[few], proxy[more], value_range=2.0).interval
        labels = ppi_mean(values[few], proxy[few], [], value_range=2.0).interval
        assert found is not None
        assert labels is not None
        inside += found.low <= truth <= found.high
        width, alone = width + found.high - found.low, alone + labels.high - labels.low
    print(f"\nPPI guarded, delta gsm 4o/8B, {n} labels: coverage {inside / 1000:.4f}, width ratio {width / alone:.3f}")
    assert inside / 1000 >= 0.93
    if n == 100:
        assert 0.68 <= width / alone <= 0.79


@pytest.mark.acceptance(23)
def test_disagreement_only() -> None:
    """50 labels among the differing of 500 replays: coverage in [.925, .97], at most .45 of random labels' width."""
    data, rng = pair("gsm 4o/3.5"), np.random.default_rng(23)
    values, differs, truth = data.differences, ~data.same, data.delta
    inside, width, random_width = 0, 0.0, 0.0
    for _ in range(2000):
        rows = rng.integers(0, values.size, 500)
        differing = rows[differs[rows]]
        labelled = values[differing[:50]]
        table = counts(int((labelled < 0).sum()), int((labelled > 0).sum()), labelled.size)
        found = disagreement_delta(table, differing=differing.size, replays=500).interval
        plain = values[rows[:50]]
        low, high = tango_many([(plain < 0).sum()], [(plain > 0).sum()], 50)
        assert found is not None
        inside += found.low <= truth <= found.high
        width, random_width = width + found.high - found.low, random_width + float(high[0] - low[0])
    print(
        f"\ndisagreement-only, gsm 4o/3.5 ({differs.mean():.3f} differ): coverage {inside / 2000:.4f}, "
        f"width {width / 2000:.3f}, of random labels' {width / random_width:.3f}"
    )
    assert 0.925 <= inside / 2000 <= 0.97
    assert width / random_width <= 0.45
