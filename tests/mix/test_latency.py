"""How long answers took: quantiles within what they promise, of billable requests alone."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from audit.mix.run import measure_mix
from tests.mix.test_mix import row, traffic

WITHIN = 0.0111


@pytest.mark.parametrize("seed", range(8))
def test_quantiles_are_within_a_hundredth(seed: int, tmp_path: Path) -> None:
    """Of the request that is the half, and the 95 %, of all; in the log, by route and by model."""
    rng = random.Random(seed)
    times = [math.exp(rng.gauss(7, 1 + seed / 3)) for _ in range(rng.choice([1, 2, 19, 400]))]
    rows = [row(latency_ms=ms, route=rng.choice("ab")) for ms in times]
    mix = measure_mix(traffic(tmp_path, rows[::2], rows[1::2], [row(latency_ms=1e9, status="error")]), ())
    groups = {"": times, **{name: [r["latency_ms"] for r in rows if r["route"] == name] for name in "ab"}}
    for one in (mix.total, *mix.by_route):
        told = sorted(groups["" if one.name == "total" else one.name])
        if not told:
            continue
        assert one.latency is not None
        assert one.latency.requests == len(told)
        for share, found in ((0.5, one.latency.p50_ms), (0.95, one.latency.p95_ms)):
            assert found == pytest.approx(told[math.ceil(share * len(told)) - 1], rel=WITHIN)


def test_a_log_without_times_has_none(tmp_path: Path) -> None:
    """What the log does not tell is nothing, and no time of zero."""
    assert measure_mix(traffic(tmp_path, [row(), row(latency_ms=0.0)]), ()).total.latency is None
