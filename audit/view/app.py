"""`audit view` as an application: three pages and a line of progress, all read from the run folder."""

from __future__ import annotations

import contextlib
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from audit.cases import index as of_index
from audit.cases.index import SHOWN, SORTS, CaseIndex, Filters
from audit.cases.kinds import Kinds, kinds_of
from audit.cases.texts import gist, holding, message_texts, read_bodies, read_texts
from audit.core.artifacts import RunFolder, read_cases, read_findings, read_plan
from audit.core.display import count, usd
from audit.core.errors import AuditError, InputError
from audit.core.finding import Findings
from audit.core.plan import Plan
from audit.report.words import banners, headline_text
from audit.view.pages import PAGE, address, case_address, case_list, case_page, kinds_page, route_facts, route_links
from audit.view.progress import JournalTail, tail_of
from audit.view.rendering import html

SHORTEST = 6
"""Characters of an exchange's id that name it."""

SEARCHES = 16
"""Searches whose results are kept."""


@dataclass(slots=True)
class RunView:
    """A run as it is on the disk now; read again when a file has changed. Safe to use from several threads."""

    folder: RunFolder
    tail: JournalTail
    lock: Lock = field(default_factory=Lock)
    known: CaseIndex | None = None
    searched: OrderedDict[tuple[Any, str], Sequence[str]] = field(default_factory=OrderedDict)
    grouped: OrderedDict[tuple[Any, str, str], Kinds] = field(default_factory=OrderedDict)

    @property
    def index(self) -> CaseIndex | None:
        """The cases; None before a sample was drawn."""
        if not self.folder.slice.exists():
            return None
        with self.lock:
            if self.known is None or self.known.stamp != of_index.stamp_of(self.folder):
                self.known = CaseIndex.read(self.folder)
                self.searched.clear()
            return self.known

    @property
    def findings(self) -> Findings | None:
        """What the audit concludes; None before it does."""
        return read_findings(self.folder.findings) if self.folder.findings.exists() else None

    @property
    def plan(self) -> Plan | None:
        """What is replayed; None before it is planned."""
        return read_plan(self.folder.plan) if self.folder.plan.exists() else None

    def kinds(self, index: CaseIndex, route: str, tier: str) -> Kinds:
        """The groups of a route's requests; worked out once."""
        key = (index.stamp, route, tier)
        with self.lock:
            if key not in self.grouped:
                self.grouped[key] = kinds_of(self.folder, index, route, tier)
                while len(self.grouped) > SEARCHES:
                    self.grouped.popitem(last=False)
            return self.grouped[key]

    def holding(self, text: str) -> Sequence[str] | None:
        """Exchanges in which a text occurs; None where none is looked for."""
        if not text:
            return None
        key = (self.known.stamp if self.known else (), text)
        if key not in self.searched:
            self.searched[key] = holding(self.folder, text)
            while len(self.searched) > SEARCHES:
                self.searched.popitem(last=False)
        return self.searched[key]


def application(folder: RunFolder) -> Starlette:
    """The pages of a run.

    Args:
        folder: Of the run; nothing outside it is read.
    """
    run = RunView(folder=folder, tail=tail_of(folder))
    # Read before anybody looks, so that the first case is there at once; what cannot be read, its page says.
    with contextlib.suppress(Exception):
        _ = run.index
    pages: dict[str, Callable[[RunView, Request], Response]] = {
        "/": _overview,
        "/cases": _cases,
        "/case": _case,
        "/kinds": _kinds,
        "/progress": _progress,
    }
    return Starlette(routes=[Route(path, _answering(run, page), methods=["GET"]) for path, page in pages.items()])


def _answering(run: RunView, page: Callable[[RunView, Request], Response]) -> Callable[[Request], Response]:
    """A page whose errors are pages as well, without any text of the log in them."""

    def answer(request: Request) -> Response:
        try:
            return page(run, request)
        except AuditError as error:
            return html("view/problem.html.j2", status=404, what=error.what, hint=error.hint or "")
        except Exception as error:
            frames = traceback.extract_tb(error.__traceback__)
            where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
            what = f"this is a bug in `audit`: {type(error).__name__} at {where}"
            return html("view/problem.html.j2", status=500, what=what, hint="the run folder is as it was; report it")

    return answer


