"""The routing that follows from the verdicts, as lines for people: what changes, what stays, and why."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.criteria import proven_by
from audit.core.display import count, percent_share, points_interval, usd
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.report.actions import ActionList, action_list
from audit.report.routes import saved_text, split_top
from audit.report.words import margin_points, moves, recommended, rule_text, settings_of

NOTHING = "No change recommended."
_PLAIN = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_/.-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Two sections: what to do, None where nothing follows; and a text in YAML, or a sentence when nothing changes."""

    actions: ActionList | None
    text: str
    empty: str


def handover(findings: Findings) -> Handover | None:
    """Write down what to do and the policy; None when nothing was replayed."""
    if not findings.tested:
        return None
    if not any(moves(route) for route in findings.routes):
        return Handover(actions=action_list(findings), text="", empty=NOTHING)
    lines = [
        f"run: {findings.run_id}",
        "# fixed before the replay",
        f"margin: {margin_points(findings.margin)}pt",
        "routes:",
    ]
    shown, rest = split_top(findings.routes)
    for route in shown:
        lines += _route(route, findings)
    if rest:
        moving = sum(map(moves, rest))
        lines.append(
            f"  # {count(moving)} more routes move and {count(len(rest) - moving)} stay: see policy/policy.json"
        )
    return Handover(actions=action_list(findings), text="\n".join(lines) + "\n", empty="")


def _route(route: RouteFinding, findings: Findings) -> list[str]:
    name, today = quoted(route.route), quoted(route.recommendation.today)
    model = route.recommendation.model or route.candidate or ""
    if route.verdict is Verdict.SWITCH:
        return [f"  # {_why(route, findings)}", f"  {name}: {{{', '.join(_use(route, model, findings))}}}"]
    if route.verdict is Verdict.SPLIT:
        return [
            f"  # {percent_share(route.share_moved)} of requests: {_why(route, findings)}",
            f"  {name}:",
            *(f"    {line}" for line in _use(route, model, findings)),
            *(f"    {line}" for line in _conditions(recommended(route))),
            f"    otherwise: {today}",
        ]
    return [f"  # {_stays(route)}", f"  {name}: {{use: {today}}}"]


def _use(route: RouteFinding, model: str, findings: Findings) -> list[str]:
    """The model, with what it is asked with beside."""
    settings = settings_of(findings, route.recommendation.tier)
    beside = [f"with: {json.dumps(settings, sort_keys=True)}"] if settings else []
    return [f"use: {quoted(model)}", *beside]


def _conditions(params: Mapping[str, Any]) -> list[str]:
    """Before the call, after it, or both."""
    after = [f"unless: {quoted(str(params['verifier']) + ' rejects the answer')}"] if params.get("verifier") else []
    if params.get("signal") or not after:
        return [f"when: {quoted(rule_text(params) or 'as certified')}", *after]
    return after


def _why(route: RouteFinding, findings: Findings) -> str:
    made = route.recommendation
    by = " by content" if made.by_content else ""
    change = "" if made.deciding_delta is None else f"{points_interval(made.deciding_delta)} pts{by}, "
    return f"{change}saves {saved_text(route, findings)}, proven by {proven_by(made.grade)}"


def _stays(route: RouteFinding) -> str:
    if route.verdict is Verdict.NOT_PROVEN:
        left = f", up to {usd(route.up_to_usd)} open" if route.up_to_usd > 0 else ""
        return f"not proven{left}"
    return "fails its own floor today" if route.below_floor else "keep"


def quoted(text: str) -> str:
    """A YAML scalar on one line: plain where that is safe, else in double quotes, which JSON and YAML share."""
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
