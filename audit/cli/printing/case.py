"""One case as lines: untrusted text behind a bar, our own words without one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from audit.cli.terminal import BAR
from audit.core.artifacts import RunFolder
from audit.core.display import plural, terminal_safe, usd_call
from audit.core.errors import InputError, UnknownName
from audit.core.finding import Case, CaseSide, Findings, RouteFinding
from audit.report.words import random_notes, verdict_line, why_undecided, why_untried

KINDS = {
    "only_incumbent": "the incumbent passes, the candidate fails",
    "only_candidate": "the incumbent fails, the candidate passes",
    "both_pass": "both pass",
    "both_fail": "both fail",
    "unmeasured": "not measured on both",
}
SHORTEST_PREFIX = 6
GIST = 64
_LINES = re.compile(r"\r\n|[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")


def find_case(folder: RunFolder, cases: Sequence[Case], name: str, tier: str = "") -> Case:
    """The case with this id, or whose exchange's id begins with it: one that the report keeps, else any sampled one.

    Args:
        folder: Of the run.
        cases: That the report keeps.
        name: Of the case or the exchange.
        tier: Of the candidate; "" for the one of the case, or the first that was asked.

    Raises:
        UnknownName: There is none.
        InputError: There are several, or the run has nothing to show at all.
    """
    found = [case for case in cases if name == case.case_id]
    if not found and len(name) >= SHORTEST_PREFIX:
        found = [case for case in cases if case.exchange_id.startswith(name)]
    found = [case for case in found if tier in ("", case.candidate.tier)]
    if len(found) > 1:
        raise InputError(f"`{name}` begins the ids of {len(found)} exchanges", code="case.ambiguous")
    if found:
        return found[0]
    named = {case.case_id: case for case in cases}
    if folder.slice.exists() and (len(name) >= SHORTEST_PREFIX or name in named):
        from audit.cases.found import find

        try:
            return find(folder, named[name].exchange_id if name in named else name, tier)
        except UnknownName as unknown:
            if unknown.code != "exchange.unknown" or not named:
                raise
            found_none = UnknownName.among("case", name, list(named))
            notes = [*found_none.notes, "every exchange, by its id:  audit show RUN --all"]
            raise InputError(found_none.what, code=found_none.code, notes=notes, hint=found_none.hint) from None
    if not cases:
        raise InputError("the run has no cases: nothing was replayed", code="case.none", hint="audit replay LOGS")
    raise UnknownName.among("case", name, list(named))


def list_lines(findings: Findings, cases: Sequence[Case]) -> list[str]:
    """The cases of a run, one a line, under the recommendation of their route."""
    lines = [*notices(findings), f"{plural(len(cases), 'case')} of run {inert(findings.run_id)}", ""]
    wide = max((len(inert(case.case_id)) for case in cases), default=0)
    judged = {route.route: route for route in findings.routes}
    for name in dict.fromkeys([*judged, *(case.route for case in cases)]):
        lines.append(f"{BAR}{inert(name) or '(no route)'}")
        if name in judged:
            lines += route_lines(judged[name])
        for case in (one for one in cases if one.route == name):
            lines.append(
                f"    {inert(case.case_id):<{wide}}  {inert(case.candidate.tier)}: {_kind(case)}{_failed(case)}"
            )
            lines.append(f"    {'':<{wide}}  {BAR}{inert(asked_last(case.request))}")
        lines.append("")
    lines.append("All exchanges:  audit show RUN --all")
    lines.append("Some of them: with --route, --candidate, --failed, --moved, --criterion or --text")
    return lines


def route_lines(route: RouteFinding) -> list[str]:
    """What is concluded of a route, and what it rests on where people judged pairs in random order."""
    why = why_undecided(route) or (why_untried(route) if route.is_untested else "")
    lines = [verdict_line(route), *([f"Why: {why}."] if why else []), *random_notes(route)]
    return [f"  {inert(line)}" for line in lines]


def _failed(case: Case) -> str:
    """Names of the criteria that the candidate's answer fails."""
    names = [inert(str(one.get("criterion"))) for one in case.candidate.results if one.get("passed") is False]
    return f" [{', '.join(names)}]" if names else ""


def asked_last(request: str) -> str:
    """The first line of what the user said last, cut to a line of a terminal; of messages that begin with `role: `."""
    said = request.rpartition("\nuser: ")[2].removeprefix("user: ")
    line = next((line.strip() for line in _LINES.split(said) if line.strip()), "")
    return line if len(line) <= GIST else line[: GIST - 1] + "…"


def case_lines(findings: Findings, case: Case) -> list[str]:
    """A case with everything that is known of it."""
    head = f"Case {inert(case.case_id)}: {_kind(case)}"
    lines = [*notices(findings), head]
    lines += [line for route in findings.routes if route.route == case.route for line in route_lines(route)]
    lines.append("")
    facts = {"Route": case.route, "Exchange": case.exchange_id, "Tenant": case.tenant or ""}
    facts |= case.metadata
    wide = max(map(len, facts))
    lines += [f"  {inert(name):<{wide}}  {BAR}{inert(value)}" for name, value in facts.items() if value]
    lines += ["", "Request", *quoted(case.request)]
    for title, side in (("Incumbent", case.incumbent), ("Candidate", case.candidate)):
        lines += ["", *_side(title, side)]
    return lines


def _kind(case: Case) -> str:
    """Which answers pass, and whether the recommended policy sends the request to the candidate at all."""
    kind = KINDS.get(case.kind, inert(case.kind))
    return kind if case.moved else f"{kind}; the split keeps it on the incumbent"


def notices(findings: Findings) -> list[str]:
    """What a reader must know before any text: a demo, simulated answers."""
    lines = ["Demo: bundled data; these answers are from no real service."] if findings.demo else []
    if findings.simulated:
        lines.append(f"Simulated completions: {inert(', '.join(findings.simulated))}.")
    return lines


def _side(title: str, side: CaseSide) -> list[str]:
    if not side.tier:  # nobody was asked, and the text says why
        return [f"{title}: not asked: {inert(side.text)}"]
    passed = {True: "passes", False: "fails", None: "could not be measured"}[side.passed]
    cost = "cost unknown" if side.cost_usd is None else usd_call(side.cost_usd)
    several = f", {side.answers}" if side.answers else ""
    lines = [f"{title}: {passed}, {cost}, by {inert(side.tier)}{several}", *quoted(side.text)]
    for result in side.results:
        lines += _result(result)
    return lines


def _result(result: dict[str, object]) -> list[str]:
    """`  ✗ total  0.83`, and what was expected, extracted and said of it behind bars."""
    sign = {True: "✓", False: "✗"}.get(result.get("passed"), "–")  # type: ignore[call-overload]
    value = result.get("value")
    status = "" if result.get("status") == "scored" else f"  {inert(str(result.get('status')))}"
    number = f"  {value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else ""
    lines = [f"  {sign} {inert(str(result.get('criterion')))}{number}{status}"]
    for key in ("reason", "expected", "extracted"):
        if said := result.get(key):
            titles = [key, *[""] * len(_LINES.findall(str(said)))]
            lines += [f"      {title:<9}  {line}" for title, line in zip(titles, quoted(str(said)), strict=True)]
    return lines


def quoted(text: str) -> list[str]:
    """Untrusted text, each line behind a bar, whatever its writer thinks a line end is."""
    return [BAR + inert(line) for line in _LINES.split(text)]


def inert(text: str) -> str:
    """Untrusted text on one line. GitHub's runner obeys `##[command]` wherever it stands in a line of a log."""
    return terminal_safe(text).replace("##[", "## [")
