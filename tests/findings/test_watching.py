"""What a later window says of a policy in force: the cheap tier's logged answers against today's tier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from audit.core.errors import InputError
from audit.core.exchange import Request
from audit.core.fingerprint import pseudonym
from audit.core.policy import Canary, CanaryKey, RoutePolicy, RoutingPolicy
from audit.core.watching import WatchedPairs
from audit.findings.watching import END_USER, watched_pairs
from audit.pairing.costing import LIMIT, LOGGED
from audit.pairing.evidence import UNIT_COLUMNS, Tables
from audit.policy.router import Router
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


def test_todays_tier_alone_has_to_be_replayed() -> None:
    """The cheap tier's answers are those of the log: nothing of it is asked again, and the same is counted."""
    cheap, good = np.arange(N) % 2 == 0, np.ones(N, dtype=bool)
    whole = window(cheap, good & ~(cheap & (np.arange(N) % 5 == 0)), good)
    alone = replace(
        whole,
        replays=whole.replays.filter(pl.col("tier") != "small"),
        accepted=whole.accepted.filter(pl.col("tier") != "small"),
    )
    for canary in (None, CANARY):
        served = replace(entry("/a"), canary=canary)
        assert pairs(alone, served) == pairs(whole, served)
        assert pairs(alone, served).b == N // 10


def test_a_policy_in_force_that_replaces_several_models_is_not_watched() -> None:
    """No log says which of them a moved request would have gone to; before it is in force, it is walked as ever."""
    good = np.ones(N, dtype=bool)
    later = window(np.arange(N) % 2 == 0, good, good)
    requests = {f"fp{i}": Request(request_fp=f"fp{i}", messages=[{"role": "user", "content": "?"}]) for i in range(N)}
    several = entry("/a", otherwise=None, replaces=("large", "medium"))
    made = policy(several, models={"large": "gpt-4.1", "small": "gpt-4.1-nano", "medium": "gpt-4.1-mini"})
    assert watched_pairs(later, made, requests, None) == {}
    before = replace(later, replays=later.replays.filter(pl.col("tier") == "small"))
    assert watched_pairs(before, made, requests, None)["/a"].n == N
    # Of one other model beside the cheap tier's own it is known.
    one = replace(several, replaces=("large",))
    assert pairs(later, one) == pairs(later, entry("/a"))


def test_a_canary_is_watched_on_what_is_in_it() -> None:
    """What it leaves as it was would hide a loss: of a whole route what the cheap tier served is all of it."""
    held = np.array([CANARY.holds(f"s{i}") for i in range(N)])
    good = np.ones(N, dtype=bool)
    lost = held & (np.arange(N) % 4 == 0)
    static = pairs(window(held, good & ~lost, good), replace(entry("/a"), canary=CANARY))
    assert (static.n, static.b) == (held.sum(), lost.sum())
    assert pairs(window(held, good & ~lost, good), entry("/a")).n == N


@pytest.mark.parametrize("by", CanaryKey)
@pytest.mark.parametrize("already", [0.0, 0.2])
@pytest.mark.parametrize("keyed", [1.0, 0.6])
def test_the_watch_counts_whom_the_router_let_in(by: CanaryKey, already: float, keyed: float) -> None:
    """Exactly: neither a moved request alone, nor who has the other kind of key, nor what the cheap tier served before,
    nor what had no key."""
    rng, canary = np.random.default_rng(5), Canary(share=0.4, salt="s", by=by)
    ids = {CanaryKey.SESSION: [f"s{i}" for i in range(N)], CanaryKey.USER: [f"u{i % 40}" for i in range(N)]}
    has_key = rng.random(N) < keyed
    router = Router(policy(replace(entry("/a"), canary=canary)))
    asked = Request(request_fp="", messages=[{"role": "user", "content": "?"}])
    keys = [key if has else None for key, has in zip(ids[by], has_key, strict=True)]
    inside = np.array([router.route("/a", asked, key).cheap for key in keys])
    cheap = (inside & (rng.random(N) < 0.5)) | (rng.random(N) < already)
    good = np.ones(N, dtype=bool)
    lost = cheap & (rng.random(N) < 0.3)
    tables = window(cheap, good & ~lost, good)
    columns = {"session_id": ids[CanaryKey.SESSION], END_USER: [pseudonym(user) for user in ids[CanaryKey.USER]]}
    column = "session_id" if by is CanaryKey.SESSION else END_USER
    columns[column] = [one if has else None for one, has in zip(columns[column], has_key, strict=True)]  # type: ignore[misc]
    tables = replace(tables, slice=tables.slice.with_columns(**{name: pl.Series(of) for name, of in columns.items()}))
    found = pairs(tables, replace(RULES, route="/a", canary=canary))
    assert (found.n, found.b) == (inside.sum(), (lost & inside).sum())
    assert 0 < inside.sum() < N


@pytest.mark.parametrize("by", CanaryKey)
def test_a_canary_whose_keys_the_log_lacks_is_not_watched(by: CanaryKey) -> None:
    """Nobody could tell who was in it, and to count what moved alone would blame all of the route for it. Of a policy
    that moves all of its canary the cheap tier tells it, and of one that was taken back nothing is in it."""
    cheap, good = np.arange(N) % 10 == 0, np.ones(N, dtype=bool)
    tables = window(cheap, good & ~cheap, good)
    none = pl.Series([None] * N, dtype=pl.String)
    tables = replace(tables, slice=tables.slice.with_columns(none.alias("session_id"), none.alias(END_USER)))
    canary = Canary(share=0.3, salt="s", by=by)
    with pytest.raises(InputError, match=f"canary by {by.value}, and the log names no {by.value}") as caught:
        pairs(tables, replace(RULES, route="/a", canary=canary))
    assert caught.value.code == "watch.canary-keys"
    assert pairs(tables, replace(entry("/a"), canary=canary)).n == cheap.sum()
    requests = {f"fp{i}": Request(request_fp=f"fp{i}", messages=[]) for i in range(N)}
    back = policy(replace(RULES, route="/a", canary=replace(canary, share=0.0)))
    assert watched_pairs(tables, back, requests, None) == {}
