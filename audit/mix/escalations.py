"""Escalations: a question that had an answer, and was put to a dearer model soon after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from audit.core.columns import billable
from audit.core.exactly import column_of, in_pieces, pieces_of
from audit.core.mixture import Escalation, Escalations
from audit.core.partial import PartialSums
from audit.core.traffic import SPEND_COLUMNS
from audit.mix.grain import MODEL
from audit.spill import Parts

SOON = pl.duration(minutes=10)
DEARER = 1 + 1e-9
"""A price of tokens above this many times another is a dearer one; below, sums were rounded in another order."""
_ENDED = pl.coalesce("ended_at", pl.col("started_at") + pl.duration(microseconds=pl.col("latency_ms") * 1_000))


AT_ONCE = 1 << 19
"""Calls that are compared at once."""
_KNOWN = ("started_at", "ended", "model", "key", "usd", "tokens")
_PAIR = ("model", "next_model")


def escalations_of(traffic_files: Sequence[Path], at_once: int = AT_ONCE) -> Escalations:
    """Answers after which the same prompt went to a dearer model, within one session (or trace) and ten minutes.

    A model is dearer than another where its tokens cost more on average in this log. The second call starts when the
    first has ended, and later than it started, so models that are asked side by side are none, and nothing is told of
    a call whose end nobody knows; a call that failed had no answer: what follows is a fallback. Each answer counts
    once, with the one that comes next. No log tells why the second was asked.

    Long texts are held as 64-bit hashes: two in a million rows are taken for one with a chance of 3e-8. Calls of a long
    log are dealt by the hash of session and prompt into parts that are on disk.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        at_once: Calls that are held at once, about; it changes nothing of what is found.

    Returns:
        By pair of models, the most dollars of second answers first, and how many billable requests could not be looked
        at: of no session and no trace, of unknown prompt, cost, tokens or time.
    """
    number = max(math.ceil(sum(pq.read_metadata(path).num_rows for path in traffic_files) / at_once), 1)
    calls, prices, not_looked_at = Parts(number, at_once), PartialSums(("model",), (*pieces_of("usd"), "tokens")), 0
    for path in traffic_files:
        rows = _calls(path)
        known = rows.drop_nulls(_KNOWN)
        not_looked_at += rows.height - known.height
        prices.add(known.select("model", "tokens", *in_pieces(pl.col("usd"), "usd")).group_by("model").sum())
        calls.spread(known, pl.col("key") % number)
    pairs = PartialSums(_PAIR, ("requests", *pieces_of("first"), *pieces_of("second")))
    per_token = _per_token(prices.table())
    for part in range(number):
        asked = _asked_again(calls.part(part), per_token)
        cut = (*in_pieces(pl.col("usd"), "first"), *in_pieces(pl.col("next_usd"), "second"))
        pairs.add(asked.select(*_PAIR, pl.lit(1, pl.Int64).alias("requests"), *cut))
    return Escalations(pairs=tuple(_pairs(pairs.table())), not_looked_at=not_looked_at)


def _calls(path: Path) -> pl.DataFrame:
    """What is compared of each billable request of a file; null where it is not known."""
    group = pl.coalesce("session_id", "trace_id")
    return (
        pl.scan_parquet(path)
        .filter(billable())
        .select(
            "started_at",
            ended=pl.when(pl.col("started_at") <= _ENDED).then(_ENDED),
            model=MODEL,
            key=pl.when(group.is_not_null() & pl.col("prompt_hash").is_not_null()).then(
                pl.concat_str(group, pl.lit("\x1f"), "prompt_hash").hash()
            ),
            usd=pl.coalesce(*SPEND_COLUMNS),
            tokens=pl.col("prompt_tokens") + pl.col("completion_tokens"),
        )
        .collect()
    )


def _per_token(prices: pl.DataFrame) -> pl.DataFrame:
    """What a token of each model costs on average, USD; models without tokens are left out."""
    table = prices.filter(pl.col("tokens") > 0)
    return table.select("model", per_token=column_of(table, "usd") / table["tokens"])


def _asked_again(calls: pl.DataFrame, per_token: pl.DataFrame) -> pl.DataFrame:
    """Calls that a dearer model was asked after, with it as `next_model` and its dollars as `next_usd`."""
    several = calls.group_by("key").agg(models=pl.col("model").n_unique()).filter(pl.col("models") > 1)
    return (
        calls.join(several, on="key", how="semi")
        .join(per_token, on="model", how="left")
        .sort("key", "started_at", "model", "usd", "ended")
        .with_columns(pl.col("model", "usd", "per_token", "started_at").shift(-1).over("key").name.prefix("next_"))
        .filter(
            pl.col("model") != pl.col("next_model"),
            pl.col("next_per_token") > pl.col("per_token") * DEARER,
            pl.col("next_started_at") > pl.col("started_at"),
            pl.col("next_started_at").is_between(pl.col("ended"), pl.col("ended") + SOON),
        )
    )


def _pairs(table: pl.DataFrame) -> list[Escalation]:
    """Sums by pair of models, the most dollars of second answers first."""
    first, second = column_of(table, "first"), column_of(table, "second")
    counted = table.select(*_PAIR, "requests").iter_rows()
    found = [
        Escalation(asked=model, then=then, requests=requests, first_usd=paid, second_usd=again)
        for (model, then, requests), paid, again in zip(counted, first, second, strict=True)
    ]
    return sorted(found, key=lambda pair: (-pair.second_usd, pair.asked, pair.then))
