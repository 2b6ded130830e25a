"""Exact repeats: what a cache of answers had in store."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import polars as pl

from audit.core.levers import Effort, Kind, LeverBasis, LeverName, TimeToLive, Unseen
from audit.core.traffic import exact_sum
from audit.levers.bill import UNTOLD_LATENCY
from audit.levers.lever import Lever, LeverFound, Log, all_changes, bounded, removed, unseen

HOUR = 3600
MICROSECONDS = 1_000_000
LIVES = (300, HOUR, 24 * HOUR, None)
"""How long a cache may keep an answer, seconds; None for the whole log."""
KEPT = HOUR
"""The one that the ledger counts."""
OWN = ("request_fp", "model", "route", "tenant")
"""What a repeat shares with the request that it repeats: a cache for one route of one tenant."""
ANYBODY = ("request_fp", "model")


def find(bill: pl.DataFrame, _: Log) -> LeverFound:
    """Requests that an exact cache would have answered: the same model, messages, tools and parameters.

    An answer is in the cache when its call has ended whole, and for so long after; a request that comes earlier goes to
    the model. Counted are repeats within `KEPT` on one route of one tenant, where temperature 0 asks for the same
    answer each time. The ceiling are repeats by anybody in the whole log, sampled or not.
    """
    rows, blind = unseen(
        bill.filter("alive"),
        {Unseen.NO_FINGERPRINT: ~pl.col("known_fp"), Unseen.NO_TIME: pl.col("started_at").is_null()},
    )
    rows = rows.with_columns(ended=pl.coalesce("ended", pl.col("started_at") + UNTOLD_LATENCY))
    same = rows.filter("deterministic")
    floor = {life: _served(same, OWN, life) for life in LIVES}
    ceiling = {life: _either(_served(rows, ANYBODY, life), floor[life]) for life in LIVES}
    return LeverFound(
        changes=all_changes(
            removed(floor[KEPT], Kind.REPEATED), bounded(ceiling[None], Kind.REPEATED_ELSEWHERE, pl.col("left"))
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


def _either(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([one, other]).unique("at", maintain_order=True)


def _served(rows: pl.DataFrame, key: Sequence[str], life: int | None) -> pl.DataFrame:
    """The rows that a cache would have answered: every whole answer of a call goes in when the call ends."""
    repeated = rows.filter(pl.len().over(key) > 1).sort(*key, "at")
    group = repeated.select(pl.struct(key).rle_id()).to_series().to_list()
    starts, ends = (repeated[name].cast(pl.Int64).to_list() for name in ("started_at", "ended"))
    whole = (repeated["status"] == "ok").to_list()
    hits: list[bool] = []
    of, kept = None, None
    under_way: list[int] = []
    for one, start, end, complete in zip(group, starts, ends, whole, strict=True):
        if one != of:
            of, kept, under_way = one, None, []
        while under_way and under_way[0] <= start:
            kept = heapq.heappop(under_way)
        hits.append(kept is not None and (life is None or start - kept <= life * MICROSECONDS))
        if complete and not hits[-1]:
            heapq.heappush(under_way, end)
    return repeated.filter(pl.Series(hits, dtype=pl.Boolean))


LEVER = Lever(
    name=LeverName.REPEATS,
    summary="requests that were answered before, word for word",
    basis=LeverBasis.CERTAIN,
    effort=Effort.SETTING,
    change="switch on the gateway's exact cache for these routes, one hour, one tenant at a time",
    find=find,
)
