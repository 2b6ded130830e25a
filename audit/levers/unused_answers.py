"""Answers that nobody used: the same request followed in the same trace, or the client had left."""

from __future__ import annotations

import polars as pl

from audit.core.levers import Effort, Kind, LeverBasis, LeverName, Unseen
from audit.levers.lever import Lever, LeverFound, Log, all_changes, bounded, removed, unseen

CUT_SHORT = ("length", "aborted", "error")
"""Ends of an answer after which the same request is a second try at the same thing."""


def find(bill: pl.DataFrame, _: Log) -> LeverFound:
    """Requests whose answer was in hand when the same was asked again, within one trace.

    Certain where the request asks for the same answer each time (temperature 0) or the first answer was cut short. An
    answer of a sampled request may have been one vote of several, and a stream that the client left may have been read
    to where it mattered: both are a ceiling. Calls that overlap are no second try.
    """
    alive = bill.filter("alive")
    rows, blind = unseen(
        alive,
        {
            Unseen.NO_FINGERPRINT: ~pl.col("known_fp"),
            Unseen.NO_TRACE: ~pl.col("known_trace"),
            Unseen.NO_TIME: pl.col("started_at").is_null() | pl.col("ended").is_null(),
        },
    )
    last = {name: pl.col(name).max().over("trace_id", "request_fp") for name in ("at", "started_at")}
    rows = rows.with_columns(again=(pl.col("at") < last["at"]) & (last["started_at"] >= pl.col("ended")))
    cut = (pl.col("status") == "partial") | pl.col("finish_reason").is_in(CUT_SHORT).fill_null(False)
    return LeverFound(
        changes=all_changes(
            removed(rows.filter(pl.col("again") & (pl.col("deterministic") | cut)), Kind.ASKED_AGAIN),
            bounded(rows.filter("again"), Kind.ASKED_AGAIN_SAMPLED, pl.col("left")),
            bounded(alive.filter(pl.col("status") == "partial"), Kind.STREAM_CUT, pl.col("left")),
        ),
        unseen=blind,
    )


LEVER = Lever(
    name=LeverName.UNUSED_ANSWERS,
    summary="answers that were paid for and asked for again",
    basis=LeverBasis.CERTAIN,
    effort=Effort.CODE,
    change="keep the first answer; retry on errors alone, and cancel the call when the client leaves",
    find=find,
)
