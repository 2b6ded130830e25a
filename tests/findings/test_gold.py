"""A gold set of a part of a route: both arms on its requests, beside the verdict."""

from __future__ import annotations

import polars as pl

from audit.certificate.gold import gold_pairs
from audit.core.criteria import GoldAnswers
from audit.stats.tango import PairCounts, tango

GOLD = GoldAnswers(criteria=("equals", "contains"), requests=4, of=9, accepted=3)


def rows(exchange: str, arm: str, said: dict[str, bool | None]) -> list[dict[str, object]]:
    """What criteria said of one answer; None where one does not apply."""
    return [
        {
            "exchange_id": exchange,
            "arm": arm,
            "tier": "small" if arm == "candidate" else "",
            "repeat": 0,
            "criterion": name,
            "status": "not_applicable" if passed is None else "scored",
            "passed": passed,
        }
        for name, passed in said.items()
    ]


def test_both_arms_are_held_against_the_right_answers_alone() -> None:
    """Other criteria, requests without a right answer and pairs that are not looked at have no part in it."""
    right: dict[str, bool | None] = {"equals": True, "contains": None, "is-json": False}
    wrong: dict[str, bool | None] = {"equals": True, "contains": False, "is-json": True}
    nothing: dict[str, bool | None] = {"equals": None, "contains": None, "is-json": True}
    told = [("a", right, wrong), ("b", right, right), ("c", wrong, right), ("d", right, wrong), ("e", nothing, nothing),
            ("f", right, wrong)]  # fmt: skip
    table = pl.DataFrame(
        [row for id_, one, other in told for arm, said in (("incumbent", one), ("candidate", other))
         for row in rows(id_, arm, said)]
    )  # fmt: skip
    found = gold_pairs(table, "small", ["a", "b", "c", "d", "e"], GOLD, 0.95)
    assert found is not None
    assert (found.n, found.incumbent, found.candidate) == (4, 3, 2)
    interval = tango(PairCounts(b=2, c=1, n=4), level=0.95)
    assert (found.delta.est, found.delta.lo, found.delta.hi) == (-0.25, interval.low, interval.high)


def test_without_a_gold_set_there_is_no_line() -> None:
    """None where the route has none, and where it has an answer of none of the pairs."""
    table = pl.DataFrame(rows("a", "incumbent", {"equals": None}) + rows("a", "candidate", {"equals": None}))
    table = table.with_columns(pl.col("passed").cast(pl.Boolean))
    assert gold_pairs(table, "small", ["a"], None, 0.95) is None
    assert gold_pairs(table, "small", ["a"], GOLD, 0.95) is None
