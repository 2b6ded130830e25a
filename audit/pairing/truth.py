"""What people said of draws at random, beside the verdicts of a judge on all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from audit.core.labels import RandomPart
from audit.stats.random_labels import LabelledDraws as LabelledDraws

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """True differences of draws as far as they are known, candidate less log, shape (n,).

    Attributes:
        low: At their worst; NaN where a label is needed and there is none.
        high: At their best.
        people: Known from a label.
    """

    low: FloatArray
    high: FloatArray
    people: BoolArray

    def part(self, rows: BoolArray) -> Truth:
        """Of some of the draws."""
        return Truth(low=self.low[rows], high=self.high[rows], people=self.people[rows])

    def where(self, moved: BoolArray) -> Truth:
        """Of a policy that moves some of the draws: the others keep their answer, which changes nothing."""
        return Truth(
            low=np.where(moved, self.low, 0.0), high=np.where(moved, self.high, 0.0), people=self.people & moved
        )

    def beside(self, before: FloatArray, after: FloatArray) -> LabelledDraws:
        """With what the judge says.

        Args:
            before: Whether the log's answer is accepted: 1, 0, or NaN where it was not measured.
            after: The same of the other answer.
        """
        return LabelledDraws(said=np.nan_to_num(after - before), low=self.low, high=self.high, people=self.people)


def random_part(drawn: pl.DataFrame, tier: str) -> tuple[RandomPart, int] | None:
    """How many pairs of a candidate were to be judged, of how many, and how many of these are; None where nobody said
    that pairs were drawn.

    Args:
        drawn: Of the route, as `schemas.DRAWN`.
        tier: The candidate.
    """
    pairs = drawn.filter((pl.col("tier") == tier) & pl.col("place").is_not_null()).unique("place")
    if pairs.is_empty():
        return None
    declared = int(pairs["declared"][0])
    first = pairs.filter(pl.col("place") < declared)
    wanted = RandomPart(first=first.height, of=pairs.height)
    return wanted, first.height - first["low"].null_count()


def truth_of(drawn: pl.DataFrame, exchange_ids: pl.Series, tier: str) -> Truth | None:
    """What is known of draws; None unless all pairs that were to be judged were: those that people liked to judge are
    no random sample.

    Args:
        drawn: Of the route, as `schemas.DRAWN`.
        exchange_ids: Of the draws, in their order.
        tier: The candidate.
    """
    part = random_part(drawn, tier)
    if part is None or part[1] < part[0].first:
        return None
    mine = drawn.filter(pl.col("tier") == tier).select("exchange_id", "place", "low", "high", "declared")
    rows = pl.DataFrame({"exchange_id": exchange_ids}).join(mine, on="exchange_id", how="left", maintain_order="left")
    people = (rows["place"] < rows["declared"]).fill_null(False).to_numpy()
    known = people | (rows["place"].is_null() & rows["low"].is_not_null()).to_numpy()
    low, high = (
        np.where(known, rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy(), np.nan)
        for name in ("low", "high")
    )
    return Truth(low=low, high=high, people=people)
