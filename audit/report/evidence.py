"""Evidence route by route: counts, the candidates that were tested, and real cases, worst first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from audit.core.criteria import Grade
from audit.core.display import (
    count,
    listing,
    milliseconds,
    percent,
    percent_interval,
    percent_share,
    plural,
    points_interval,
    usd,
    usd_call,
    usd_interval,
)
from audit.core.finding import CandidateFinding, CandidateVerdict, Case, CaseSide, Findings, RouteFinding, Verdict
from audit.core.recommendation import TODAY_UNMEASURED, PairTable
from audit.report.costs import CostTable, cost_table
from audit.report.differing import Cut, DifferingRun, cut, folded, side_by_side
from audit.report.routes import TOP
from audit.report.scales import shortened
from audit.report.tables import Numbers
from audit.report.words import STATUS, Status, changes_of, criteria_note, decides, random_words, route_name

DIFFERING = 5
ROUTES_IN_LARGE_RUNS = 2
"""Routes with evidence when there are more than the table shows; the rest is in `findings.json`."""

SHORT = 400
FEW_PAIRS = 200

VERDICT_WORDS = {
    CandidateVerdict.NON_INFERIOR: "holds the margin",
    CandidateVerdict.INFERIOR: "loses more than the margin",
    CandidateVerdict.NOT_PROVEN: "not proven",
    CandidateVerdict.INSUFFICIENT: "too little measured",
}

KINDS = {
    "only_incumbent": "today passes, candidate fails",
    "only_candidate": "candidate passes, today fails",
    "both_pass": "both pass",
    "both_fail": "both fail",
}
KEPT_BACK = "stays on today’s model; the candidate would fail it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One answer of a case."""

    who: str
    tier: str
    cost: str
    runs: tuple[DifferingRun, ...]
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionLine:
    """What one criterion said of both answers. `marks` are `pass`, `fail`, `none`."""

    name: str
    today: str
    candidate: str
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """One case. Texts are empty when the report is made without them.

    Attributes:
        told_above: The case before it has the same instructions; on paper they are printed once.
    """

    case_id: str
    kind: str
    summary: str
    failed: tuple[str, ...]
    request: Cut
    system: Cut
    sides: tuple[Side, ...]
    note: str
    criteria: tuple[CriterionLine, ...]
    open: bool
    told_above: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateView:
    """One candidate of a route: a row of numbers, and what stands behind them."""

    tier: str
    model: str
    verdict: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    criteria: Numbers | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """A 2x2 table of verdicts: today against what is recommended, over all draws or over those that move."""

    caption: str
    who: str
    counts: tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSection:
    """Everything known of one route."""

    key: str
    name: str
    status: Status
    reason: str
    squares: tuple[Square, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    candidates: tuple[CandidateView, ...]
    costs: CostTable | None
    cases: tuple[CaseView, ...]
    empty: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSection:
    """The section."""

    routes: tuple[RouteSection, ...]
    left_out: str
    text_line: str


def evidence(findings: Findings, cases: Sequence[Case], *, with_text: bool) -> EvidenceSection:
    """Lay the evidence out; without text, cases keep their ids and criteria only."""
    routes = findings.routes
    if not findings.tested:
        return EvidenceSection(routes=(), left_out="", text_line="")
    shown = routes[:ROUTES_IN_LARGE_RUNS] if len(routes) > TOP + 1 else routes
    by_route: dict[str, list[Case]] = {}
    for case in cases:
        by_route.setdefault(case.route, []).append(case)
    views = tuple(
        _route(route, findings, by_route.get(route.route, []), f"r{index}", with_text=with_text)
        for index, route in enumerate(shown)
    )
    left_out = ""
    if len(shown) < len(routes):
        left_out = f"The other {count(len(routes) - len(shown))} routes are in `findings.json` and `cases.jsonl`."
    told = sum(bool(view.cases) for view in views)
    line = ""
    if told:
        line = (
            f"Contains production text from {plural(told, 'route')}. Share it accordingly."
            if with_text
            else "Made without production text. Requests and answers are in `cases.jsonl`."
        )
    return EvidenceSection(routes=views, left_out=left_out, text_line=line)


def choose(cases: Iterable[Case]) -> list[Case]:
    """Up to five cases that differ, regressions first and among them the most failed criteria, then a normal one.

    Last comes one that a Split keeps back, where there is one.
    """
    ordered = list(cases)
    rank = {"only_incumbent": 0, "only_candidate": 1}
    differing = sorted(
        (case for case in ordered if case.kind in rank and case.moved),
        key=lambda case: (rank[case.kind], -len(failed_criteria(case.candidate))),
    )
    normal = [case for case in ordered if case.kind == "both_pass"]
    return [*differing[:DIFFERING], *normal[:1], *[case for case in ordered if not case.moved][:1]]


def failed_criteria(side: CaseSide) -> list[str]:
    """Names of the criteria that do not hold on this side."""
    return [str(result.get("criterion", "")) for result in side.results if result.get("passed") is False]


def _route(
    route: RouteFinding, findings: Findings, cases: Sequence[Case], key: str, *, with_text: bool
) -> RouteSection:
    table = route.recommendation.pairs
    views = _with_told([_case(case, with_text=with_text, opened=False) for case in choose(cases)])
    empty = ""
    if not views and table.only_today + table.only_after:
        empty = "No case of this route was kept for the report."
    elif not views and route.candidate is not None:
        empty = "No case where the answers differ on a criterion."
        if 0 < table.n < FEW_PAIRS:
            empty += f" With {plural(table.n, 'pair')} that proves little."
    return RouteSection(
        key=key,
        name=route_name(route),
        status=STATUS[route.verdict],
        reason=sentence(route),
        squares=tuple(_squares(route)),
        facts=tuple(_facts(route)),
        notes=tuple(_notes(route)),
        candidates=tuple(
            _candidate(
                candidate,
                route_name(route),
                changes_of(findings, candidate),
                _agreeing(route),
                unmeasured=route.recommendation.today_unmeasured,
            )
            for candidate in route.candidates
        ),
        costs=cost_table(route),
        cases=views,
        empty=empty,
    )


def _squares(route: RouteFinding) -> Iterable[Square]:
    """The pairs of what is recommended; of a Split also those of the part that moves."""
    made = route.recommendation
    if not made.pairs.n:
        return
    tier = made.tier or ""
    split = f"; each request counts by the share of its {made.repeats.asked} answers" if made.repeats else ""
    if made.verdict is not Verdict.SPLIT:
        yield _square(made.pairs, f"{plural(made.pairs.n, 'paired replay')}, today against {tier}{split}", tier)
        return
    yield _square(made.pairs, f"{plural(made.pairs.n, 'paired replay')}, today against the split{split}", "split")
    if made.moved_pairs.n:
        caption = f"the {count(made.moved_pairs.n)} of them that move, today against {tier}"
        yield _square(made.moved_pairs, caption, tier)


def _square(table: PairTable, caption: str, who: str) -> Square:
    numbers = (table.both_pass, table.only_today, table.only_after, table.both_fail)
    return Square(caption=caption, who=who, counts=tuple(map(count, numbers)))  # type: ignore[arg-type]


def _facts(route: RouteFinding) -> Iterable[tuple[str, str]]:
    """What is recommended, in figures: what moves, what it was billed, what that does to quality, cost and waiting."""
    made = route.recommendation
    if not made.moves_traffic:
        return
    billed = "" if made.moves.spend_usd is None else f", billed {usd(made.moves.spend_usd)}"
    moves = plural(made.moves.requests, "request")
    yield "Moves", f"{moves}, {percent_share(made.moves.share)} of the route{billed}"
    if made.moves.share_escalated:
        yield (
            "Asked twice",
            f"{percent_share(made.moves.share_escalated)} of the route: the check rejects the cheap answer",
        )
    yield "Change over all traffic, pts", _or_dash(made.quality_delta, points_interval)
    if made.verdict is Verdict.SPLIT:
        yield "Change on what moves, pts", _or_dash(made.moved_delta, points_interval)
    yield _base(route), f"{usd(route.auditable_usd)} → {usd_interval(made.cost_usd)}"
    if made.latency_ms.p50 is not None and made.latency_today_ms.p50 is not None:
        before, after = made.latency_today_ms, made.latency_ms
        yield (
            "Latency today → after, p50 / p95",
            f"{milliseconds(before.p50)} / {milliseconds(before.p95)} → "
            f"{milliseconds(after.p50)} / {milliseconds(after.p95)}",
        )


def _base(route: RouteFinding) -> str:
    """What a cost of the route is the cost of, where that is not all that was paid."""
    if usd(route.auditable_usd) == usd(route.spend_usd):
        return "Cost, every call counted"
    return f"Cost of what can be replayed, of {usd(route.spend_usd)} paid, every call counted"


def sentence(route: RouteFinding) -> str:
    """The reason of the verdict as a sentence; one that starts with a tier's name keeps its case."""
    reason = route.reason
    tiers = [candidate.tier for candidate in route.candidates]
    if reason and not any(reason.startswith(f"{tier}:") for tier in tiers):
        reason = reason[0].upper() + reason[1:]
    return reason if not reason or reason.endswith((".", "!", "?")) else f"{reason}."


def _notes(route: RouteFinding) -> Iterable[str]:
    """What else is known of the route, one sentence each."""
    if note := criteria_note(route):
        yield note
    if more := decides(route.needs_more):
        yield f"{more[0].upper()}{more[1:]}."
    noise = route.noise_floor
    if noise is not None:
        same = (
            ""
            if noise.same_answer is None
            else f"; {percent_share(noise.same_answer)} of its answers are the same verbatim"
        )
        moved = " So the replay does not reproduce production here; read the change with care." if noise.shifted else ""
        yield (
            "Noise floor: today’s model, asked again, got another result than in the log on "
            f"{percent_share(noise.psi, 1)} of {count(noise.n)} answers, {points_interval(noise.delta)} pts"
            f"{same}.{moved}"
        )
    elif route.noise_reason:
        yield f"Noise floor not measured: {route.noise_reason}"
    if route.unreplayable:
        reasons = listing([f"{count(number)} {_words(name)}" for name, number in sorted(route.unreplayable.items())])
        bounds = route.quality_bounds
        reach = (
            f" Had all of them passed, or all failed, the change would lie in {points_interval(bounds)} pts."
            if bounds
            else ""
        )
        yield f"Requests that could not be replayed: {reasons}.{reach}"
    yield from route.caveats


def _percent(share: float | None) -> str:
    return "–" if share is None else percent(share, 1)


def _agreeing(route: RouteFinding) -> frozenset[str]:
    """Names of the criteria that compare with today's own answers, and so accept them whatever they are worth."""
    grades = route.criteria.grades if route.criteria else {}
    return frozenset(name for name, grade in grades.items() if grade is Grade.AGREEMENT)


def _candidate(
    candidate: CandidateFinding, route: str, changes: Sequence[str], agreeing: frozenset[str], *, unmeasured: bool
) -> CandidateView:
    facts = [
        ("Pairs", f"{count(candidate.n)}: {count(candidate.both_pass)} both pass, {count(candidate.b)} only today, "
         f"{count(candidate.c)} only {candidate.tier}, {count(candidate.both_fail)} both fail"),
        ("Accepted today", TODAY_UNMEASURED if unmeasured else _rate(candidate.incumbent_rate)),
        (f"{'Agrees' if unmeasured else 'Accepted'} on {candidate.tier}", _rate(candidate.candidate_rate)),
        ("Quality change, pts", _or_dash(candidate.quality_delta, points_interval)),
        ("p, if it lost the margin or more", p_text(candidate.p_pass)),
        *([("Change by what answers say, pts", points_interval(said)),
           ("p of that change, likewise", p_text(candidate.p_content))]
          if (said := candidate.content_delta) is not None else []),
        ("p, if it lost the margin or less", p_text(candidate.p_fail)),
        ("Order of the test", "not reached" if candidate.tested is None else count(candidate.tested)),
        ("Not measured", _counts(candidate.excluded)),
        ("Counted against it", _counts(candidate.counted_against)),
        ("Not asked", "; ".join(f"{count(n.requests)}: {n.because.sentence}" for n in candidate.not_asked) or "none"),
        ("Requests changed", "; ".join(changes) or "none"),
        ("Odd answers", "; ".join(one.sentence for one in candidate.odd) or "none"),
        *([("Asked several times", f"{candidate.repeats.words}; {candidate.repeats.meaning}")]
          if candidate.repeats else []),
        *([("Judged at random", random_words(candidate))] if candidate.random_labels else []),
    ]  # fmt: skip
    rows = tuple(
        (
            row.name,
            row.scorer,
            "not measured" if row.name in agreeing else _percent(row.incumbent_rate),
            _percent(row.candidate_rate),
            count(row.scored),
            count(row.not_applicable),
            count(row.errored),
        )
        for row in candidate.criteria
    )
    head = ("Criterion", "Scorer", "Today", candidate.tier, "Scored", "Not applicable", "Errored")
    return CandidateView(
        tier=candidate.tier,
        model=candidate.model,
        verdict=VERDICT_WORDS[candidate.verdict],
        reason=candidate.reason,
        facts=tuple(facts),
        criteria=Numbers(caption=f"Criteria on {candidate.tier}, {route}", head=head, rows=rows) if rows else None,
    )


def p_text(p: float | None) -> str:
    """A p-value: `0.031`, `< 0.001`; "–" when there is none."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _rate(estimate: Any) -> str:
    return _or_dash(estimate, percent_interval)


def _or_dash(estimate: Any, text: Any) -> str:
    return "–" if estimate is None else str(text(estimate))


def _counts(statuses: Mapping[str, int]) -> str:
    return listing([f"{count(n)} {_words(name)}" for name, n in sorted(statuses.items())]) or "none"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _case(case: Case, *, with_text: bool, opened: bool) -> CaseView:
    left, right = cut(case.incumbent.text), cut(case.candidate.text)
    runs_left, runs_right, note = side_by_side(left.text, right.text) if with_text else ((), (), "")
    if any(run.mark for run in (*runs_left, *runs_right)):
        runs_left, runs_right = folded(runs_left), folded(runs_right)
    sides = (
        _side("Today", case.incumbent, runs_left, left.more),
        _side("Candidate", case.candidate, runs_right, right.more),
    )
    system, asked = parted(case.request)
    return CaseView(
        case_id=case.case_id,
        kind=KINDS.get(case.kind, case.kind) if case.moved else KEPT_BACK,
        summary=shortened(gist(case.request), 96) if with_text else "",
        failed=tuple(failed_criteria(case.candidate)),
        request=cut(asked) if with_text else Cut(text="", more=""),
        system=cut(system) if with_text else Cut(text="", more=""),
        sides=sides if with_text else (),
        note=note,
        criteria=_criteria(case, with_text=with_text),
        open=opened,
    )


def _with_told(views: Sequence[CaseView]) -> tuple[CaseView, ...]:
    """The cases of a route, each knowing whether its instructions have just been told."""
    before = (None, *(view.system for view in views))
    return tuple(replace(view, told_above=view.system == above) for above, view in zip(before, views, strict=False))


def parted(request: str) -> tuple[str, str]:
    """The instructions that a request begins with, and the messages after them, each of which begins with `role: `."""
    if not request.startswith(("system: ", "developer: ")):
        return "", request
    system, found, rest = request.partition("\nuser: ")
    return (system, f"user: {rest}") if found else ("", request)


def gist(request: str) -> str:
    """The first line of what the user said last; a request is its messages, each after `role: `."""
    said = request.rpartition("\nuser: ")[2].removeprefix("user: ")
    return next((line.strip() for line in said.splitlines() if line.strip()), "")


def _side(who: str, side: CaseSide, runs: tuple[DifferingRun, ...], more: str) -> Side:
    cost = "" if side.cost_usd is None else usd_call(side.cost_usd)
    who = f"{who}, {side.answers}" if side.answers else who
    return Side(who=who, tier=side.tier, cost=cost, runs=runs, more=more)


def _criteria(case: Case, *, with_text: bool) -> tuple[CriterionLine, ...]:
    names = list(
        dict.fromkeys(str(r.get("criterion", "")) for s in (case.incumbent, case.candidate) for r in s.results)
    )
    lines = []
    for name in names:
        today, candidate = _result(case.incumbent, name), _result(case.candidate, name)
        details: list[tuple[str, str]] = []
        for who, result in (("today", today), ("candidate", candidate)):
            if with_text and result is not None and result.get("passed") is not True:
                details += [
                    (f"{word}, {who}", cut(_plain(result[field]), SHORT).text)
                    for field, word in (("expected", "expected"), ("extracted", "got"), ("reason", "reason"))
                    if result.get(field) not in (None, "")
                ]
        lines.append(CriterionLine(name=name, today=_mark(today), candidate=_mark(candidate), details=tuple(details)))
    return tuple(sorted(lines, key=lambda line: (line.candidate != "fail", line.today != "fail")))


def _result(side: CaseSide, name: str) -> Mapping[str, Any] | None:
    return next((result for result in side.results if str(result.get("criterion", "")) == name), None)


def _mark(result: Mapping[str, Any] | None) -> str:
    passed = None if result is None else result.get("passed")
    return "pass" if passed is True else "fail" if passed is False else "none"


def _plain(value: Any) -> str:
    """A value to read: `total: 12, currency: EUR`, or `lookup(id: 7)` for the call of a tool; nested, JSON."""
    if isinstance(value, str):
        try:
            parsed = json.loads(value) if value.lstrip().startswith(("{", "[")) else value
        except (ValueError, RecursionError):
            return value
        return value if isinstance(parsed, str) else _plain(parsed)
    if isinstance(value, Mapping) and set(value) == {"name", "arguments"}:
        return f"{value['name']}({_plain(value['arguments'])})"
    if isinstance(value, Mapping) and value:
        return ", ".join(f"{name}: {_within(one)}" for name, one in value.items())
    if isinstance(value, list) and value:
        return ", ".join(map(_within, value))
    return json.dumps(value, ensure_ascii=False)


def _within(value: Any) -> str:
    """A value inside another one: nested ones keep their brackets, so that it can be seen where they end."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and set(value) == {"name", "arguments"}:
        return _plain(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
