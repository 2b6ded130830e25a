"""All sampled exchanges of a run as lines, narrowed down: one exchange and one candidate a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.cases.found import gists
from audit.cases.index import CaseIndex, Filters, selected
from audit.cases.texts import holding
from audit.cli.print_case import BAR, inert, notices
from audit.core.artifacts import RunFolder
from audit.core.display import count, plural
from audit.core.errors import InputError, UnknownName
from audit.core.finding import Findings, Verdict
from audit.flow.routing import sampled_requests
from audit.policy.policy_file import read_run_policy
from audit.policy.router import Router
from audit.report.words import verdict_line

SIGNS = {"only_incumbent": "✓ ✗", "only_candidate": "✗ ✓", "both_pass": "✓ ✓", "both_fail": "✗ ✗", "unmeasured": "– –"}
"""Today's answer and the candidate's."""
ID = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which exchanges are listed.

    Attributes:
        filters: What narrows them down.
        failed: Only those whose candidate's answer is not accepted.
        moved: Only those that the recommendation sends to the cheaper tier.
        limit: How many at most.
    """

    filters: Filters
    failed: bool
    moved: bool
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Exchanges with the first line of what was asked.

    Attributes:
        rows: Of `CaseIndex.cases`, with `gist` and `fails` (names of criteria that the candidate's answer fails).
        total: How many the filters keep.
        every: How many there are.
    """

    rows: tuple[Mapping[str, Any], ...]
    total: int
    every: int


def listed(folder: RunFolder, findings: Findings, wanted: Wanted) -> Listed:
    """Read the run's tables and narrow them down.

    Raises:
        UnknownName: A route, a candidate or a criterion that the run does not have.
        InputError: The run has no tables.
    """
    if not folder.slice.exists():
        raise InputError(
            f"{folder.path} has no sample: its exchanges cannot be listed", code="case.none", hint="audit replay LOGS"
        )
    index, filters = CaseIndex.read(folder), wanted.filters
    for what, name, names in (
        ("route", filters.route, index.cases["route"].unique().to_list()),
        ("candidate", filters.tier, index.cases["tier"].unique().to_list()),
        ("criterion", filters.criterion, index.criteria_of(filters.route)),
    ):
        if name and name not in names:
            raise UnknownName.among(what, name, [one for one in names if one])
    rows = selected(index, filters, holding(folder, filters.text) if filters.text else None)
    if wanted.failed:
        rows = rows.filter(~pl.col("other"))
    if wanted.moved:
        rows = _moved(rows, folder, findings)
    head = rows.head(wanted.limit).to_dicts()
    asked = gists(folder, [row["exchange_id"] for row in head])
    fails: dict[tuple[str, str], list[str]] = {}
    for exchange, tier, criterion in index.failed.select("exchange_id", "tier", "criterion").iter_rows():
        fails.setdefault((exchange, tier), []).append(criterion)
    return Listed(
        rows=tuple(
            row | {"gist": asked.get(row["exchange_id"], ""), "fails": fails.get((row["exchange_id"], row["tier"]), [])}
            for row in head
        ),
        total=rows.height,
        every=index.cases.height,
    )


def _moved(rows: pl.DataFrame, folder: RunFolder, findings: Findings) -> pl.DataFrame:
    """What the recommendation sends to the cheaper tier: all of a Switch, and of a Split what its own router sends."""
    made = {one.route: one.recommendation for one in findings.routes if one.recommendation.moves_traffic}
    goes = pl.lit(False)
    for route, one in made.items():
        goes |= (pl.col("route") == route) & (pl.col("tier") == one.tier)
    rows = rows.filter(goes)
    splits = [route for route, one in made.items() if one.verdict is Verdict.SPLIT]
    parted = rows.filter(pl.col("route").is_in(splits))
    if parted.is_empty():
        return rows
    router = Router(read_run_policy(folder))
    requests = sampled_requests(folder, parted["request_fp"].unique().to_list())
    stays = [
        row["exchange_id"]
        for row in parted.select("exchange_id", "route", "request_fp").iter_rows(named=True)
        if row["request_fp"] not in requests or not router.route(row["route"], requests[row["request_fp"]]).cheap
    ]
    return rows.filter(~(pl.col("route").is_in(splits) & pl.col("exchange_id").is_in(stays)))


def listed_lines(findings: Findings, found: Listed, width: int) -> list[str]:
    """The exchanges under the recommendation of their route."""
    heading = f"{count(len(found.rows))} of {count(found.total)} found among {plural(found.every, 'answer')} of run "
    lines = [*notices(findings), heading + inert(findings.run_id), ""]
    judged = {route.route: route for route in findings.routes}
    wide = max((len(inert(str(row["tier"]))) for row in found.rows), default=0)
    for name in dict.fromkeys(row["route"] for row in found.rows):
        lines.append(f"{BAR}{inert(name) or '(no route)'}")
        if name in judged:
            lines.append(f"  {inert(verdict_line(judged[name]))}")
        lines += [_line(row, wide, width) for row in found.rows if row["route"] == name]
        lines.append("")
    if len(found.rows) < found.total:
        lines.append(f"More with --limit {min(found.total, 10 * max(len(found.rows), 1))}.")
    lines.append("✓ accepted, ✗ not: today's answer, then the candidate's. One of them:  audit show RUN ID")
    return lines


def _line(row: Mapping[str, Any], wide: int, width: int) -> str:
    fails = f"  [{', '.join(map(inert, row['fails']))}]" if row["fails"] else ""
    head = f"    {inert(row['exchange_id'])[:ID]}  {SIGNS.get(row['kind'], '– –')}  {inert(row['tier'] or '–'):<{wide}}"
    room = max(width - len(head) - len(fails) - 4, 16)
    asked = inert(row["gist"])
    return f"{head}  {BAR}{asked if len(asked) <= room else asked[: room - 1] + '…'}{fails}"
