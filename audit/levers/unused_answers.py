"""Answers that nobody used: the same request followed in the same trace, the client had left, or it was no JSON."""

from __future__ import annotations

import polars as pl

from audit.core.levers import Effort, Kind, LeverBasis, LeverName, Unseen
from audit.levers.bill import IN_TIME
from audit.levers.lever import Finder, Lever, LeverFound, all_changes, bounded, removed, unseen

CUT_SHORT = ("length", "aborted", "error")
"""Ends of an answer after which the same request is a second try at the same thing."""


def find(alive: pl.DataFrame, _: int) -> LeverFound:
    """Requests whose answer was in hand when the same was asked again, within one trace; and answers that nobody could
    read, where the log's texts are read.

    Certain where the request asks for the same answer each time (temperature 0), the first answer was cut short, or it
    is not the JSON that the request demands. An answer of a sampled request may have been one vote of several, a stream
    that the client left may have been read to where it mattered, and an answer in the wrong form after which nobody
    asked again may have been mended: all of these are a ceiling. Calls that overlap are no second try.
    """
    rows, blind = unseen(
        alive.sort(IN_TIME, nulls_last=True).with_row_index("turn"),
        {
            Unseen.NO_FINGERPRINT: pl.col("request_fp").is_null(),
            Unseen.NO_TRACE: pl.col("trace_id").is_null(),
            Unseen.NO_TIME: pl.col("started_at").is_null() | pl.col("ended").is_null(),
        },
    )
    last = {name: pl.col(name).max().over("trace_id", "request_fp") for name in ("turn", "started_at")}
    rows = rows.with_columns(again=(pl.col("turn") < last["turn"]) & (last["started_at"] >= pl.col("ended")))
    cut = (pl.col("status") == "partial") | pl.col("finish_reason").is_in(CUT_SHORT).fill_null(False)
    return LeverFound(
        changes=all_changes(
            removed(rows.filter(pl.col("again") & pl.col("unreadable")), Kind.PARSE_FAILED),
            removed(rows.filter(pl.col("again") & (pl.col("deterministic") | cut)), Kind.ASKED_AGAIN),
            bounded(rows.filter("again"), Kind.ASKED_AGAIN_SAMPLED, pl.col("left")),
            bounded(alive.filter(pl.col("status") == "partial"), Kind.STREAM_CUT, pl.col("left")),
            bounded(alive.filter("unreadable"), Kind.PARSE_FAILED_ALONE, pl.col("left")),
        ),
        unseen=blind,
    )


LEVER = Lever(
    name=LeverName.UNUSED_ANSWERS,
    summary="answers that were paid for and asked for again",
    basis=LeverBasis.CERTAIN,
    effort=Effort.CODE,
    change="keep the first answer, have the vendor keep answers to their schema, retry on errors alone, and cancel the "
    "call when the client leaves",
    begin=lambda _: Finder(find=find),
    together=("request_fp", "trace_id"),
    reads=(
        *(*IN_TIME, "ended", "request_fp", "trace_id"),
        *("status", "finish_reason", "deterministic", "unreadable", "alive", "left"),
    ),
)
