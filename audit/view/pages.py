"""What the pages of a run say: everything about verdicts is the findings' own, here it is only laid out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import polars as pl

from audit.cases.index import SHOWN, Filters
from audit.cases.kinds import Kinds
from audit.cases.texts import CaseTexts, CriterionSaid
from audit.core.display import (
    count,
    percent_interval,
    percent_share,
    plural,
    points_interval,
    usd,
    usd_call,
    usd_interval,
)
from audit.core.exploration import MarginFinding
from audit.core.finding import Findings, RouteFinding
from audit.core.plan import Plan
from audit.report.differing import DifferingRun
from audit.report.words import STATUS, Status, criteria_note, margin_points, route_name, verdict_line
from audit.view.sides import compare

PAGE = 50
"""Cases of one page of the list."""

SHOW_WORDS = {
    "all": "All",
    "differ": "Differ",
    "only_incumbent": "Candidate worse",
    "only_candidate": "Candidate better",
    "both_fail": "Both fail",
    "both_pass": "Both pass",
    "unmeasured": "No verdict",
}
KIND_WORDS = {
    "only_incumbent": "candidate fails",
    "only_candidate": "candidate better",
    "both_fail": "both fail",
    "both_pass": "both pass",
    "unmeasured": "no verdict",
}
SAID = {True: "holds", False: "fails", None: "not scored"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLink:
    """A route in the list of routes; `status` is None before there are findings."""

    name: str
    url: str
    status: Status | None
    line: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLink:
    """A case in the list."""

    url: str
    gist: str
    kind: str
    words: str
    fails: tuple[str, ...]
    tenant: str
    tier: str
    turns: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CasesTab:
    """A part of the list, with how many cases it has."""

    words: str
    number: str
    url: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseList:
    """One page of the cases that the filters keep."""

    tabs: tuple[CasesTab, ...]
    cases: tuple[CaseLink, ...]
    total: int
    place: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerBox:
    """One of both answers."""

    title: str
    model: str
    cost: str
    verdict: str
    css: str
    runs: tuple[DifferingRun, ...]
    calls: tuple[DifferingRun, ...]
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionRow:
    """What one criterion said of both answers; the words of `SAID`, and why."""

    name: str
    today: str
    other: str
    why: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    """Everything about one case."""

    name: str
    gist: str
    facts: tuple[tuple[str, str], ...]
    messages: tuple[tuple[str, str], ...]
    before: str
    boxes: tuple[AnswerBox, ...]
    notes: tuple[str, ...]
    criteria: tuple[CriterionRow, ...]
    sources: tuple[str, ...]
    tiers: tuple[tuple[str, str, bool], ...]


def address(path: str, filters: Filters, /, **more: Any) -> str:
    """A link within the server: filters that say nothing are left out."""
    default = Filters()
    said = {name: getattr(filters, name) for name in Filters.__slots__}
    said = {name: value for name, value in said.items() if value != getattr(default, name)}
    said |= {name: value for name, value in more.items() if value not in (None, "", 1)}
    query = urlencode(said, errors="surrogatepass")
    return f"{path}?{query}" if query else path


def case_address(filters: Filters, exchange_id: str, tier: str, page: int = 1) -> str:
    """A link to a case, below the list of cases that the filters keep; it holds as long as the run folder does."""
    return address("case", filters, id=exchange_id, of=tier, page=page) + "#main"


def route_links(findings: Findings | None, plan: Plan | None, chosen: str) -> list[RouteLink]:
    """All routes, as the findings order them; before there are findings, as the plan does."""
    if findings is None:
        names = [design.route for design in plan.designs] if plan else []
        return [
            RouteLink(
                name=name or "(no route)",
                url=address("cases", Filters(route=name)),
                status=None,
                line="no verdict yet",
                chosen=name == chosen,
            )
            for name in names
        ]
    return [
        RouteLink(
            name=route_name(route),
            url=address("cases", Filters(route=route.route, tier=route.candidate or "")),
            status=STATUS[route.verdict],
            line=_short(route),
            chosen=route.route == chosen,
        )
        for route in findings.routes
    ]


def _short(route: RouteFinding) -> str:
    delta = route.recommendation.deciding_delta
    return "not measured" if delta is None else f"{points_interval(delta)} pts"


def case_list(
    rows: pl.DataFrame,
    numbers: Mapping[str, int],
    filters: Filters,
    *,
    page: int,
    gists: Mapping[str, str],
    failed: Mapping[tuple[str, str], Sequence[str]],
    chosen: tuple[str, str],
) -> CaseList:
    """One page of the list.

    Args:
        rows: The cases of this page.
        numbers: How many cases each part of the list has.
        filters: That made the list.
        page: From 1.
        gists: By exchange.
        failed: Criteria that fail, by exchange and tier.
        chosen: The case that is open.
    """
    total, first = numbers[filters.show], (page - 1) * PAGE
    return CaseList(
        tabs=tuple(
            CasesTab(
                words=SHOW_WORDS[show],
                number=count(numbers[show]),
                url=address("cases", replace(filters, show=show)),
                chosen=filters.show == show,
            )
            for show in SHOWN
        ),
        cases=tuple(
            CaseLink(
                url=case_address(filters, row["exchange_id"], row["tier"], page),
                gist=gists.get(row["exchange_id"], ""),
                kind=row["kind"],
                words=KIND_WORDS[row["kind"]],
                fails=tuple(failed.get((row["exchange_id"], row["tier"]), ())),
                tenant=row["tenant"] or "",
                tier="" if filters.tier else row["tier"],
                turns=plural(row["n_turns"], "turn") if row["n_turns"] else "",
                name=row["request_id"] or row["exchange_id"],
                chosen=(row["exchange_id"], row["tier"]) == chosen,
            )
            for row in rows.iter_rows(named=True)
        ),
        total=total,
        place=f"{count(first + 1)} to {count(first + rows.height)} of {count(total)}" if rows.height else "None",
        before=address("cases", filters, page=page - 1) if page > 1 else "",
        after=address("cases", filters, page=page + 1) if first + rows.height < total else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRow:
    """A group of like requests, as a row."""

    words: str
    cases: str
    worse: str
    share: str
    better: str
    stands_out: bool
    examples: tuple[tuple[str, str], ...]


def kinds_page(found: Kinds, filters: Filters, gists: Mapping[str, str]) -> dict[str, Any]:
    """Lay out the groups of a route's requests.

    Args:
        found: The groups.
        filters: Route and candidate.
        gists: What was asked, by exchange.
    """
    rows = [
        KindRow(
            words=", ".join(one.words) or "no words in common",
            cases=count(one.cases),
            worse=f"{count(one.worse)} of {count(one.judged)}",
            share="not scored" if one.share is None else percent_interval(one.share, 0),
            better=count(one.better),
            stands_out=one.stands_out,
            examples=tuple(
                (gists.get(name) or name, case_address(filters, name, filters.tier)) for name in one.examples
            ),
        )
        for one in found.kinds
    ]
    some = f"the first {count(found.grouped)} of {count(found.cases)}" if found.grouped < found.cases else "all"
    return {"rows": rows, "about": f"{some} cases", "embedder": found.embedder}


def case_page(row: Mapping[str, Any], texts: CaseTexts, filters: Filters, tiers: Sequence[str]) -> CasePage:
    """Lay out one case.

    Args:
        row: Of the index.
        texts: Of the case.
        filters: Of the list beside it.
        tiers: Candidates that answered this request.
    """
    today = AnswerBox(
        title="Today",
        model=row["model"],
        cost=_cost(row["cost_usd"], "as logged"),
        **_verdict(row["today"]),
        runs=(DifferingRun(text=texts.today.text),),
        calls=(),
        note="",
    )
    boxes: tuple[AnswerBox, ...]
    notes: tuple[str, ...] = ()
    if texts.other is None:
        empty = AnswerBox(
            title="Candidate", model=row["tier"], cost="", **_verdict(None), runs=(), calls=(), note="No answer yet."
        )
        boxes = (replace(today, calls=compare(texts.today, texts.today).left_calls), empty)
    else:
        both = compare(texts.today, texts.other)
        notes = both.notes
        other = AnswerBox(
            title="Candidate",
            model=row["tier"],
            cost=_cost(row["call_usd"], "as replayed"),
            **_verdict(row["other"]),
            runs=both.right,
            calls=both.right_calls,
            note="" if texts.other.status == "ok" else f"Status of the call: {texts.other.status.replace('_', ' ')}.",
        )
        boxes = (replace(today, runs=both.left, calls=both.left_calls), other)
    facts = {
        "Route": row["route"],
        "Tenant": row["tenant"] or "",
        "Exchange": row["exchange_id"],
        "Prompt": "" if row["prompt_tokens"] is None else plural(row["prompt_tokens"], "token"),
        "Sample": row["purpose"] if row["purpose"] == "dollars" else f"quality, {row['split']}",
        "No verdict because": (row["why"] or "not scored yet").replace("_", " ") if row["kind"] == "unmeasured" else "",
    }
    return CasePage(
        name=row["request_id"] or row["exchange_id"],
        gist="",
        facts=tuple((name, value) for name, value in facts.items() if value),
        messages=tuple((one.role or "message", one.text) for one in texts.messages),
        before=_before(texts),
        boxes=boxes,
        notes=notes,
        criteria=tuple(_criteria(texts)),
        sources=(
            "conversation and today’s answer: traffic/bodies-*.parquet, as the log has them",
            "today’s cost: slice.parquet, cost_usd, as billed in the log",
            "the candidate’s answer and cost: replays/replays.parquet, text and cost_usd",
            "what each criterion said: scores/scores.parquet; whether an answer is accepted: scores/accepted.parquet",
        ),
        tiers=tuple((tier, case_address(filters, row["exchange_id"], tier), tier == row["tier"]) for tier in tiers),
    )


def _verdict(accepted: bool | None) -> dict[str, str]:
    return {
        "verdict": {True: "accepted", False: "not accepted", None: "no verdict"}[accepted],
        "css": {True: "good", False: "bad", None: "none"}[accepted],
    }


def _cost(value: float | None, whence: str) -> str:
    return "cost unknown" if value is None else f"{usd_call(value)} {whence}"


def _before(texts: CaseTexts) -> str:
    said = [plural(len(texts.messages), "message")]
    if texts.tools:
        said.append(f"{plural(len(texts.tools), 'tool')} offered: {', '.join(texts.tools[:8])}")
    return "Conversation before: " + "; ".join(said)


def _criteria(texts: CaseTexts) -> list[CriterionRow]:
    """One row a criterion, those that fail on the candidate's answer first."""
    today = {one.criterion: one for one in texts.said_today}
    other = {one.criterion: one for one in texts.said_other}
    rows = []
    for name in dict.fromkeys([*today, *other]):
        why = [*_why(today.get(name), "today"), *_why(other.get(name), "candidate")]
        rows.append(CriterionRow(name=name, today=_mark(today.get(name)), other=_mark(other.get(name)), why=tuple(why)))
    return sorted(rows, key=lambda row: (row.other != "fails", row.today != "fails"))


