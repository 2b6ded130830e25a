"""How long answers took: quantiles within what they promise, of billable requests alone."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from audit.core.display import milliseconds
from audit.core.mixture import AnswerTimes
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


@pytest.mark.parametrize("ms", [1.0, 333.0, 989.0, 1_000.0, 1_009.5, 61_234.0])
def test_times_that_are_all_the_same_are_told_as_they_are(ms: float, tmp_path: Path) -> None:
    """A count of them is no reason to tell another time: in JSON, in the table, and whichever bin they are in."""
    mix = measure_mix(traffic(tmp_path, [row(latency_ms=ms) for _ in range(30)]), ())
    assert mix.total.latency == AnswerTimes(requests=30, p50_ms=ms, p95_ms=ms, within=0.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_time_is_told_as_well_as_it_is_known(seed: int, tmp_path: Path) -> None:
    """`within` holds for both figures, and a figure that is not exact is printed with two digits."""
    rng = random.Random(seed)
    times = sorted(rng.uniform(900, 999) for _ in range(40))
    latency = measure_mix(traffic(tmp_path, [row(latency_ms=ms) for ms in times]), ()).total.latency
    assert latency is not None
    assert 0 < latency.within < WITHIN
    for share, found in ((0.5, latency.p50_ms), (0.95, latency.p95_ms)):
        assert found == pytest.approx(times[math.ceil(share * 40) - 1], rel=latency.within + 1e-9)
        assert len(milliseconds(found, latency.within).rstrip("0 ms.")) <= 2


def test_a_log_without_times_has_none(tmp_path: Path) -> None:
    """What the log does not tell is nothing, and no time of zero."""
    assert measure_mix(traffic(tmp_path, [row(), row(latency_ms=0.0)]), ()).total.latency is None
