"""Exact repeats: what a cache of answers had in store."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from audit.core.levers import CACHE_SECONDS, Effort, Kind, LeverBasis, LeverName, TimeToLive, Unseen
from audit.core.traffic import exact_sum
from audit.levers.bill import CLASSES, UNTOLD_LATENCY
from audit.levers.lever import Lever, LeverFound, Log, all_changes, bounded, removed, unseen

MICROSECONDS = 1_000_000
LIVES = (300, CACHE_SECONDS, 86_400, None)
"""How long a cache may keep an answer, seconds; None for the whole log."""
OWN = ("request_fp", "model", "route", "tenant")
"""What a repeat shares with the request that it repeats: a cache for one route of one tenant."""
ANYBODY = ("request_fp", "model")


def find(bill: pl.DataFrame, _: Log) -> LeverFound:
    """Requests that an exact cache would have answered: the same model, messages, tools and parameters.

    An answer is in the cache when its call has ended whole, and for so long after; a request that comes earlier goes to
    the model. Counted are repeats within `CACHE_SECONDS` on one route of one tenant, where temperature 0 asks for the
    same answer each time. The ceiling are repeats by anybody in the whole log, sampled or not.
    """
    rows, blind = unseen(
        bill.filter("alive"),
        {Unseen.NO_FINGERPRINT: ~pl.col("known_fp"), Unseen.NO_TIME: pl.col("started_at").is_null()},
    )
    rows = rows.with_columns(ended=pl.coalesce("ended", pl.col("started_at") + UNTOLD_LATENCY))
    own, anybody = _served(rows.filter("deterministic"), OWN), _served(rows, ANYBODY)
    paid = rows.select("at", "alive", "batched", "left", *CLASSES)
    floor = {life: _of(paid, own[life]) for life in LIVES}
    ceiling = {life: _of(paid, [*own[life], *anybody[life]]) for life in LIVES}
    return LeverFound(
        changes=all_changes(
            removed(floor[CACHE_SECONDS], Kind.REPEATED),
            bounded(ceiling[None], Kind.REPEATED_ELSEWHERE, pl.col("left")),
        ),
        unseen=blind,
        by_ttl=tuple(
            TimeToLive(
                seconds=life,
                floor_requests=len(floor[life]),
                floor_usd=exact_sum(floor[life]["left"]),
                ceiling_requests=len(ceiling[life]),
                ceiling_usd=exact_sum(ceiling[life]["left"]),
            )
            for life in LIVES
        ),
    )


def _of(rows: pl.DataFrame, places: Sequence[int]) -> pl.DataFrame:
    wanted = pl.DataFrame({"at": places}, schema={"at": pl.UInt32})
    return rows.join(wanted, on="at", how="semi", maintain_order="left")


@dataclass(frozen=True, slots=True)
class _Calls:
    """Calls that others repeat, by what they share and then by time; times in microseconds."""

    at: list[int]
    group: list[int]
    start: list[int]
    end: list[int]
    whole: list[bool]


def _served(rows: pl.DataFrame, key: Sequence[str]) -> dict[int | None, list[int]]:
    """By time to live, the rows that a cache would have answered."""
    told = rows.select("at", *key, pl.col("started_at", "ended").cast(pl.Int64), whole=pl.col("status") == "ok").filter(
        pl.len().over(key) > 1
    )
    told = told.sort(*key, "at").with_columns(group=pl.struct(key).rle_id())
    calls = _Calls(*(told[name].to_list() for name in ("at", "group", "started_at", "ended", "whole")))
    return {life: _hits(calls, math.inf if life is None else life * MICROSECONDS) for life in LIVES}


def _hits(calls: _Calls, life: float) -> list[int]:
    """The rows that are in the cache when they come: every whole answer of a call goes in when the call ends."""
    hits: list[int] = []
    of, kept = None, None
    under_way: list[int] = []
    for at, one, start, end, whole in zip(calls.at, calls.group, calls.start, calls.end, calls.whole, strict=True):
        if one != of:
            of, kept, under_way = one, None, []
        while under_way and under_way[0] <= start:
            kept = heapq.heappop(under_way)
        if kept is not None and start - kept <= life:
            hits.append(at)
        elif whole:
            heapq.heappush(under_way, end)
    return hits


LEVER = Lever(
    name=LeverName.REPEATS,
    summary="requests that were answered before, word for word",
    basis=LeverBasis.CERTAIN,
    effort=Effort.SETTING,
    change="switch on the gateway's exact cache for these routes, one hour, one tenant at a time",
    find=find,
)
