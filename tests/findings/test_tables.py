"""The tables of a run, taken apart by route."""

from __future__ import annotations

from random import Random

import numpy as np
import polars as pl
import pytest

from audit.pairing.evidence import NOTHING_DRAWN, Tables

ROUTES = ["/a", "/b", "/c"]


def tables(rows: pl.DataFrame) -> Tables:
    """A run whose tables are all the same."""
    return Tables(slice=rows, replays=rows, accepted=rows, scores=rows, drawn=NOTHING_DRAWN)


@pytest.mark.parametrize("scattered", [False, True])
def test_a_route_has_its_rows_in_their_order(scattered: bool) -> None:
    """Whether the rows of a route stand together or not; a route without any has an empty table."""
    routes = [route for route in ("/b", "/a", "/d") for _ in range(40)]
    if scattered:
        Random(5).shuffle(routes)
    rows = pl.DataFrame({"route": routes, "n": range(len(routes))})
    found = tables(rows).by_route(ROUTES)
    assert list(found) == ROUTES
    for route, part in found.items():
        for table in (part.slice, part.scores):
            assert table["n"].to_list() == [n for n, other in enumerate(routes) if other == route]
            assert table.schema == rows.schema
    assert tables(rows.clear()).of_route("/a").slice.equals(rows.clear())


def test_the_tables_of_routes_are_no_second_copy() -> None:
    """As stages write them, sorted by route, the rows of the routes are those of the run, and take no more memory."""
    rows = pl.DataFrame({"route": [route for route in ROUTES for _ in range(1_000)], "n": range(3_000)})
    for part in tables(rows).by_route(ROUTES).values():
        assert np.shares_memory(part.accepted["n"].to_numpy(), rows["n"].to_numpy())
