"""A run folder whose truth is known: planted pass rates and costs, written as the earlier stages would write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from audit.core.artifacts import RunFolder, write_table
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.core.schemas import ACCEPTED, NO_ANSWER, NOT_ASKED, REPLAYS, SCORES
from audit.core.settings import Settings
from audit.core.tier import Price, Tier
from audit.pairing.costing import LIMIT, LOGGED
from audit.pairing.evidence import Tables
from audit.sampling.design import RouteNeeds
from audit.sampling.run import draw_sample
from tests.held import held

INCUMBENT = Tier(name="large", model="large-1", provider="simulated", price=Price(input=5, output=15))


@dataclass(frozen=True, kw_only=True)
class Planted:
    """How a candidate truly behaves.

    Attributes:
        regress: Share of requests where the incumbent passes and the candidate fails.
        regress_hard: The same among hard requests; None for no difference.
        gain: Share where it is the other way round.
        cost_share: Candidate's cost over the incumbent's, on average.
        statuses: Share of calls per status other than ok.
    """

    regress: float
    gain: float
    regress_hard: float | None = None
    cost_share: float = 0.1
    statuses: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class World:
    """A route with its truth, and the tables that an audit of it left."""

    tables: Tables
    design: RouteDesign
    tiers: dict[str, Tier]
    settings: Settings
    true_delta: dict[str, float]
    true_saving_usd: dict[str, float]
    records: pl.DataFrame
    """One row per request of the log: `fp`, `model`, `hard`, `cost`, `y0`, and per candidate `y_NAME`, `cost_NAME`."""


def make_world(
    tmp_path: Path,
    planted: dict[str, Planted],
    *,
    n: int = 2000,
    pass_rate: float = 0.9,
    seed: int = 0,
    noise: Planted | None = None,
    extra: dict[str, object] | None = None,
    hard_share: float = 0.0,
    already: float = 0.0,
    beside: Mapping[str, tuple[float, float]] | None = None,
    levels: Mapping[str, Tier] | None = None,
) -> World:
    """Plant a route's truth, sample it and write what replay and scoring would have left.

    Args:
        beside: Other models that serve the route, each with its share of the requests and what it costs over the
            incumbent's cost.
        levels: The tiers, where they are not a model each at a tenth of the price; the candidates' names are theirs.
    """
    rng = np.random.default_rng(seed)
    ids = [f"{i:08x}{seed:08x}" for i in range(n)]
    passes = rng.random(n) < pass_rate
    full = np.exp(rng.normal(-6, 1.2, n))
    model = np.where(np.random.default_rng([seed, 3]).random(n) < already, f"{next(iter(planted))}-1", "large-1")
    drawn_at, cost, below = np.random.default_rng([seed, 4]).random(n), full.copy(), 0.0
    for name, (share, times) in (beside or {}).items():
        mine = (drawn_at >= below) & (drawn_at < below + share)
        model, cost, below = np.where(mine, name, model), np.where(mine, full * times, cost), below + share
    rows = pl.DataFrame(
        {
            "row_id": ids,
            "session": pl.Series([None] * n, dtype=pl.String),
            "request_fp": [f"fp{i}" for i in range(n)],
            "prompt": [f"fp{i}" for i in range(n)],
            "model": model,
            "cost_usd": cost,
            "prompt_tokens": (cost * 1e5).astype(int) + 1,
            "completion_tokens": (cost * 3e4).astype(int) + 1,
            "max_tokens": pl.Series([None] * n, dtype=pl.Int64),
        }
    )
    frame = held(rows, seed=seed)
    tiers = dict(levels or {}) or {
        name: Tier(name=name, model=f"{name}-1", provider="simulated", price=Price(input=0.1, output=0.3))
        for name in planted
    }
    tiers["large"] = INCUMBENT
    entry = {"match": "*", "candidates": list(planted), "assert": [{"type": "equals", "value": "x"}], **(extra or {})}
    settings = Settings.model_validate({"seed": seed, "routes": [entry]})
    sample = draw_sample(
        [frame], {"/r": RouteNeeds(entry=settings.routes[0], unsupported=None)}, list(tiers.values()), settings
    )
    arms = {(name, "candidate"): behaviour for name, behaviour in planted.items()}
    if noise is not None:
        arms["large", "incumbent_replay"] = noise
    accepted, replays = [table_of_verdicts(ids, "incumbent", "", passes, np.full(n, "ok"))], []
    true_delta, true_saving = {}, {}
    # From a generator of its own, so that a world without hard requests stays what it was.
    hard = np.random.default_rng([seed, 1]).random(n) < hard_share
    records = pl.DataFrame({"fp": rows["request_fp"], "model": model, "hard": hard, "cost": cost, "y0": passes})
    for (name, arm), behaviour in arms.items():
        flips = rng.random(n)
        regress = np.where(hard & (behaviour.regress_hard is not None), behaviour.regress_hard or 0, behaviour.regress)
        after = np.where(passes, flips >= regress / pass_rate, flips < behaviour.gain / max(1 - pass_rate, 1e-9))
        status = np.full(n, "ok", dtype=object)
        for label, share in behaviour.statuses.items():
            status[rng.random(n) < share] = label
        spent = full * behaviour.cost_share * rng.uniform(0.7, 1.3, n)
        records = records.with_columns(pl.Series(f"y_{name}", after), pl.Series(f"cost_{name}", spent))
        true_delta[name] = float(after.mean() - passes.mean())
        true_saving[name] = float(cost.sum() - spent.sum())
        accepted.append(table_of_verdicts(ids, arm, name, after, status))
        replays.append(table_of_calls(rows["request_fp"].to_list(), arm, name, status, spent))
    drawn = set(sample.table["exchange_id"].to_pylist())
    slice_ = pl.from_arrow(sample.table)
    assert isinstance(slice_, pl.DataFrame)
    tables = Tables(
        slice=slice_.with_columns(
            pl.col(pl.Categorical).cast(pl.String),
            latency_ms=pl.lit(900.0),
            **dict.fromkeys((*LOGGED, LIMIT), pl.lit(None, dtype=pl.Int64)),
        ),
        replays=pl.concat(replays).with_columns(same_answer=pl.lit(None, dtype=pl.Boolean)),
        accepted=pl.concat(accepted).filter(pl.col("exchange_id").is_in(list(drawn))),
        scores=empty_scores(),
    )
    return World(
        tables=tables,
        design=sample.designs[0],
        tiers=tiers,
        settings=settings,
        true_delta=true_delta,
        true_saving_usd=true_saving,
        records=records,
    )


def empty_scores() -> pl.DataFrame:
    """The table of scores of a run whose criteria nobody looks at."""
    return pl.DataFrame(pl.from_arrow(SCORES.empty_table())).with_columns(pl.col(pl.Categorical).cast(pl.String))


NO_ORDERS = {name: pl.lit(None, dtype=pl.Int16) for name in ACCEPTED.names[-3:]}
"""Nobody compares answers in two orders."""


def table_of_verdicts(ids: list[str], arm: str, tier: str, passed: np.ndarray, status: np.ndarray) -> pl.DataFrame:
    """The verdicts of one arm on all requests."""
    measured = ~np.isin(status, NO_ANSWER)
    good = passed & (status == "ok")
    return pl.DataFrame(
        {
            "exchange_id": ids,
            "route": "/r",
            "arm": arm,
            "tier": tier,
            "repeat": pl.Series([0] * len(ids), dtype=pl.Int16),
            "accepted": [bool(g) if m else None for g, m in zip(good, measured, strict=True)],
            "accepted_content": [bool(g) if m else None for g, m in zip(good, measured, strict=True)],
            "reason": pl.Series(
                [None if m else str(s) for s, m in zip(status, measured, strict=True)], dtype=pl.String
            ),
        }
    ).select(*ACCEPTED.names[:-3], **NO_ORDERS)


def table_of_calls(fps: list[str], arm: str, tier: str, status: np.ndarray, cost: np.ndarray) -> pl.DataFrame:
    """The calls of one arm."""
    empty = pl.DataFrame(pl.from_arrow(REPLAYS.empty_table())).with_columns(pl.col(pl.Categorical).cast(pl.String))
    failed = np.isin(status, NO_ANSWER)
    refused = status == NOT_ASKED
    rows = pl.DataFrame(
        {
            "request_fp": fps,
            "route": "/r",
            "tier": tier,
            "arm": arm,
            "repeat": pl.Series([0] * len(fps), dtype=pl.Int16),
            "status": [str(s) for s in status],
            "reason": [Reason.PARAMETER_REFUSED.value if r else None for r in refused],
            "about": ["temperature" if r else None for r in refused],
            "cost_usd": [None if f else float(c) for c, f in zip(cost, failed, strict=True)],
            "latency_ms": 300.0,
            "text": "answer",
        }
    )
    rows = rows.with_columns(pl.col("reason", "about").cast(pl.String))
    return pl.concat([empty, rows], how="diagonal").select(REPLAYS.names)


def write_world(world: World, folder: RunFolder) -> None:
    """Write the slice, for tests of what reads files."""
    write_table(folder.slice, pa.table(world.tables.slice.drop("latency_ms", *LOGGED, LIMIT).to_arrow()))
