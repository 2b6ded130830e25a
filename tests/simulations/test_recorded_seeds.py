"""Many audits of a real log, in rounds and with a fixed sample: wrong verdicts, coverage, replays, realised savings.

`AUDIT_SEEDS` says how many, 200 unless it is set; these take about half an hour on two cores.
"""

from __future__ import annotations

import math
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import polars as pl
import pytest

from audit.core.finding import CandidateFinding, RouteFinding
from audit.core.interval import Estimate
from tests.shared import needs_shared
from tests.simulations.recorded_log import Audited, Drawn, Universe, draw, replay_everything

SEEDS = range(int(os.environ.get("AUDIT_SEEDS", "200")))
MARGIN = 0.03
ROUNDS = "in rounds"
FIXED = "fixed sample"
PEER_TARGET, PEER_LEAST = 0.95, 10
"""The rule of a peer: cheapest tier whose pass rate is at least 0.95 times the incumbent's, from ten samples on."""

ORACLES = ("best_tier", "best_proposed", "each_request")
"""The whole route within the margin that saves most, the proposed policy that saves most, a choice per request."""

Row = dict[str, str | int | float | bool | None]


@pytest.mark.slow
@needs_shared("data/dev/log.jsonl.gz")
def test_many_audits_of_a_real_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong recommendations in at most 5 % of runs, intervals that hold; rounds save about as much with fewer calls."""
    replay_everything(tmp_path)
    routes, cells = _many(tmp_path)
    with capsys.disabled():
        runs, held = told(routes, cells)
    assert max(runs["wrong"]) <= 0.05
    coverage = {(mode, kind): share for mode, kind, share, *_ in held.iter_rows()}
    for kind in ("delta", "waste", "saving"):
        assert 0.93 <= coverage[FIXED, kind] <= 0.99, kind
        assert coverage[ROUNDS, kind] >= 0.93, kind
    rounds, fixed = (runs.row(by_predicate=pl.col("mode") == mode, named=True) for mode in (ROUNDS, FIXED))
    assert rounds["saved_usd"] >= 0.9 * fixed["saved_usd"]
    assert rounds["calls"] < 0.7 * fixed["calls"]


def told(routes: pl.DataFrame, cells: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Print what the audits came to; by mode, and by mode and kind of interval."""
    by_run = routes.group_by("mode", "seed").agg(
        pl.col("wrong", "peer_wrong").any(), pl.col("calls", "saved_usd", "recommended").sum()
    )
    runs = by_run.group_by("mode").agg(pl.col("wrong", "peer_wrong", "recommended", "saved_usd", "calls").mean())
    by_route = routes.group_by("mode", "route").agg(
        pl.col("verdict").value_counts(sort=True).alias("verdicts"), pl.col("saved_usd", "calls", *ORACLES).mean()
    )
    held = cells.group_by("mode", "kind").agg(pl.col("held").mean(), pl.len().alias("cells"), pl.col("width").mean())
    _show(f"{len(by_run) // 2} audits: shares of runs, and per run routes, USD and calls", runs.sort("mode"))
    _show("by route, with what could be saved by somebody who knows every answer", by_route.sort("route", "mode"))
    _show("realised savings over each oracle", _realised(by_route))
    _show("shares of intervals that hold the truth", held.sort("kind", "mode"))
    return runs, held


def _show(title: str, table: pl.DataFrame) -> None:
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=160, fmt_table_cell_list_len=9, fmt_str_lengths=80):
        print(f"\n{title}\n{table}")


def _realised(by_route: pl.DataFrame) -> pl.DataFrame:
    sums = by_route.group_by("mode").agg(pl.lit("all").alias("route"), pl.col("saved_usd", *ORACLES).sum())
    rows = pl.concat([by_route.select(sums.columns), sums])
    return rows.select("mode", "route", *((pl.col("saved_usd") / pl.col(name)).alias(name) for name in ORACLES)).sort(
        "route", "mode"
    )


def _many(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of all audits: one a route, and one an interval."""
    context = multiprocessing.get_context("spawn")  # polars may not be forked
    with ProcessPoolExecutor(mp_context=context) as pool:
        found = list(pool.map(_one, [folder] * len(SEEDS), SEEDS))
    routes, cells = (pl.DataFrame([row for one in found for row in one[i]], infer_schema_length=None) for i in (0, 1))
    return routes, cells


_universe = cache(Universe.read)


def _one(folder: Path, seed: int) -> tuple[list[Row], list[Row]]:
    """One seed, all modes."""
    universe = _universe(folder)
    routes: list[Row] = []
    cells: list[Row] = []
    for drawn in draw(universe, seed):
        oracles = universe.oracles(drawn.design.route, drawn.sealed, MARGIN, drawn.bench)
        for mode, audited in ((ROUNDS, drawn.in_rounds()), (FIXED, drawn.fixed())):
            about: Row = {"seed": seed, "mode": mode, "route": drawn.design.route}
            routes.append({**about, **oracles, **_row(drawn, audited)})
            cells += [{**about, **cell} for cell in _cells(drawn, audited)]
    return routes, cells


def _row(drawn: Drawn, audited: Audited) -> Row:
    finding, truth = audited.finding, drawn.universe.truth
    chosen = peer(finding)
    return {
        "verdict": f"{finding.verdict} {audited.policy.kind if audited.policy else ''}".strip(),
        "recommended": audited.policy is not None,
        "wrong": audited.loss > MARGIN,
        "peer_wrong": chosen is not None and truth(finding.route, chosen).delta < -MARGIN,
        "saved_usd": audited.saved_usd,
        "calls": audited.calls,
    }


def _cells(drawn: Drawn, audited: Audited) -> Iterator[Row]:
    """Whether each interval holds the truth."""
    for candidate in audited.finding.candidates:
        truth = drawn.universe.truth(drawn.design.route, candidate.tier)
        yield from _cell("delta, this log", candidate.quality_delta, truth.delta)
        yield from _cell("delta", candidate.quality_delta, _of_the_like(drawn, candidate, truth.delta))
        yield from _cell("waste", candidate.waste_usd, truth.waste_usd)
        yield from _cell("saving", candidate.saving_usd, truth.saving_usd)
    if audited.policy is not None:
        yield from _cell("policy delta", audited.finding.quality_delta, -audited.loss)
        yield from _cell("avoidable", audited.finding.avoidable_usd, audited.saved_usd)


def _of_the_like(drawn: Drawn, candidate: CandidateFinding, log: float) -> float:
    """A truth as far from the estimate as that of traffic like the log's would be, of which the log is a sample.

    Verdicts are about such traffic. Drawn without replacement from the log itself, an estimate is closer to the log's
    own truth, by the root of the share of it that was not drawn.
    """
    assert candidate.quality_delta is not None
    estimate, drawn_share = candidate.quality_delta.est, candidate.n / drawn.design.replayable
    return estimate + (log - estimate) / math.sqrt(1 - drawn_share)


def _cell(kind: str, estimate: Estimate | None, value: float) -> Iterator[Row]:
    if estimate is not None and estimate.lo is not None and estimate.hi is not None:
        yield {"kind": kind, "held": estimate.lo <= value <= estimate.hi, "width": estimate.hi - estimate.lo}


def peer(finding: RouteFinding) -> str | None:
    """The candidate that the peer's rule would switch to, on the same pairs."""
    passing = [
        c
        for c in finding.candidates
        if c.n >= PEER_LEAST and (c.c + c.both_pass) >= PEER_TARGET * (c.b + c.both_pass) and c.saving_usd
    ]
    return max(passing, key=lambda c: c.saving_usd.est if c.saving_usd else 0.0).tier if passing else None
