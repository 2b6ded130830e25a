"""What is known of a stream of prompts, one model on one route, before a cache is priced on it."""

from __future__ import annotations

import polars as pl

from audit.core.exactly import column_of, in_pieces, pieces_of
from audit.core.partial import PartialSums

TOKEN_ERROR = 0.2
"""How far the tokens of a part of a prompt may be off its share of the bytes."""
BREAKS, BREAK_SHARE = 5, 0.05
"""How often a break occurs at least: in number, and of the comparisons of its stream. A new release breaks once."""
MOST = 0.1
"""The quantile of what prompts share that nine in ten reach."""
WAYS = ("head", "end")
"""Where a cache point may stand: behind what nine in ten prompts share, or at the end of each."""
SHARED = pl.col("shared") / pl.col("size")
_STREAM = ("route", "model")


def tokens_of(share: pl.Expr, error: float) -> pl.Expr:
    """Tokens of a part of a prompt by its share of the bytes, in the steps of the cache; 0 below its minimum."""
    tokens = (pl.col("prompt_tokens") * (share * (1 + error)).clip(upper_bound=1.0) / pl.col("step")).floor()
    tokens = tokens * pl.col("step")
    return pl.when(tokens >= pl.col("minimum")).then(tokens).otherwise(0.0)


class Streams:
    """Sums and counts of all streams, taken part by part; none depends on how the log is cut."""

    def __init__(self) -> None:
        self._breaks = PartialSums((*_STREAM, "break", "where"), ("times",))
        self._prompts = PartialSums(_STREAM, ("compared", "in_cache"))
        self._long = {name: PartialSums((*_STREAM, name), ("times",)) for name in ("shared", "messages")}
        self._saves = PartialSums(_STREAM, [piece for way in WAYS for piece in pieces_of(way)])

    def take(self, compared: pl.DataFrame) -> None:
        """Take in prompts with where they part from earlier ones."""
        told = compared.drop_nulls("break")
        self._breaks.add(told.group_by(*_STREAM, "break", "where").agg(times=pl.len()))
        in_cache = pl.col("cached_tokens") + pl.col("cache_write_tokens").fill_null(0)
        self._prompts.add(compared.group_by(_STREAM).agg(compared=pl.col("before").count(), in_cache=in_cache.sum()))
        long = compared.filter(tokens_of(SHARED, -TOKEN_ERROR) > 0)
        for name, counts in self._long.items():
            counts.add(long.group_by(*_STREAM, name).agg(times=pl.len()))

    def weigh(self, saved: pl.DataFrame) -> None:
        """Take in what each way of asking for a cache saves on some prompts, USD: `head_saves`, `end_saves`."""
        pieces = [piece for way in WAYS for piece in in_pieces(pl.col(f"{way}_saves"), way)]
        cut = saved.select(*_STREAM, *pieces)
        self._saves.add(cut.group_by(_STREAM).agg(pl.all().sum()))

    def known(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add what the stream of each prompt has in common: `head` and `head_messages`, bytes and messages that nine in
        ten share; `off`, that a cache has to be asked for and was not; and forget breaks that hardly occur, as of a
        prompt that was edited once, or of two that happen to be alike."""
        for name, column in (("head", "shared"), ("head_messages", "messages")):
            rows = rows.join(_reached(self._long[column].table(), column, name), on=_STREAM, how="left")
        prompts = self._prompts.table()
        rows = rows.join(prompts, on=_STREAM, how="left").with_columns(
            off=pl.col("on_request") & (pl.col("in_cache") == 0)
        )
        often = self._breaks.table().join(prompts, on=_STREAM, how="left")
        often = often.filter(
            (pl.col("times") >= BREAKS) & (pl.col("times") >= BREAK_SHARE * pl.col("compared"))
        ).select(*_STREAM, "break", "where", real=pl.lit(True))
        rows = rows.join(often, on=[*_STREAM, "break", "where"], how="left").sort("at")
        real = pl.col("real").fill_null(False)
        return rows.with_columns(
            pl.when(real).then("mended").otherwise("shared").alias("mended"),
            pl.when(real).then("break").alias("break"),
            pl.when(real).then("where").otherwise(pl.lit("")).alias("where"),
        ).drop("real", "compared", "in_cache")

    def with_way(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Add the better way of asking for a cache on the stream of each prompt, `way`; "none" where none pays."""
        table = self._saves.table()
        sums = table.select(*_STREAM, *(column_of(table, way).alias(f"{way}_sum") for way in WAYS))
        rows = rows.join(sums, on=_STREAM, how="left", maintain_order="left")
        head, end = (pl.col(f"{way}_sum") for way in WAYS)
        better = pl.when(head >= end).then(pl.lit("head")).otherwise(pl.lit("end"))
        way = pl.when(pl.col("off") & (pl.max_horizontal(head, end) > 0)).then(better).otherwise(pl.lit("none"))
        return rows.with_columns(way=way)


def _reached(counts: pl.DataFrame, column: str, name: str) -> pl.DataFrame:
    """By stream, the lower quantile `MOST` of a column, from how often it has each value."""
    below = pl.col("times").cast(pl.Int64).cum_sum().over(_STREAM)
    index = (pl.col("times").cast(pl.Int64).sum().over(_STREAM) - 1) * MOST
    ordered = counts.sort(column).filter(below > index.floor())
    return ordered.group_by(_STREAM).agg(pl.col(column).min().alias(name))
