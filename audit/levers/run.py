"""`measure_levers`: the levers one after the other, from what was paid to what is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from audit.core.exactly import column_of, in_pieces, pieces_of, total_of
from audit.core.levers import LeverLedger, LeverLine, RouteLevers
from audit.core.partial import PartialSums
from audit.core.rates import RatesOf
from audit.levers import LEVERS
from audit.levers.lever import Finder, Lever, LeverFound, Log
from audit.levers.log_files import PART_ROWS, LogFiles
from audit.levers.running_bill import RunningBill
from audit.levers.tally import SETTLED, LeverTally
from audit.spill import Parts


def measure_levers(
    traffic_files: Sequence[Path], rates_of: RatesOf, body_files: Sequence[Path] = (), *, part_rows: int = PART_ROWS
) -> LeverLedger:
    """The ledger of a log, without a call or a replay.

    Each request carries its dollars through the levers in the order of `LEVERS`. A lever sees the bill that the ones
    before it left, and what it takes of a request the next does not have: the lines are differences of whole bills, and
    what is left is the bill of the same requests with every counted change made.

    A part of the log is held at a time, the rest of a long one is on disk. All sums are exact, so neither the size of
    the parts nor the order of the files changes a digit.

    Args:
        traffic_files: `traffic-*.parquet` of one run.
        rates_of: Rates of a kind of call, as for `ingest`.
        body_files: `bodies-*.parquet` of the same run; without them, levers that read prompts are left out.
        part_rows: Rows that are held at once, about.

    Raises:
        AuditError: The bodies are not those of the traffic.
    """
    files = LogFiles(traffic_files, body_files, part_rows)
    log = Log(rates_of=rates_of, files=files)
    levers = [lever for lever in map(LEVERS.get, LEVERS.names) if body_files or not lever.reads_prompts]
    bill = RunningBill.opened(files, rates_of)
    paid = _by_route(bill)
    lines, taken = [], {}
    for lever in levers:
        finder, tally = lever.begin(log), LeverTally(lever)
        bill = bill.now(_settled(bill, lever, finder, tally, files))
        lines.append(tally.line(finder.notes()))
        taken[lever.name.value] = tally.by_route()
    left = _by_route(bill)
    return LeverLedger(
        requests=int(paid["requests"].sum()) + bill.unpriced,
        paid_usd=total_of(paid, "usd"),
        unpriced_requests=bill.unpriced,
        lines=tuple(_with_cases(lines, files.traffic)),
        routes=tuple(_routes(paid, left, taken)),
        left_usd=total_of(left, "usd"),
        prompts_read=bool(body_files),
    )


def _settled(bill: RunningBill, lever: Lever, finder: Finder, tally: LeverTally, files: LogFiles) -> Parts:
    """The dollars of a bill after a lever."""
    for look in finder.looks:
        for number, rows in bill.parts(lever.reads):
            look(rows, number)
    gathered = _found_together(bill, lever, finder, files) if lever.together else None
    money, columns = files.kept(), dict.fromkeys((*SETTLED, *(() if lever.together else lever.reads)))
    for number, rows in bill.parts(tuple(columns)):
        if gathered is None:
            found = finder.find(rows, number)
        else:
            changes, unseen = gathered
            found = LeverFound(changes=changes.part(number), unseen=unseen.part(number))
        money.add(number, tally.settle(rows, found))
    return money


def _found_together(bill: RunningBill, lever: Lever, finder: Finder, files: LogFiles) -> tuple[Parts, Parts]:
    """What a lever finds that holds requests against one another, back in the parts of the log: changes, and unseen."""
    changes, unseen = files.kept(), files.kept()
    for rows, to_come in bill.gathered(lever.together, lever.reads, in_turn=lever.in_turn).pieces():
        found = finder.find(rows, to_come)
        changes.spread(found.changes, files.part_of)
        unseen.spread(found.unseen, files.part_of)
    return changes, unseen


def _by_route(bill: RunningBill) -> pl.DataFrame:
    """Requests of a bill and what is left of them, by route."""
    sums = PartialSums(("route",), ("requests", *pieces_of("usd")))
    for _, rows in bill.parts(("route", "left")):
        cut = rows.select("route", *in_pieces(pl.col("left"), "usd"))
        sums.add(cut.group_by("route").agg(pl.len().alias("requests"), pl.col(pieces_of("usd")).sum()))
    return sums.table()


def _with_cases(lines: Sequence[LeverLine], files: Sequence[Path]) -> Iterator[LeverLine]:
    """The lines with ids of rows instead of their places; only these ids are read."""
    places = sorted({int(case) for line in lines for part in line.parts for case in part.cases})
    rows = pl.scan_parquet(list(files), row_index_name="place").select("place", "row_id")
    rows = rows.filter(pl.col("place").is_in(places))
    names = {str(place): name for place, name in rows.collect(engine="streaming").iter_rows()}
    for line in lines:
        named = (replace(part, cases=tuple(names[case] for case in part.cases)) for part in line.parts)
        yield replace(line, parts=tuple(named))


def _routes(paid: pl.DataFrame, left: pl.DataFrame, taken: Mapping[str, Mapping[str, float]]) -> list[RouteLevers]:
    left_usd = dict(zip(left["route"], column_of(left, "usd"), strict=True))
    routes = [
        RouteLevers(
            route=route,
            paid_usd=usd,
            usd={name: by_route.get(route, 0.0) for name, by_route in taken.items()},
            left_usd=left_usd[route],
        )
        for route, usd in zip(paid["route"], column_of(paid, "usd"), strict=True)
    ]
    return sorted(routes, key=lambda one: (-one.paid_usd, one.route))
