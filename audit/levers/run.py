"""`measure_levers`: the levers one after the other, from what was paid to what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from audit.core.levers import Kind, LeverLedger, LeverLine, LeverPart, RouteLevers
from audit.core.rates import RatesOf
from audit.core.traffic import exact_sum
from audit.levers import LEVERS
from audit.levers.bill import CLASSES, open_bill
from audit.levers.lever import Lever, LeverFound, Log

CASES = 3
"""Requests that each part of a line names."""
ROUNDING = 1e-9
"""USD that the parts of a bill may be off their sum."""


def measure_levers(traffic_files: Sequence[Path], rates_of: RatesOf, body_files: Sequence[Path] = ()) -> LeverLedger:
    """The ledger of a log, without a call or a replay.

    Each request carries its dollars through the levers in the order of `LEVERS`. A lever sees the bill that the ones
    before it left, and what it takes of a request the next does not have: the lines are differences of whole bills, and
    what is left is the bill of the same requests with every counted change made.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        rates_of: Rates of a kind of call, as for `ingest`.
        body_files: `bodies-*.parquet` of the same run; without them, levers that read prompts are left out.
    """
    log = Log(rates_of=rates_of, body_files=body_files)
    levers = [lever for lever in map(LEVERS.get, LEVERS.names) if body_files or not lever.reads_prompts]
    bill, unpriced = open_bill(traffic_files, rates_of)
    paid = bill.select("at", "place", "route", paid="left")
    lines, taken = [], []
    for lever in levers:
        found = lever.find(bill, log)
        bill, saved = _applied(bill, found, lever)
        lines.append(_line(lever, found, saved, bill))
        taken.append(saved.select("at", "route", "usd", lever=pl.lit(lever.name.value)))
    return LeverLedger(
        requests=len(bill) + unpriced,
        paid_usd=exact_sum(paid["paid"]),
        unpriced_requests=unpriced,
        lines=tuple(_with_cases(lines, traffic_files)),
        routes=tuple(_routes(paid, bill, pl.concat(taken), [lever.name for lever in levers])),
        left_usd=exact_sum(bill["left"]),
        prompts_read=bool(body_files),
    )


def _applied(bill: pl.DataFrame, found: LeverFound, lever: Lever) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The bill after a lever, and what it took of which request."""
    told = ("alive", "batched", "left", *CLASSES)
    after = found.changes.rename({name: f"{name}_after" for name in told})
    joined = bill.join(after, on="at", how="left", maintain_order="left", validate="1:1")
    changed = pl.col("kind").is_not_null()
    saved = joined.filter(changed).select(
        "at", "place", "route", "kind", "where", "point", "at_most", usd=pl.col("left") - pl.col("left_after")
    )
    # A single request may cost more, as one that writes to a cache; all of them together may not.
    if saved["usd"].sum() < -ROUNDING or saved.filter(pl.col("usd") > pl.col("at_most") + ROUNDING).height:
        raise AssertionError(f"the lever `{lever.name}` takes less than nothing, or more than it can")
    columns = (pl.when(changed).then(f"{name}_after").otherwise(name).alias(name) for name in told)
    return joined.with_columns(columns).select(bill.columns), saved


def _line(lever: Lever, found: LeverFound, saved: pl.DataFrame, bill: pl.DataFrame) -> LeverLine:
    unseen = found.unseen.join(bill.select("at", "left"), on="at", how="inner")
    why = unseen.group_by("why").len().sort("why")
    return LeverLine(
        lever=lever.name,
        basis=lever.basis,
        effort=lever.effort,
        change=lever.change,
        requests=saved.filter(pl.col("usd") != 0).height,
        usd=exact_sum(saved["usd"]),
        at_most_usd=exact_sum(saved["at_most"]),
        left_usd=exact_sum(bill["left"]),
        unseen_requests=dict(why.iter_rows()),
        unseen_usd=exact_sum(unseen["left"]),
        parts=tuple(_parts(saved)),
        by_ttl=found.by_ttl,
        prompts=found.prompts,
    )


def _parts(saved: pl.DataFrame) -> list[LeverPart]:
    """What was found by route and kind; cases are rows of the files until they have their names."""
    parts = []
    for (route, kind, where, point), rows in saved.group_by("route", "kind", "where", "point", maintain_order=True):
        largest = rows.sort("at_most", "at", descending=[True, False]).head(CASES)
        parts.append(
            LeverPart(
                route=str(route),
                kind=Kind(str(kind)),
                requests=len(rows),
                usd=exact_sum(rows["usd"]),
                at_most_usd=exact_sum(rows["at_most"]),
                cases=tuple(map(str, largest["place"])),
                where=str(where),
                cache_point=point,
            )
        )
    return sorted(parts, key=lambda part: (-part.usd, -part.at_most_usd, part.route, part.kind, part.place))


def _with_cases(lines: Sequence[LeverLine], files: Sequence[Path]) -> Iterator[LeverLine]:
    """The lines with ids of rows instead of their places; only these ids are read."""
    places = sorted({int(case) for line in lines for part in line.parts for case in part.cases})
    rows = pl.scan_parquet(list(files), row_index_name="place").select("place", "row_id")
    names = {str(place): name for place, name in rows.filter(pl.col("place").is_in(places)).collect().iter_rows()}
    for line in lines:
        named = (replace(part, cases=tuple(names[case] for case in part.cases)) for part in line.parts)
        yield replace(line, parts=tuple(named))


def _routes(paid: pl.DataFrame, bill: pl.DataFrame, taken: pl.DataFrame, names: Sequence[str]) -> list[RouteLevers]:
    left = {route: exact_sum(rows["left"]) for (route,), rows in bill.group_by("route")}
    usd = {key: exact_sum(rows["usd"]) for key, rows in taken.group_by("route", "lever")}
    routes = [
        RouteLevers(
            route=str(route),
            paid_usd=exact_sum(rows["paid"]),
            usd={name: usd.get((route, name), 0.0) for name in names},
            left_usd=left[route],
        )
        for (route,), rows in paid.group_by("route")
    ]
    return sorted(routes, key=lambda one: (-one.paid_usd, one.route))
