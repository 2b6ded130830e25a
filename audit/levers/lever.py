"""What a lever is, and how it says what it would change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from audit.core.levers import Effort, Kind, LeverBasis, LeverName, PromptShares, TimeToLive, Unseen
from audit.core.rates import RatesOf
from audit.levers.bill import CLASSES, MONEY
from audit.levers.log_files import LogFiles

CHANGES = pl.Schema(
    {
        "at": pl.UInt32,
        "kind": pl.String,
        "where": pl.String,
        "point": pl.Int32,
        "alive": pl.Boolean,
        "batched": pl.Boolean,
        "left": pl.Float64,
        **dict.fromkeys(CLASSES, pl.Float64),
        "at_most": pl.Float64,
    }
)
"""Columns of what a lever changes: the request, why, at which place of its prompt or in which hours, behind how many
messages a cache point would stand (`LeverPart.cache_point`), whether it would still be made, and in a batch, what it
would cost then (all of these null where nothing of it changes), and what the lever could take of it at most. A request
stands there once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """What a lever may ask beside the bill.

    Attributes:
        rates_of: Rates of a kind of call.
        files: Of the log, with its bodies where prompts are to be read; and where rows can be kept part by part.
    """

    rates_of: RatesOf
    files: LogFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverFound:
    """What a lever finds in a part of a bill.

    Attributes:
        changes: Columns as in `CHANGES`.
        unseen: Columns `at` and `why` (of `Unseen`): requests that it could not look at.
    """

    changes: pl.DataFrame
    unseen: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverNotes:
    """What a lever says of the whole log beside its dollars.

    Attributes:
        by_ttl: Of `repeats` alone.
        prompts: Of `prompt-trimming` alone.
    """

    by_ttl: tuple[TimeToLive, ...] = ()
    prompts: tuple[PromptShares, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finder:
    """A lever at work on one log. It meets the bill part by part, as the levers before left it, and holds sums.

    Attributes:
        find: From a part with its number to what the lever would change of it. Where requests are held against one
            another (`Lever.together`), instead of the number: how many pieces of the same part are still to come.
        looks: What has to be known of all parts first: each of these is given every part in the order of the log, one
            after the other, before anything is found.
        notes: Asked when all has been found.
    """

    find: Callable[[pl.DataFrame, int], LeverFound]
    looks: tuple[Callable[[pl.DataFrame, int], None], ...] = ()
    notes: Callable[[], LeverNotes] = LeverNotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One way to pay less for the same answers.

    Attributes:
        name: Of `LeverName`.
        summary: One line for people.
        basis: What the dollars that it takes rest on.
        effort: What it asks of those who pull it.
        change: What to change, one sentence without a full stop.
        begin: Sets to work on a log.
        reads: Columns of the bill that it is given.
        reads_prompts: It needs the bodies of the log, which takes about as long as reading the log did.
        together: Columns of requests that it holds against one another. Rows that are equal there come in one part;
            none where a part of the log is as good as any.
        in_turn: Where too many rows are equal, it takes them in pieces in the order of time, and remembers.
    """

    name: LeverName
    summary: str
    basis: LeverBasis
    effort: Effort
    change: str
    begin: Callable[[Log], Finder] = field(repr=False)
    reads: tuple[str, ...]
    reads_prompts: bool = False
    together: tuple[str, ...] = ()
    in_turn: bool = False


def _reason(kind: Kind, where: pl.Expr | None = None) -> dict[str, pl.Expr]:
    place = pl.lit("") if where is None else where
    return {"kind": pl.lit(kind.value), "where": place, "point": pl.lit(None, pl.Int32)}


def removed(rows: pl.DataFrame, kind: Kind) -> pl.DataFrame:
    """Requests that would not be made."""
    nothing = {name: pl.lit(0.0) for name in ("left", *CLASSES)}
    gone = {"alive": pl.lit(False), "batched": pl.lit(False)}
    return rows.select("at", **_reason(kind), **gone, **nothing, at_most="left").select(*CHANGES)


def repriced(
    rows: pl.DataFrame,
    kind: Kind,
    prices: Mapping[str, pl.Expr],
    at_most: pl.Expr,
    *,
    batched: bool = False,
    where: pl.Expr | None = None,
) -> pl.DataFrame:
    """Requests that would be made at other prices.

    Args:
        rows: Of the bill, their dollars divided by class.
        kind: Why.
        prices: USD of each class then.
        at_most: What the lever could take of each row in the best case, USD.
        batched: They would go into a batch.
        where: As in `LeverPart`; "" where that is None.
    """
    now = {"alive": pl.lit(True), "batched": pl.lit(batched)}
    after = rows.select("at", **_reason(kind, where), **now, before="left", at_most=at_most, **prices)
    after = after.with_columns(left=pl.sum_horizontal(CLASSES))
    return after.with_columns(at_most=pl.max_horizontal("at_most", pl.col("before") - pl.col("left"))).select(*CHANGES)


def bounded(rows: pl.DataFrame, kind: Kind, at_most: pl.Expr) -> pl.DataFrame:
    """Requests of which something could be saved, and nothing is counted."""
    kept = {name: pl.lit(None, CHANGES[name]) for name in MONEY}
    return rows.select("at", **_reason(kind), **kept, at_most=at_most).select(*CHANGES)


def all_changes(*parts: pl.DataFrame) -> pl.DataFrame:
    """Changes of several kinds; a request that several have stands under the first, with the largest upper end."""
    together = pl.concat([part.cast(CHANGES) for part in parts])
    together = together.with_columns(pl.col("at_most").max().over("at"))
    return together.unique("at", keep="first", maintain_order=True)


def unseen(rows: pl.DataFrame, reasons: Mapping[Unseen, pl.Expr]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows apart: those that a lever can look at, and those that it cannot, under the first reason that holds."""
    why = pl.coalesce(*(pl.when(holds).then(pl.lit(reason.value)) for reason, holds in reasons.items()))
    told = rows.with_columns(why=why)
    return told.filter(pl.col("why").is_null()).drop("why"), told.drop_nulls("why").select("at", "why")
