"""Sums of a log by route, taken part by part."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from audit.core.exactly import column_of, in_pieces, pieces_of
from audit.core.options import DIMENSIONS
from audit.core.partial import PartialSums
from audit.sampling.rows import COUNTED, SHAPE, bins_of

NO_BOUND = -1
"""`above` of a prompt that is longer than no bound, in tokens."""


class Tally:
    """The sums, which are those of all rows whatever the parts.

    Args:
        bounds: Prompt lengths in tokens at which some price changes.

    Attributes:
        seen: Whether any row has been added.
    """

    def __init__(self, bounds: Sequence[int]) -> None:
        self.bounds, self.seen = tuple(sorted(set(bounds))), False
        self._routes = PartialSums(("route",), ("requests", *pieces_of("usd")), ("lightest", "heaviest"))
        self._models = PartialSums(("route", "model"), pieces_of("usd"))
        self._lost = PartialSums(("route", "reason"), ("requests", *pieces_of("usd")))
        self._shapes = {name: PartialSums(("route", "bin"), ("requests",)) for name in SHAPE}
        self._segments = {name: PartialSums(("route", name), ("requests", *pieces_of("usd"))) for name in DIMENSIONS}
        amounts = [piece for name in ("usd", "usd_prompt", "usd_completion") for piece in pieces_of(name)]
        self._tokens = PartialSums(("route", "model", "above"), ("requests", "unpriced", *COUNTED, *amounts))

    def add(self, part: pl.DataFrame) -> None:
        """Add rows with the columns `PASSED`."""
        self.seen = True
        part = part.with_columns(in_pieces(pl.col("cost_usd"), "usd"))
        counted = (pl.len().cast(pl.Int64).alias("requests"), *(pl.col(piece).sum() for piece in pieces_of("usd")))
        weight = pl.col("sampling_weight")
        self._routes.add(
            part.group_by("route").agg(*counted, weight.min().alias("lightest"), weight.max().alias("heaviest"))
        )
        self._models.add(part.group_by("route", "model").agg(pl.col(pieces_of("usd")).sum()))
        self._lost.add(part.filter(pl.col("reason").is_not_null()).group_by("route", "reason").agg(*counted))
        for name, sums in self._shapes.items():
            binned = part.select("route", bin=pl.Series(bins_of(part[name])))
            sums.add(binned.group_by("route", "bin").agg(pl.len().cast(pl.Int64).alias("requests")))
        audited = part.filter(pl.col("reason").is_null())
        for name, sums in self._segments.items():
            sums.add(audited.group_by("route", pl.col(name).fill_null("")).agg(*counted))
        self._tokens.add(self._by_length(audited))

    def _by_length(self, audited: pl.DataFrame) -> pl.DataFrame:
        prompt, above = pl.col("prompt_tokens").fill_null(0), pl.lit(NO_BOUND, pl.Int64)
        for bound in self.bounds:
            above = pl.when(prompt > bound).then(pl.lit(bound, pl.Int64)).otherwise(above)
        weighed = {
            f"usd_{name.removesuffix('_tokens')}": pl.col("cost_usd") * pl.col(name).fill_null(0)
            for name in ("prompt_tokens", "completion_tokens")
        }
        pieces = [piece for name, amount in weighed.items() for piece in in_pieces(amount, name)]
        summed = [piece for name in ("usd", *weighed) for piece in pieces_of(name)]
        return (
            audited.with_columns(*pieces, above=above)
            .group_by("route", "model", "above")
            .agg(
                pl.len().cast(pl.Int64).alias("requests"),
                pl.col("cost_usd").null_count().cast(pl.Int64).alias("unpriced"),
                pl.col(COUNTED).fill_null(0).cast(pl.Int64).sum(),
                pl.col(summed).sum(),
            )
        )

    def routes(self) -> pl.DataFrame:
        """Billable rows by route, in name order: requests, usd, and the `lightest` and `heaviest` sampling weight."""
        table = self._routes.table().sort("route")
        return table.with_columns(usd=column_of(table, "usd"))

    def models(self) -> dict[str, dict[str, float]]:
        """USD of the billable rows by route and model, the largest first."""
        found: dict[str, dict[str, float]] = {}
        table = self._models.table()
        rows = zip(table["route"], table["model"], column_of(table, "usd"), strict=True)
        for route, model, usd in sorted(rows, key=lambda row: (-row[2], row[1])):
            found.setdefault(route, {})[model] = usd
        return found

    def lost(self) -> dict[str, dict[str, tuple[int, float]]]:
        """Requests and USD of the rows that cannot be audited, by route and reason."""
        return _named(self._lost.table(), "reason")

    def segments(self) -> dict[str, dict[str, dict[str, tuple[int, float]]]]:
        """Requests and USD of the rows that can be audited, by dimension, route and name."""
        return {name: _named(sums.table(), name) for name, sums in self._segments.items()}

    def shapes(self) -> dict[str, dict[str, list[int]]]:
        """Histograms of the billable rows over `BINS`, by route and column, without the empty bins at the end."""
        found: dict[str, dict[str, list[int]]] = {}
        for name, sums in self._shapes.items():
            for (route,), rows in sums.table().partition_by("route", as_dict=True).items():
                counts = [0] * (int(rows["bin"].max()) + 1)  # type: ignore[arg-type]
                for number, requests in rows.select("bin", "requests").iter_rows():
                    counts[number] = requests
                found.setdefault(str(route), {})[name] = counts
        return found

    def tokens(self) -> pl.DataFrame:
        """Rows that can be audited by route, model and the largest bound that their prompts are `above`, sorted:
        requests, `unpriced` ones, `COUNTED`, and as pieces `usd`, `usd_prompt` and `usd_completion`, where the last two
        are dollars times tokens."""
        return self._tokens.table().sort("route", "model", "above")


def _named(table: pl.DataFrame, by: str) -> dict[str, dict[str, tuple[int, float]]]:
    """Requests and USD by route and name, both in order."""
    found: dict[str, dict[str, tuple[int, float]]] = {}
    table = table.sort("route", by)
    for route, name, requests, usd in zip(
        table["route"], table[by], table["requests"], column_of(table, "usd"), strict=True
    ):
        found.setdefault(route, {})[name] = (requests, usd)
    return found
