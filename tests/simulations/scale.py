"""A run of many routes and candidates, judged in a process of its own: `python -m tests.simulations.scale 400`.

The argument is the certification pairs per route and candidate. 50 routes, 20 candidates that hold the margin, so that
every sequence of tests goes to its end. Prints one line of JSON: pairs, certificates, seconds, CPU seconds, peak MB.
"""

from __future__ import annotations

import json
import resource
import sys
import time

import numpy as np
import polars as pl

from audit.certificate.policies import PolicyInputs
from audit.core.options import DIMENSIONS
from audit.core.plan import RouteDesign
from audit.core.schemas import ACCEPTED, REPLAYS, SCORES
from audit.core.settings import ExecutorSettings, Settings
from audit.core.tier import Price, Tier
from audit.findings.routes import RouteTraffic, find_routes, prepare
from audit.pairing.costing import LIMIT, LOGGED
from audit.pairing.evidence import Tables
from tests.findings.world import NO_ORDERS

ROUTES, CANDIDATES, DOLLAR_DRAWS = 50, 20, 100
TUNING_SHARE = 1 / 3
REQUEST_USD = 0.01


def main(pairs: int) -> None:
    """Make the tables, judge every route, and print."""
    tables, designs, tiers = _tables(pairs)
    settings = Settings(executor=ExecutorSettings(workers=1))
    traffic = {d.route: RouteTraffic(spend_by_model={"large-1": d.spend_usd}, unreplayable={}) for d in designs}
    began, used = time.perf_counter(), time.process_time()
    costed = tables.costed(list(tiers.values()), settings)
    prepared = prepare(costed, designs, PolicyInputs())
    found = find_routes(costed, designs, traffic, tiers, settings, prepared)
    figures = {
        "pairs": sum(c.n + c.tuning["n"] for one in found for c in one.finding.candidates),
        "certified": sum(p.certified for one in found for p in one.finding.policies),
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - used,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def _tables(pairs: int) -> tuple[Tables, list[RouteDesign], dict[str, Tier]]:
    rng = np.random.default_rng(0)
    quality = round(pairs / (1 - TUNING_SHARE))
    drawn = quality + DOLLAR_DRAWS
    names = [f"t{i:02}" for i in range(CANDIDATES)]
    tiers = {
        name: Tier(name=name, model=name, provider="simulated", price=Price(input=0.1 + i / 100, output=0.3))
        for i, name in enumerate(names)
    }
    n = ROUTES * drawn
    order = np.tile(np.concatenate([np.arange(quality), np.arange(DOLLAR_DRAWS)]), ROUTES)
    dollars = np.tile(np.arange(drawn) >= quality, ROUTES)
    slice_ = pl.DataFrame(
        {
            "exchange_id": [f"row-{i:024}" for i in range(n)],
            "route": np.repeat([f"/route-{i:02}" for i in range(ROUTES)], drawn),
            "purpose": np.where(dollars, "dollars", "quality"),
            "stratum": "",
            "inclusion_prob": 0.1,
            "weight": 1.0,
            "draw_order": order,
            "split": np.where(order < quality - pairs, "tuning", "certification"),
            "request_fp": [f"{i:064x}" for i in range(n)],
            "incumbent_model": "large-1",
            "cost_usd": REQUEST_USD,
            "latency_ms": 900.0,
            **dict.fromkeys(DIMENSIONS, ""),
            **dict.fromkeys((*LOGGED, LIMIT), 500),
        }
    )
    before = rng.random(n) < 0.9
    keys = slice_.select("exchange_id", "request_fp", "route")
    arms = [keys.with_columns(arm=pl.lit("incumbent"), tier=pl.lit(""), accepted=pl.Series(before))]
    for name in names:
        # One request in two hundred goes the other way: far inside the margin.
        flipped = rng.random(n) < 0.005
        arms.append(keys.with_columns(arm=pl.lit("candidate"), tier=pl.lit(name), accepted=pl.Series(before ^ flipped)))
    verdicts = pl.concat(arms).with_columns(
        repeat=pl.lit(0, dtype=pl.Int16), accepted_content="accepted", reason=pl.lit(None, dtype=pl.String)
    )
    calls = verdicts.filter(pl.col("arm") == "candidate").select("request_fp", "route", "tier", "arm", "repeat")
    tokens = dict.fromkeys(("prompt_tokens", "completion_tokens"), pl.lit(500, dtype=pl.Int64))
    calls = calls.with_columns(
        **tokens,
        status=pl.lit("ok"),
        cost_usd=pl.lit(REQUEST_USD / 10),
        latency_ms=pl.lit(300.0),
        text=pl.lit("an answer of some length, as a candidate gives it " * 4),
    )
    scores = verdicts.select("exchange_id", "route", "arm", "tier", "repeat", passed="accepted").with_columns(
        criterion=pl.lit("right"), scorer=pl.lit("equals"), status=pl.lit("scored"), position=pl.lit(0, dtype=pl.Int16)
    )
    tables = Tables(
        slice=slice_,
        replays=_filled(calls, REPLAYS).with_columns(same_answer=pl.lit(None, dtype=pl.Boolean)),
        accepted=verdicts.select(*ACCEPTED.names[:-3], **NO_ORDERS),
        scores=_filled(scores, SCORES),
    )
    designs = [_design(route, names, quality) for route in slice_["route"].unique().sort()]
    return tables, designs, tiers


def _filled(rows: pl.DataFrame, schema: object) -> pl.DataFrame:
    """The rows with every column of a schema."""
    empty = pl.DataFrame(pl.from_arrow(schema.empty_table()))  # type: ignore[attr-defined]
    empty = empty.with_columns(pl.col(pl.Categorical).cast(pl.String))
    return pl.concat([empty, rows], how="diagonal").select(empty.columns)


def _design(route: str, candidates: list[str], quality: int) -> RouteDesign:
    return RouteDesign(
        route=route,
        requests=100_000,
        replayable=100_000,
        spend_usd=1_000.0,
        auditable_usd=1_000.0,
        incumbent="large-1",
        incumbent_tier=None,
        incumbent_n=0,
        margin=0.03,
        candidates=tuple(candidates),
        quality_n=quality,
        dollars_n=DOLLAR_DRAWS,
        distinct=quality + DOLLAR_DRAWS,
        can_decide="yes",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
