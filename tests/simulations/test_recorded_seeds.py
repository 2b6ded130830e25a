"""Many audits of a real log, in rounds and with a fixed sample: wrong verdicts, coverage, replays, realised savings.

`AUDIT_SEEDS` says how many, 200 unless it is set; these take about a quarter of an hour on two cores.
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
SHARES = (1.0, 1.5)
"""Fixed samples, as shares of the planned one: one of them has the power of the rounds."""

ROUNDS = "in rounds"
FIXED = "fixed 1.00"
PEER_TARGET, PEER_LEAST = 0.95, 10
"""The rule of a peer: cheapest tier whose pass rate is at least 0.95 times the incumbent's, from ten samples on."""

Row = dict[str, str | int | float | bool | None]


@pytest.mark.slow
@needs_shared("data/dev/log.jsonl.gz")
def test_many_audits_of_a_real_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong recommendations in at most 5 % of runs, intervals that hold, fewer calls than a fixed sample."""
    replay_everything(tmp_path)
    routes, cells = _many(tmp_path)
    runs = routes.group_by("mode", "seed").agg(pl.col("wrong").any(), pl.col("peer_wrong").any(), pl.col("calls").sum())
    whole = runs.filter(pl.col("mode") == FIXED)["calls"].mean()
    by_mode = (
        runs.group_by("mode")
        .agg(pl.col("wrong", "peer_wrong").mean(), calls=pl.col("calls").mean() / whole)
        .join(
            routes.group_by("mode").agg(
                recommended=(pl.col("recommended") & ~pl.col("wrong")).mean(),
                saved_usd=pl.col("saved_usd").sum() / len(SEEDS),
            ),
            on="mode",
        )
        .sort("mode")
    )
    by_route = (
        routes.group_by("mode", "route")
        .agg(
            pl.col("verdict").value_counts(sort=True).alias("verdicts"),
            pl.col("saved_usd").mean(),
            pl.col("best_tier", "best_proposed", "each_request").mean(),
            pl.col("calls").mean(),
        )
        .sort("mode", "route")
    )
    held = (
        cells.group_by("mode", "kind").agg(pl.col("held").mean(), cells=pl.len(), width=pl.col("width").mean())
    ).sort("mode", "kind")
    with capsys.disabled():
        _show(f"{len(SEEDS)} audits", by_mode)
        _show("routes", by_route)
        _show("coverage", held)
        _show("realised savings, part of each oracle", _realised(by_route))
    wrong = dict(by_mode.select("mode", "wrong").iter_rows())
    assert max(wrong.values()) <= 0.05
    coverage = {(mode, kind): share for mode, kind, share in held.select("mode", "kind", "held").iter_rows()}
    for kind in ("delta", "waste", "saving"):
        assert 0.93 <= coverage[FIXED, kind] <= 0.98, kind
        assert coverage[ROUNDS, kind] >= 0.93, kind
    assert by_mode.filter(pl.col("mode") == ROUNDS)["calls"].item() < 0.9


def _show(title: str, table: pl.DataFrame) -> None:
    with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=160, fmt_table_cell_list_len=9, fmt_str_lengths=80):
        print(f"\n{title}\n{table}")


def _realised(by_route: pl.DataFrame) -> pl.DataFrame:
    sums = by_route.group_by("mode").agg(pl.col("saved_usd", "best_tier", "best_proposed", "each_request").sum())
    both = pl.concat(
        [by_route.select("mode", "route", *sums.columns[1:]), sums.with_columns(route=pl.lit("all"))], how="diagonal"
    )
    oracles = ("best_tier", "best_proposed", "each_request")
    return both.select("mode", "route", *((pl.col("saved_usd") / pl.col(name)).alias(name) for name in oracles)).sort(
        "mode", "route"
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
        oracles = {
            name.replace(" ", "_"): usd
            for name, usd in universe.oracles(drawn.design.route, drawn.sealed, MARGIN, drawn.bench).items()
        }
        modes = {ROUNDS: drawn.in_rounds(), **{f"fixed {share:.2f}": drawn.fixed(share) for share in SHARES}}
        for mode, audited in modes.items():
            about: Row = {"seed": seed, "mode": mode, "route": drawn.design.route}
            routes.append({**about, **oracles, **_row(drawn, audited)})
            cells += [{**about, **cell} for cell in _cells(drawn, audited)]
    return routes, cells


def _row(drawn: Drawn, audited: Audited) -> Row:
    finding, truth = audited.finding, drawn.universe.truth
    loss, saved = (0.0, 0.0)
    if audited.policy is not None:
        loss, saved = drawn.universe.of_policy(audited.policy, drawn.bench)
    chosen = peer(finding)
    return {
        "verdict": f"{finding.verdict} {audited.policy.kind if audited.policy else ''}".strip(),
        "recommended": audited.policy is not None,
        "wrong": loss > MARGIN,
        "peer_wrong": chosen is not None and truth(finding.route, chosen).delta < -MARGIN,
        "saved_usd": saved,
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
        loss, saved = drawn.universe.of_policy(audited.policy, drawn.bench)
        yield from _cell("policy delta", audited.finding.quality_delta, -loss)
        yield from _cell("avoidable", audited.finding.avoidable_usd, saved)


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
