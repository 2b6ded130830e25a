"""What a later window says of a policy in force: the cheap tier's logged answers against today's tier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from audit.core.exchange import Request
from audit.core.policy import Canary, RoutePolicy, RoutingPolicy
from audit.core.watching import WatchedPairs
from audit.findings.watching import watched_pairs
from audit.pairing.costing import LIMIT, LOGGED
from audit.pairing.evidence import UNIT_COLUMNS, Tables
from tests.findings.world import empty_scores, table_of_calls, table_of_verdicts
from tests.policy.world import RULES, entry, policy

N = 200
CANARY = Canary(share=0.3, salt="s")


def window(cheap: np.ndarray, passes: np.ndarray, passes_today: np.ndarray) -> Tables:
    """Later traffic on which today's tier was replayed.

    Args:
        cheap: Which requests the cheap tier served.
        passes: Whether the logged answer is accepted.
        passes_today: Whether today's tier, replayed, is.
    """
    ids, ok = [f"x{i}" for i in range(N)], np.full(N, "ok", dtype=object)
    fps, usd = [f"fp{i}" for i in range(N)], np.full(N, 0.01)
    slice_ = pl.DataFrame(
        {
            "exchange_id": ids,
            "request_fp": fps,
            "route": "/a",
            "purpose": "quality",
            "split": "certification",
            "draw_order": pl.Series(range(N), dtype=pl.Int64),
            "incumbent_model": ["gpt-4.1-nano" if one else "gpt-4.1" for one in cheap],
            "cost_usd": usd,
            "inclusion_prob": 1.0,
            "weight": 1.0,
            "latency_ms": 900.0,
            "started_at": pl.Series([None] * N, dtype=pl.Datetime("us", "UTC")),
            **{name: pl.Series([None] * N, dtype=pl.String) for name in ("tenant", "region", "environment")},
            **{name: pl.Series([None] * N, dtype=pl.String) for name in UNIT_COLUMNS.values()},
            **{name: pl.Series([None] * N, dtype=pl.Int64) for name in (*LOGGED, LIMIT)},
        }
    ).with_columns(session_id=pl.Series([f"s{i}" for i in range(N)]))
    calls = [table_of_calls(fps, "candidate", tier, ok, usd) for tier in ("large", "small")]
    verdicts = [
        table_of_verdicts(ids, "incumbent", "", passes, ok),
        table_of_verdicts(ids, "candidate", "large", passes_today, ok),
        table_of_verdicts(ids, "candidate", "small", passes, ok),
    ]
    return Tables(
        slice=slice_,
        replays=pl.concat(calls).with_columns(route=pl.lit("/a"), same_answer=pl.lit(None, dtype=pl.Boolean)),
        accepted=pl.concat(verdicts).with_columns(route=pl.lit("/a")),
        scores=empty_scores(),
    )


def pairs(tables: Tables, served: RoutePolicy) -> WatchedPairs:
    """What the watch counts."""
    requests = {f"fp{i}": Request(request_fp=f"fp{i}", messages=[{"role": "user", "content": "?"}]) for i in range(N)}
    made: RoutingPolicy = policy(served)
    return watched_pairs(tables, made, requests, None)["/a"]


def test_the_alias_answers_worse() -> None:
    """The same model name with another behaviour: what it served and lost is lost, and nothing else differs."""
    cheap, good = np.arange(N) % 2 == 0, np.ones(N, dtype=bool)
    worse = good & ~(cheap & (np.arange(N) % 5 == 0))
    found = pairs(window(cheap, worse, good), entry("/a"))
    assert (found.n, found.b, found.c) == (N, N // 10, 0)
    assert pairs(window(cheap, good, good), entry("/a")).b == 0


def test_a_canary_is_watched_on_what_is_in_it() -> None:
    """What it leaves as it was would hide a loss: of a whole route what the cheap tier served is all of it, of a policy
    with a signal the conversations whose keys are in it."""
    held = np.array([CANARY.holds(f"s{i}") for i in range(N)])
    good = np.ones(N, dtype=bool)
    lost = held & (np.arange(N) % 4 == 0)
    static = pairs(window(held, good & ~lost, good), replace(entry("/a"), canary=CANARY))
    assert (static.n, static.b) == (held.sum(), lost.sum())
    assert pairs(window(held, good & ~lost, good), entry("/a")).n == N
    half = held & (np.arange(N) % 2 == 0)
    routed = replace(RULES, route="/a", canary=CANARY)
    signal = pairs(window(half, good & ~(lost & half), good), routed)
    assert (signal.n, signal.b) == (held.sum(), (lost & half).sum())