def _mark(said: CriterionSaid | None) -> str:
    if said is None:
        return "not asked"
    return SAID[said.passed] if said.status == "scored" else said.status.replace("_", " ")


def _why(said: CriterionSaid | None, who: str) -> list[tuple[str, str]]:
    if said is None:
        return []
    found = [(f"{who}, score", f"{said.value:g}")] if said.value not in (None, 0.0, 1.0) else []
    wanted = (("reason", said.reason), ("expected", said.expected), ("read", said.extracted))
    return found + [(f"{who}, {word}", text) for word, text in wanted if text]


def route_facts(route: RouteFinding) -> dict[str, Any]:
    """What the findings conclude about a route, and what they say of other margins."""
    made = route.recommendation
    delta = made.deciding_delta
    return {
        "name": route_name(route),
        "status": STATUS[made.verdict],
        "line": verdict_line(route),
        "reason": made.reason,
        "facts": [
            ("Paid in this log", usd(route.spend_usd)),
            ("Avoidable", usd_interval(made.saving_usd)),
            ("Change of quality", "not measured" if delta is None else f"{points_interval(delta)} pts"),
            ("Margin, fixed before the replay", f"{margin_points(route.margin)} pts"),
            ("Pairs behind it", count(made.pairs.n)),
        ],
        "criteria": criteria_note(route),
        "caveats": made.caveats,
        "margins": [margin_row(one, route.margin) for one in route.at_margins],
        "where": "findings.json, the route’s `recommendation`; other margins: its `at_margins`",
    }


def margin_row(one: MarginFinding, own: float) -> tuple[str, str, str, str, bool]:
    """What another margin would recommend: margin, what moves, its change of quality, its saving, and whether it is
    the route's own."""
    moves = "nothing moves" if one.tier is None else f"{percent_share(one.share_moved)} to {one.tier}"
    delta = "–" if one.quality_delta is None else f"{points_interval(one.quality_delta)} pts"
    return margin_points(one.margin), moves, delta, usd_interval(one.avoidable_usd), one.margin == own
