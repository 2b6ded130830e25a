"""All sampled exchanges of a run, narrowed down, with what was asked and what failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.cases.found import gists
from audit.cases.index import CaseIndex, Filters, selected
from audit.cases.texts import holding
from audit.core.artifacts import RunFolder, read_plan
from audit.core.errors import InputError, UnknownName


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedRequests:
    """What the recommendations send to cheaper tiers.

    Attributes:
        tiers: By route that moves, the tier.
        splits: Routes of which a part moves.
        cheap: Of requests of these, as (route, fingerprint), those that go to the cheap tier.
    """

    tiers: Mapping[str, str]
    splits: Sequence[str]
    cheap: Callable[[Sequence[tuple[str, str]]], set[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOrder:
    """Which exchanges are listed.

    Attributes:
        filters: What narrows them down.
        failed: Only those whose candidate's answer is not accepted.
        moved: Only those that a recommendation moves; None for all.
        limit: How many at most.
    """

    filters: Filters
    failed: bool
    moved: MovedRequests | None
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


def listed(folder: RunFolder, order: ListOrder) -> Listed:
    """Read the run's tables and narrow them down.

    Raises:
        UnknownName: A route, a candidate or a criterion that the run does not have.
        InputError: The run has no tables.
    """
    if not folder.slice.exists():
        raise InputError(
            f"{folder.path} has no sample: its exchanges cannot be listed", code="case.none", hint="audit replay LOGS"
        )
    index, filters = CaseIndex.read(folder), order.filters
    if index.cases.is_empty():
        raise InputError(
            f"{folder.path} has no answers to show: nothing was replayed",
            code="case.none",
            hint=f"why: audit report {folder.path}   to replay: audit replay LOGS",
        )
    _refuse_unreplayed(folder, filters.route, index)
    for what, name, names in (
        ("route", filters.route, index.cases["route"].unique().to_list()),
        ("candidate", filters.tier, index.cases["tier"].unique().to_list()),
        ("criterion", filters.criterion, index.criteria_of(filters.route)),
    ):
        if name and name not in names:
            raise UnknownName.among(what, name, [one for one in names if one])
    rows = selected(index, filters, holding(folder, filters.text) if filters.text else None)
    if order.failed:
        rows = rows.filter(~pl.col("other"))
    if order.moved is not None:
        rows = _moved(rows, order.moved)
    head = rows.head(order.limit).to_dicts()
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


def _refuse_unreplayed(folder: RunFolder, route: str, index: CaseIndex) -> None:
    """A route that the run knows and has no answer of is not unknown: say why nothing was replayed for it."""
    if not route or route in index.cases["route"] or not folder.plan.exists():
        return
    design = next((one for one in read_plan(folder.plan).designs if one.route == route), None)
    if design is not None:
        why = [design.reason] if design.reason else []
        raise InputError(
            f"nothing was replayed for route `{route}`", code="case.none", notes=why, hint="audit replay LOGS"
        )


def _moved(rows: pl.DataFrame, moved: MovedRequests) -> pl.DataFrame:
    goes = pl.lit(False)
    for route, tier in moved.tiers.items():
        goes |= (pl.col("route") == route) & (pl.col("tier") == tier)
    rows = rows.filter(goes)
    parted = rows.filter(pl.col("route").is_in(moved.splits)).select("route", "request_fp")
    if parted.is_empty():
        return rows
    cheap = moved.cheap(parted.rows())
    keeps = [
        route not in moved.splits or (route, fp) in cheap for route, fp in rows.select("route", "request_fp").rows()
    ]
    return rows.filter(pl.Series(keeps))
