"""Exact repeats: what a cache of answers had in store."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence

import polars as pl

from audit.core.exactly import ExactTotal
from audit.core.levers import CACHE_SECONDS, Effort, Kind, LeverBasis, LeverName, TimeToLive, Unseen
from audit.levers.bill import IN_TIME, UNTOLD_LATENCY
from audit.levers.lever import Finder, Lever, LeverFound, LeverNotes, Log, all_changes, bounded, removed, unseen

MICROSECONDS = 1_000_000
LISTED = 1 << 16
"""Rows that are held as lists at once."""
LIVES = (300, CACHE_SECONDS, 86_400, None)
"""How long a cache may keep an answer, seconds; None for the whole log."""
OWN = ("request_fp", "model", "route", "tenant")
"""What a repeat shares with the request that it repeats: a cache for one route of one tenant."""
ANYBODY = ("request_fp", "model")


class _Repeats:
    """What an exact cache would have answered, part by part of the requests."""

    def __init__(self) -> None:
        self._requests = {life: [0, 0] for life in LIVES}
        self._usd = {life: (ExactTotal(), ExactTotal()) for life in LIVES}
        self._own, self._anybody = _Caches(OWN), _Caches(ANYBODY)

    def find(self, alive: pl.DataFrame, to_come: int) -> LeverFound:
        """Requests that an exact cache would have answered: the same model, messages, tools and parameters.

        An answer is in the cache when its call has ended whole, and for so long after; a request that comes earlier
        goes to the model. Counted are repeats within `CACHE_SECONDS` on one route of one tenant, where temperature 0
        asks for the same answer each time. The ceiling are repeats by anybody in the whole log, sampled or not.
        """
        rows, blind = unseen(
            alive,
            {Unseen.NO_FINGERPRINT: pl.col("request_fp").is_null(), Unseen.NO_TIME: pl.col("started_at").is_null()},
        )
        rows = rows.with_columns(ended=pl.coalesce("ended", pl.col("started_at") + UNTOLD_LATENCY))
        own = self._own.served(rows.filter("deterministic"), to_come)
        anybody = self._anybody.served(rows, to_come)
        paid = rows.select("at", "left")
        floor = {life: _of(paid, own[life]) for life in LIVES}
        ceiling = {life: _of(paid, [*own[life], *anybody[life]]) for life in LIVES}
        for life in LIVES:
            for n, served in enumerate((floor[life], ceiling[life])):
                self._requests[life][n] += served.height
                self._usd[life][n].add(served["left"])
        return LeverFound(
            changes=all_changes(
                removed(floor[CACHE_SECONDS], Kind.REPEATED),
                bounded(ceiling[None], Kind.REPEATED_ELSEWHERE, pl.col("left")),
            ),
            unseen=blind,
        )

    def notes(self) -> LeverNotes:
        """Both ends by how long the cache keeps an answer."""
        lives = []
        for life in LIVES:
            (floor_requests, ceiling_requests), (floor, ceiling) = self._requests[life], self._usd[life]
            lives.append(
                TimeToLive(
                    seconds=life,
                    floor_requests=floor_requests,
                    floor_usd=floor.amount,
                    ceiling_requests=ceiling_requests,
                    ceiling_usd=ceiling.amount,
                )
            )
        return LeverNotes(by_ttl=tuple(lives))


def _begin(_: Log) -> Finder:
    work = _Repeats()
    return Finder(find=work.find, notes=work.notes)


def _of(rows: pl.DataFrame, places: Sequence[int]) -> pl.DataFrame:
    wanted = pl.DataFrame({"at": places}, schema={"at": pl.UInt32})
    return rows.join(wanted, on="at", how="semi", maintain_order="left")


class _Caches:
    """A cache for each of `LIVES`, that meet the requests of a part; one after the other where it comes in pieces.

    Args:
        key: What a repeat shares with the request that it repeats.
    """

    def __init__(self, key: Sequence[str]) -> None:
        self._key = key
        self._caches: list[_Cache] = []

    def served(self, rows: pl.DataFrame, to_come: int) -> dict[int | None, list[int]]:
        """By time to live, the rows that a cache would have answered.

        Args:
            rows: One piece of a part.
            to_come: How many more there are, all of them later.
        """
        told = rows.select(*IN_TIME, *self._key, "ended", whole=pl.col("status") == "ok")
        if not to_come and not self._caches:
            told = told.filter(pl.len().over(self._key) > 1)
        told = told.sort(*self._key, *IN_TIME).with_columns(group=pl.struct(self._key).hash())
        calls = told.select("at", "group", pl.col("started_at", "ended").cast(pl.Int64), "whole")
        self._caches = self._caches or [_Cache(life, remembers=to_come > 0) for life in LIVES]
        for some in calls.iter_slices(LISTED):
            columns = [column.to_list() for column in some]
            for cache in self._caches:
                cache.serve(*columns)
        hits = {life: cache.taken() for life, cache in zip(LIVES, self._caches, strict=True)}
        if not to_come:
            self._caches = []
        return hits


class _Cache:
    """An exact cache that meets calls by what they share and then by time: every whole answer of a call goes in when
    the call ends.

    Args:
        life: How long it keeps an answer, seconds; None for ever.
        remembers: Calls of a group may come again after those of other groups.
    """

    def __init__(self, life: int | None, *, remembers: bool) -> None:
        self._hits: list[int] = []
        self._life = math.inf if life is None else life * MICROSECONDS
        self._of: int | None = None
        self._kept: int | None = None
        self._under_way: list[int] = []
        self._others: dict[int | None, tuple[int | None, list[int]]] | None = {} if remembers else None

    def serve(self, at: list[int], group: list[int], starts: list[int], ends: list[int], whole: list[bool]) -> None:
        """Meet the next calls, a list of each of their columns; times in microseconds."""
        of, kept, under_way, life, others = self._of, self._kept, self._under_way, self._life, self._others
        for row, one, start, end, keeps in zip(at, group, starts, ends, whole, strict=True):
            if one != of:
                if others is None:
                    kept, under_way = None, []
                else:
                    others[of] = kept, under_way
                    kept, under_way = others.pop(one, (None, []))
                of = one
            while under_way and under_way[0] <= start:
                kept = heapq.heappop(under_way)
            if kept is not None and start - kept <= life:
                self._hits.append(row)
            elif keeps:
                heapq.heappush(under_way, end)
        self._of, self._kept, self._under_way = of, kept, under_way

    def taken(self) -> list[int]:
        """Rows that it had the answer to, since this was asked last."""
        hits, self._hits = self._hits, []
        return hits


LEVER = Lever(
    name=LeverName.REPEATS,
    summary="requests that were answered before, word for word",
    basis=LeverBasis.CERTAIN,
    effort=Effort.SETTING,
    change="switch on the gateway's exact cache for these routes, one hour, one tenant at a time",
    begin=_begin,
    together=("request_fp",),
    in_turn=True,
    reads=(*IN_TIME, "ended", "request_fp", "model", "route", "tenant", "status", "deterministic", "alive", "left"),
)
