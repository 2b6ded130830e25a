"""What one lever takes of a bill, added up part by part."""

from __future__ import annotations

import polars as pl

from audit.core.exactly import ExactTotal, column_of, in_pieces, pieces_of, total_of
from audit.core.levers import Kind, LeverLine, LeverPart
from audit.core.partial import PartialSums
from audit.levers.bill import IN_TIME, MONEY
from audit.levers.lever import Lever, LeverFound, LeverNotes

CASES = 3
"""Requests that each part of a line names."""
ROUNDING = 1e-9
"""USD that the parts of a bill may be off their sum."""
SETTLED = ("route", *IN_TIME, *MONEY)
"""Columns of a bill that are read to settle a part of it."""
_PART = ("route", "kind", "where", "point")
_LARGEST = {"at_most": True, **dict.fromkeys(IN_TIME, False)}
"""What a case is chosen by, and whether the largest comes first."""


class LeverTally:
    """The sums of one lever. They are exact, so that they are the same whatever the parts.

    Args:
        lever: Whose.
    """

    def __init__(self, lever: Lever) -> None:
        self._lever = lever
        self._found = PartialSums(_PART, ("requests", "changed", *pieces_of("usd"), *pieces_of("at_most")))
        self._cases: list[pl.DataFrame] = []
        self._unseen = PartialSums(("why",), ("requests",))
        self._unseen_usd, self._left = ExactTotal(), ExactTotal()

    def settle(self, bill: pl.DataFrame, found: LeverFound) -> pl.DataFrame:
        """Take in what was found in a part of the bill, with the columns `SETTLED`.

        Returns:
            `MONEY` of the part after it.
        """
        after = found.changes.rename({name: f"{name}_after" for name in MONEY})
        joined = bill.join(after, on="at", how="left", maintain_order="left", validate="1:1")
        changed = pl.col("alive_after").is_not_null()
        money = joined.select(pl.when(changed).then(f"{name}_after").otherwise(name).alias(name) for name in MONEY)
        usd = pl.when(changed).then(pl.col("left") - pl.col("left_after")).otherwise(0.0)
        saved = joined.filter(pl.col("kind").is_not_null()).select(*_PART, "at_most", *IN_TIME, usd=usd)
        if saved.filter(pl.col("usd") > pl.col("at_most") + ROUNDING).height:
            raise AssertionError(f"the lever `{self._lever.name}` takes more than it can")
        self._add(saved)
        left = pl.concat([bill.select("at"), money.select("left")], how="horizontal")
        unseen = found.unseen.join(left, on="at", how="inner")
        self._unseen.add(unseen.group_by("why").agg(requests=pl.len()))
        self._unseen_usd.add(unseen["left"])
        self._left.add(money["left"])
        return money

    def _add(self, saved: pl.DataFrame) -> None:
        cut = (*in_pieces(pl.col("usd"), "usd"), *in_pieces(pl.col("at_most"), "at_most"))
        counted = (pl.len().alias("requests"), (pl.col("usd") != 0).sum().alias("changed"))
        pieces = pl.col(*pieces_of("usd"), *pieces_of("at_most")).sum()
        self._found.add(saved.with_columns(cut).group_by(_PART).agg(*counted, pieces))
        largest = pl.concat([*self._cases, saved.drop("usd")])
        largest = largest.sort(list(_LARGEST), descending=list(_LARGEST.values()), nulls_last=True)
        self._cases = [largest.group_by(_PART, maintain_order=True).head(CASES)]

    def by_route(self) -> dict[str, float]:
        """USD that the lever takes, by route."""
        table = self._found.table().group_by("route").agg(pl.col(pieces_of("usd")).sum())
        return dict(zip(table["route"], column_of(table, "usd"), strict=True))

    def line(self, notes: LeverNotes) -> LeverLine:
        """The lever's line; its cases are places in the log until they have their names."""
        table = self._found.table()
        total = {name: total_of(table, name) for name in ("usd", "at_most")}
        # A single request may cost more, as one that writes to a cache; all of them together may not.
        if total["usd"] < -ROUNDING:
            raise AssertionError(f"the lever `{self._lever.name}` takes less than nothing")
        return LeverLine(
            lever=self._lever.name,
            basis=self._lever.basis,
            effort=self._lever.effort,
            change=self._lever.change,
            requests=int(table["changed"].sum()),
            usd=total["usd"],
            at_most_usd=total["at_most"],
            left_usd=self._left.amount,
            unseen_requests=dict(self._unseen.table().select("why", "requests").sort("why").iter_rows()),
            unseen_usd=self._unseen_usd.amount,
            parts=tuple(self._parts(table)),
            by_ttl=notes.by_ttl,
            prompts=notes.prompts,
        )

    def _parts(self, table: pl.DataFrame) -> list[LeverPart]:
        """What was found by route and kind."""
        cases: dict[tuple[object, ...], list[str]] = {}
        for *part, at in self._cases[0].select(*_PART, "at").iter_rows():
            cases.setdefault(tuple(part), []).append(str(at))
        table = table.with_columns(column_of(table, "usd"), column_of(table, "at_most"))
        parts = [
            LeverPart(
                route=route,
                kind=Kind(kind),
                requests=requests,
                usd=usd,
                at_most_usd=at_most,
                cases=tuple(cases[route, kind, where, point]),
                where=where,
                cache_point=point,
            )
            for route, kind, where, point, requests, usd, at_most in table.select(
                *_PART, "requests", "usd", "at_most"
            ).iter_rows()
        ]
        return sorted(parts, key=lambda part: (-part.usd, -part.at_most_usd, part.route, part.kind, part.place))
