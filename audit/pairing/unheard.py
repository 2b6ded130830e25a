"""Verdicts that stand because a judge was asked less: how many would be missing, had it been asked all."""

from __future__ import annotations

import polars as pl


def unheard(accepted: pl.DataFrame, *, arm: str, tier: str, asked: int = 1) -> pl.DataFrame | None:
    """The chance that an answer with a verdict would have none, had its judges been asked in every order.

    A judge that compares is asked in the second order only where that can still turn its word. So a judge that fails in
    a share of second orders loses a verdict only among the answers that look behind in the first, and the share of
    missing verdicts would look as small as the judge was asked seldom. Where the second order was not asked it is taken
    to fail as often as where it was.

    Args:
        accepted: Of the route, as `schemas.ACCEPTED`.
        arm: Whose answers.
        tier: Theirs.
        asked: Answers to each request that are planned.

    Returns:
        By `exchange_id` the column `unheard`, in [0, 1], of several answers their mean; None where no judge was left
        unasked or failed.

    Special cases:
        Answers without a verdict count 0: they are missing already.
        A second order that failed where the first one settled the verdict counts 1.
    """
    if "orders_left" not in accepted.columns:  # a pack keeps verdicts alone
        return None
    mine = (pl.col("arm") == arm) & (pl.col("tier") == tier) & (pl.col("repeat") < asked)
    rows = accepted.filter(mine & pl.col("orders_left").is_not_null())
    failed = int(rows["orders_failed"].sum())
    if not failed:
        return None
    heard = 1.0 - failed / int(rows["orders_asked"].sum())
    chance = pl.when(pl.col("orders_failed") > 0).then(1.0).otherwise(1.0 - heard ** pl.col("orders_left"))
    return (
        rows.filter(pl.col("accepted").is_not_null()).group_by("exchange_id").agg(unheard=chance.sum() / float(asked))
    )
