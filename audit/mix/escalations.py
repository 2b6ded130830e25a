"""Escalations: a question that had an answer, and was put to a dearer model soon after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from audit.core.columns import billable
from audit.core.mixture import Escalation, Escalations
from audit.core.traffic import SPEND_COLUMNS, exact_sum
from audit.mix.grain import MODEL

SOON = pl.duration(minutes=10)
DEARER = 1 + 1e-9
"""A price of tokens above this many times another is a dearer one; below, sums were rounded in another order."""
_ENDED = pl.coalesce("ended_at", pl.col("started_at") + pl.duration(microseconds=pl.col("latency_ms") * 1_000))


def escalations_of(traffic_files: Sequence[Path]) -> Escalations:
    """Answers after which the same prompt went to a dearer model, within one session (or trace) and ten minutes.

    A model is dearer than another where its tokens cost more on average in this log. The second call starts when the
    first has ended, and later than it started, so models that are asked side by side are none, and nothing is told of
    a call whose end nobody knows; a call that failed had no answer: what follows is a fallback. Each answer counts
    once, with the one that comes next. No log tells why the second was asked.

    Long texts are held as 64-bit hashes: two in a million rows are taken for one with a chance of 3e-8.

    Returns:
        By pair of models, the most dollars of second answers first, and how many billable requests could not be looked
        at: of no session and no trace, of unknown prompt, cost, tokens or time.
    """
    group = pl.coalesce("session_id", "trace_id")
    rows = (
        pl.scan_parquet(list(traffic_files))
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
        .collect(engine="streaming")
    )
    known = rows.drop_nulls(("started_at", "ended", "model", "key", "usd", "tokens"))
    per_token = (
        known.group_by("model")
        .agg(per_token=pl.col("usd").sum() / pl.col("tokens").sum())
        .filter(pl.col("per_token").is_finite())
    )
    several = known.group_by("key").agg(models=pl.col("model").n_unique()).filter(pl.col("models") > 1)
    asked = (
        known.join(several, on="key", how="semi")
        .join(per_token, on="model", how="left")
        .sort("key", "started_at", "model", "usd")
        .with_columns(pl.col("model", "usd", "per_token", "started_at").shift(-1).over("key").name.prefix("next_"))
        .filter(
            pl.col("model") != pl.col("next_model"),
            pl.col("next_per_token") > pl.col("per_token") * DEARER,
            pl.col("next_started_at") > pl.col("started_at"),
            pl.col("next_started_at").is_between(pl.col("ended"), pl.col("ended") + SOON),
        )
    )
    pairs = [
        Escalation(
            asked=model,
            then=then,
            requests=len(part),
            first_usd=exact_sum(part["usd"]),
            second_usd=exact_sum(part["next_usd"]),
        )
        for (model, then), part in asked.partition_by("model", "next_model", as_dict=True).items()
    ]
    pairs.sort(key=lambda pair: (-pair.second_usd, pair.asked, pair.then))
    return Escalations(pairs=tuple(pairs), not_looked_at=rows.height - known.height)