def _frame(run: RunView, chosen: str) -> dict[str, Any]:
    """What every page has: the title, the routes, and how far a replay is."""
    findings, plan = run.findings, run.plan
    return {
        "run_id": findings.run_id if findings else run.folder.path.name,
        "routes": route_links(findings, plan, chosen),
        "banners": banners(findings) if findings else (),
        "progress": _progress_line(run, plan),
        "folder": str(run.folder.path),
    }


def _overview(run: RunView, request: Request) -> Response:
    findings, plan = run.findings, run.plan
    progress = run.tail.progress(plan) if plan else None
    return html(
        "view/overview.html.j2",
        **_frame(run, ""),
        headline=headline_text(findings) if findings else "Nothing is concluded yet.",
        counted=[(one.route or "(no route)", count(one.done), count(one.planned)) for one in progress.routes]
        if progress
        else [],
        facts=[route_facts(route) for route in findings.routes] if findings else [],
    )


def _cases(run: RunView, request: Request) -> Response:
    filters, page = _filters(request), _page(request)
    findings = run.findings
    route = next((one for one in findings.routes if one.route == filters.route), None) if findings else None
    found, _ = _list(run, filters, page, ("", ""))
    return html(
        "view/cases.html.j2",
        **_frame(run, filters.route),
        **found,
        route=route_facts(route) if route else None,
        kinds=address("kinds", Filters(route=filters.route, tier=filters.tier)),
    )


def _kinds(run: RunView, request: Request) -> Response:
    """The requests of a route in groups by likeness."""
    filters, index = _filters(request), run.index
    if index is None or not index.cases.filter(index.cases["route"] == filters.route).height:
        raise InputError("the sample of this run has no such route", code="case.unknown", hint="go back to the routes")
    found = run.kinds(index, filters.route, filters.tier)
    bodies = read_bodies(run.folder, [name for kind in found.kinds for name in kind.examples])
    gists = {name: gist(message_texts(body["messages"])) for name, body in bodies.items()}
    return html(
        "view/kinds.html.j2",
        **_frame(run, filters.route),
        filters=filters,
        found=kinds_page(found, filters, gists),
        back=address("cases", Filters(route=filters.route, tier=filters.tier)),
    )


def _case(run: RunView, request: Request) -> Response:
    filters, page = _filters(request), _page(request)
    index = run.index
    row = index.row(request.query_params.get("id", ""), request.query_params.get("of", "")) if index else None
    if index is None or row is None:
        raise InputError("the sample of this run has no such case", code="case.unknown", hint="go back to the list")
    chosen = (str(row["exchange_id"]), str(row["tier"]))
    found, bodies = _list(run, filters, page, chosen)
    texts = read_texts(run.folder, row, bodies.get(chosen[0]))
    tiers = index.cases.filter(index.cases["exchange_id"] == row["exchange_id"])["tier"].to_list()
    made = replace(case_page(row, texts, filters, tiers), gist=gist(texts.messages))
    return html("view/case.html.j2", **_frame(run, filters.route or str(row["route"])), **found, case=made)


