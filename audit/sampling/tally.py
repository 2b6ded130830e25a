"""Sums of a log by route, taken part by part."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from audit.core.exactly import column_of, in_pieces, pieces_of
from audit.core.options import DIMENSIONS
from audit.sampling.rows import COUNTED, SHAPE, bins_of

AT_ONCE = 1 << 18
"""Rows of partial sums that are held before they are added up."""

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
        self._routes = _Sums(("route",), ("requests", *pieces_of("usd")), ("lightest", "heaviest"))
        self._models = _Sums(("route", "model"), pieces_of("usd"))
        self._lost = _Sums(("route", "reason"), ("requests", *pieces_of("usd")))
        self._shapes = {name: _Sums(("route", "bin"), ("requests",)) for name in SHAPE}
        self._segments = {name: _Sums(("route", name), ("requests", *pieces_of("usd"))) for name in DIMENSIONS}
        amounts = [piece for name in ("usd", "usd_prompt", "usd_completion") for piece in pieces_of(name)]
        self._tokens = _Sums(("route", "model", "above"), ("requests", "unpriced", *COUNTED, *amounts))

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


class _Sums:
    """Partial sums under some keys, added up whenever they are many."""

    def __init__(self, keys: Sequence[str], summed: Sequence[str], ends: Sequence[str] = ()) -> None:
        self._keys, self._parts, self._rows = keys, list[pl.DataFrame](), 0
        self._how = [pl.col(summed).sum()]
        if ends:
            lightest, heaviest = ends
            self._how += [pl.col(lightest).min(), pl.col(heaviest).max()]

    def add(self, part: pl.DataFrame) -> None:
        self._parts.append(part)
        self._rows += part.height
        if self._rows > AT_ONCE:
            self._parts = [self._added()]
            # What is left may be many itself: the next time is when as many have come again.
            self._rows = 0

    def table(self) -> pl.DataFrame:
        return self._added()

    def _added(self) -> pl.DataFrame:
        return pl.concat(self._parts).group_by(self._keys).agg(self._how)


def _named(table: pl.DataFrame, by: str) -> dict[str, dict[str, tuple[int, float]]]:
    """Requests and USD by route and name, both in order."""
    found: dict[str, dict[str, tuple[int, float]]] = {}
    table = table.sort("route", by)
    for route, name, requests, usd in zip(
        table["route"], table[by], table["requests"], column_of(table, "usd"), strict=True
    ):
        found.setdefault(route, {})[name] = (requests, usd)
    return found