def _list(
    run: RunView, filters: Filters, page: int, chosen: tuple[str, str]
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The list of cases, the case before and the one after, and what the filters offer; and the bodies of what is
    listed and chosen, which are read in one pass."""
    index = run.index
    if index is None:
        raise InputError("no sample was drawn yet", code="run.incomplete", hint="audit plan or audit replay draws it")
    rows = of_index.selected(index, filters, run.holding(filters.text))
    shown = of_index.shown(rows, filters.show)
    part = shown.slice((page - 1) * PAGE, PAGE)
    ids = part["exchange_id"].to_list()
    failed: dict[tuple[str, str], list[str]] = {}
    for exchange_id, tier, criterion in index.failed.filter(index.failed["exchange_id"].is_in(ids)).iter_rows():
        failed.setdefault((exchange_id, tier), []).append(criterion)
    names = list(zip(shown["exchange_id"], shown["tier"], strict=True)) if any(chosen) else []
    place = names.index(chosen) if chosen in names else -1
    bodies = read_bodies(run.folder, [*ids, *chosen[:1]])
    made = case_list(
        part,
        of_index.counts(rows),
        filters,
        page=page,
        gists={name: gist(message_texts(body["messages"])) for name, body in bodies.items()},
        failed=failed,
        chosen=chosen,
    )

    def neighbour(at: int) -> str:
        if not 0 <= at < shown.height:
            return ""
        name, tier = shown["exchange_id"][at], shown["tier"][at]
        return case_address(filters, name, tier, at // PAGE + 1)

    of_route = index.cases.filter(index.cases["route"] == filters.route) if filters.route else index.cases
    said = {
        "list": made,
        "filters": filters,
        "previous": neighbour(place - 1) if place > 0 else "",
        "next": neighbour(place + 1),
        "tiers": _values(of_route["tier"]),
        "tenants": _values(of_route["tenant"]),
        "criteria": index.criteria.get(filters.route, ())
        or tuple(dict.fromkeys(c for n in index.criteria.values() for c in n)),
    }
    return said, bodies


def _values(column: Any) -> list[str]:
    """Different values of a column, at most as many as a menu can hold."""
    return sorted(value for value in column.unique().to_list() if value)[:500]


def _progress(run: RunView, request: Request) -> Response:
    return JSONResponse({"line": _progress_line(run, run.plan)})


def _progress_line(run: RunView, plan: Plan | None) -> str:
    """`Replay 5,210 of at most 7,698 calls, $0.71 of $2.00`; "" before there is a plan."""
    if plan is None:
        return ""
    found = run.tail.progress(plan)
    calls = f"Replay {count(found.done)} of at most {count(found.planned)} calls"
    return f"{calls}, {usd(found.spent_usd)} of {usd(found.cap_usd)}"


def _page(request: Request) -> int:
    text = request.query_params.get("page", "1")
    return max(int(text), 1) if text.isascii() and text.isdecimal() and len(text) < 9 else 1


def _filters(request: Request) -> Filters:
    """What an address asks for; what it says wrongly is left out."""
    said: Mapping[str, str] = request.query_params
    filters = Filters(
        **{name: said.get(name, "") for name in ("route", "tier", "criterion", "tenant")},
        text=said.get("text", "").strip()[:400],
        least_tokens=_number(said.get("least_tokens"), int),
        most_tokens=_number(said.get("most_tokens"), int),
        least_usd=_number(said.get("least_usd"), float),
        most_usd=_number(said.get("most_usd"), float),
    )
    show, sort = said.get("show", "all"), said.get("sort", "drawn")
    return replace(filters, show=show if show in SHOWN else "all", sort=sort if sort in SORTS else "drawn")


def _number(text: str | None, kind: Callable[[str], Any]) -> Any:
    try:
        value = kind((text or "").strip())
    except ValueError:
        return None
    return value if abs(value) < 1e15 else None


def case_link(folder: RunFolder, name: str) -> str:
    """The address of a case within the server.

    Args:
        folder: Of the run.
        name: The id of a case that the report shows, of an exchange or its beginning, or of a request of the log.

    Raises:
        InputError: There is none, or the name begins several.
    """
    shown = next((case for case in read_cases(folder.cases) if case.case_id == name), None)
    if shown is not None:
        return case_address(Filters(route=shown.route), shown.exchange_id, shown.candidate.tier)
    index = RunView(folder=folder, tail=tail_of(folder)).index
    if index is None:
        raise InputError("no sample was drawn yet", code="run.incomplete", hint="audit replay LOGS draws it")
    ids = index.cases.select("exchange_id", "request_id", "route").unique("exchange_id", maintain_order=True)
    exact = ids.filter((pl.col("exchange_id") == name) | (pl.col("request_id") == name))
    found = exact if exact.height or len(name) < SHORTEST else ids.filter(pl.col("exchange_id").str.starts_with(name))
    if found.height != 1:
        words = (
            "no sampled request has this id" if not found.height else f"it begins the ids of {found.height} requests"
        )
        raise InputError(f"no such case: {words}", code="case.unknown", hint=f"audit view {folder.path} lists them")
    row = found.row(0, named=True)
    return case_address(Filters(route=row["route"]), row["exchange_id"], "")
