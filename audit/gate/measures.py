"""What the findings say about the subject of a rule: one measurement per route, tenant or model that it matches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeVar

from audit.core.display import percent_share, plural
from audit.core.errors import AuditError, Place, nearest
from audit.core.finding import CandidateFinding, Findings, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.mixture import MixRow, ModelShare
from audit.core.recommendation import TODAY_UNMEASURED
from audit.gate.rules import RULES, Rule

ALL = "all traffic"
NO_RATE = f"{TODAY_UNMEASURED}; `quality_delta` says how many of them change"
NOTHING_PROVEN = "nothing was proven in this run"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One number that a rule is held against.

    Attributes:
        subject: A route, a tenant or a model; `all traffic` for the whole log.
        tier: The tier or model that the number is about, where the rule is about one.
        value: None when nothing was measured, with `note` saying why.
        n: Pairs behind it, where there are pairs.
        p_fail: Exact p-value of "the threshold is kept", where the threshold is the route's margin.
        stays: The policy leaves this route alone, so there is nothing to judge.
        unproven: It stays because nothing was proven in the whole run, which no rule may pass on.
        note: Why there is no value, or why the route stays.
        about: What the value is of, where the subject does not say it.
        more: Further replays that would decide it.
        errored: Calls behind it that could not be measured.
    """

    subject: str
    value: Estimate | None
    tier: str | None = None
    n: int | None = None
    p_fail: float | None = None
    stays: bool = False
    unproven: bool = False
    note: str = ""
    about: str = ""
    more: int | None = None
    errored: int = 0


def measure(rule: Rule, findings: Findings) -> list[Measured]:
    """Everything that `rule` is about, in the order of the findings.

    Raises:
        AuditError: A glob matches nothing (`gate.unknown-route`, `-tenant`, `-model`, `-tier`).
    """
    if rule.metric in ("quality_delta", "accept_rate"):
        return _quality(rule, findings)
    if rule.metric in ("avoidable_usd", "avoidable_share"):
        return _avoidable(rule, findings)
    if rule.metric == "skipped_share":
        read, rejected = findings.ingest.read, findings.ingest.rejected
        return [_exact(ALL, rejected / read if read else None, findings, "the logs hold no records")]
    return _traffic(rule, findings)


def _quality(rule: Rule, findings: Findings) -> list[Measured]:
    if not rule.tags:
        overall = findings.accepted_change if rule.metric == "quality_delta" else findings.accepted_after
        if rule.metric == "accept_rate" and _unmeasured(rule, findings.routes):
            return [Measured(subject=ALL, value=None, note=NO_RATE)]
        if rule.metric == "quality_delta" and nothing_proven(findings):
            return [Measured(subject=ALL, value=None, stays=True, unproven=True, note=NOTHING_PROVEN)]
        return [Measured(subject=ALL, value=_usable(overall), note="" if overall else "nothing was measured")]
    routes = _matching("route", rule, findings.routes, lambda route: route.route)
    if "tier" in rule.tags:
        tested = [(route, candidate) for route in routes for candidate in route.candidates]
        pairs = _matching("tier", rule, tested, lambda pair: pair[1].tier)
        return [_of_candidate(rule, route, candidate) for route, candidate in pairs]
    return [_recommended(rule, route, findings) for route in routes]


def _unmeasured(rule: Rule, routes: Sequence[RouteFinding]) -> bool:
    """Whether a rule asks for an accepted share where the criteria of some route accept today's answers whatever they
    are."""
    return rule.metric == "accept_rate" and any(route.recommendation.today_unmeasured for route in routes)


def nothing_proven(findings: Findings) -> bool:
    """Whether the run was replayed, moves nothing, and has not decided every route either."""
    verdicts = {route.verdict for route in findings.routes}
    moving = any(route.recommendation.moves_traffic for route in findings.routes)
    return findings.tested and not moving and Verdict.NOT_PROVEN in verdicts


def _recommended(rule: Rule, route: RouteFinding, findings: Findings) -> Measured:
    """What is recommended for the route: its certified policy, or today's model where it stays."""
    if not findings.tested:
        return Measured(subject=route.route, value=None, note="nothing was replayed")
    made = route.recommendation
    if not made.moves_traffic:
        return _staying(rule, route, findings)
    delta = rule.metric == "quality_delta"
    unmeasured = _unmeasured(rule, [route])
    value = None if unmeasured else _usable(made.deciding_delta if delta else made.accepted_after)
    part = (
        "" if made.verdict is Verdict.SWITCH else f"{percent_share(made.moves.share)} of it moves, over all its traffic"
    )
    proof = f"by {made.grade.words}" if made.grade else ""
    asked = made.repeats.words if made.repeats else ""
    return Measured(
        subject=route.route,
        tier=made.tier,
        value=value,
        n=made.pairs.n,
        # The p-value is of the pairs by all criteria.
        p_fail=made.p_inferior if delta and not made.by_content and _at_margin(rule, route) else None,
        note="" if value else NO_RATE if unmeasured else "no pair could be measured",
        about="; ".join(filter(None, (part, made.deciding_words if delta else "", proof, asked))),
        more=route.needs_more.replays if route.needs_more else None,
        errored=made.unmeasured,
    )


def _staying(rule: Rule, route: RouteFinding, findings: Findings) -> Measured:
    """Nothing moves: there is no change to judge, and the accepted rate is today's."""
    open_ = route.verdict is Verdict.NOT_PROVEN
    made = route.recommendation
    # Without pairs there is no figure that would say why.
    told = open_ and (not made.pairs.n or route.beyond_noise)
    why = "; ".join(filter(None, (made.reason, route.beyond_noise))) if told else ""
    note = (
        f"no change; the route stays on {made.today} ({'not proven' if open_ else 'keep'}{f': {why}' if why else ''})"
    )
    if rule.metric == "accept_rate":
        unmeasured = _unmeasured(rule, [route])
        value = None if unmeasured else _usable(route.accepted_rate)
        none = f"{note}; {NO_RATE if unmeasured else 'its answers today were not scored'}"
        return Measured(subject=route.route, value=value, about=note, note="" if value else none)
    unproven = open_ and nothing_proven(findings)
    more = route.needs_more.replays if unproven and route.needs_more else None
    note = f"{NOTHING_PROVEN}; {note}" if unproven else note
    return Measured(subject=route.route, value=None, stays=True, unproven=unproven, note=note, more=more)


def _at_margin(rule: Rule, route: RouteFinding) -> bool:
    """The findings' p-values are about the route's own margin and say nothing of another threshold."""
    return rule.op in (">", ">=") and abs(rule.threshold + route.margin) < 1e-9


def _of_candidate(rule: Rule, route: RouteFinding, candidate: CandidateFinding) -> Measured:
    delta = rule.metric == "quality_delta"
    unmeasured = _unmeasured(rule, [route])
    value = None if unmeasured else _usable(candidate.quality_delta if delta else candidate.candidate_rate)
    at_margin = delta and _at_margin(rule, route)
    return Measured(
        subject=route.route,
        tier=candidate.tier,
        value=value,
        n=candidate.n,
        p_fail=candidate.p_fail if at_margin else None,
        note="" if value else NO_RATE if unmeasured else f"no pair could be measured ({candidate.reason})",
        about=candidate.repeats.words if candidate.repeats else "",
        more=route.needs_more.replays if route.needs_more and candidate.tier == route.candidate else None,
        errored=sum(candidate.excluded.values()),
    )


def _avoidable(rule: Rule, findings: Findings) -> list[Measured]:
    untested = "" if findings.tested else "nothing was replayed"
    share = rule.metric == "avoidable_share"
    if "route" not in rule.tags:
        total = findings.avoidable_share if share else findings.avoidable_usd
        return [Measured(subject=ALL, value=None if untested else _usable(total), note=untested)]
    found = []
    for route in _matching("route", rule, findings.routes, lambda route: route.route):
        value, note = _usable(route.avoidable_usd), untested
        if share and value is not None:
            value = value.scaled(1 / route.spend_usd) if route.spend_usd > 0 else None
            note = note or ("" if value else "nothing was spent on it")
        found.append(Measured(subject=route.route, value=None if untested else value, note=note))
    return found


def _traffic(rule: Rule, findings: Findings) -> list[Measured]:
    rows: Sequence[MixRow] = [findings.mix.total]
    for tag, of_tag in (("route", findings.mix.by_route), ("tenant", findings.mix.by_tenant)):
        if tag in rule.tags:
            rows = _matching(tag, rule, of_tag, lambda row: row.name)
    names = ["route", "tenant"]
    grouped = any(tag in rule.tags for tag in names)
    if not rule.tags.keys() & {"model", "tier"}:
        return [
            _exact(row.name if grouped else ALL, _of_row(rule.metric, row), findings, "it has no requests")
            for row in rows
        ]
    found = []
    for model, label in _models(rule, findings):
        for row in rows:
            part = next((share for share in row.models if share.model == model), None)
            value = _of_share(rule.metric, row, part)
            subject = row.name if grouped else ALL
            found.append(_exact(subject, value, findings, "it has no requests", tier=label))
    return found


def _models(rule: Rule, findings: Findings) -> list[tuple[str, str]]:
    """Models that the rule names, each with the name to show; a tier is the model that it serves."""
    if "model" in rule.tags:
        rows = _matching("model", rule, findings.mix.by_model, lambda row: row.name)
        return [(row.name, row.name) for row in rows]
    tiers = [(str(facts.get("model", "")), name) for name, facts in findings.provenance.tiers.items()]
    return _matching("tier", rule, tiers, lambda pair: pair[1])


def _of_row(metric: str, row: MixRow) -> float | None:
    if metric == "spend_usd":
        return row.spend_usd
    return row.cost_per_1k_usd if metric == "cost_per_1k" else float(row.requests)


def _of_share(metric: str, row: MixRow, part: ModelShare | None) -> float | None:
    if metric == "mix":
        return None if row.requests == 0 else part.request_share if part else 0.0
    if metric == "cost_per_1k":
        return part.cost_per_1k_usd if part else None
    return 0.0 if part is None else part.spend_usd if metric == "spend_usd" else float(part.requests)


def _exact(subject: str, value: float | None, findings: Findings, note: str, tier: str | None = None) -> Measured:
    estimate = None if value is None else Estimate.exact(value, findings.confidence)
    return Measured(subject=subject, tier=tier, value=estimate, note=note if estimate is None else "")


def _usable(estimate: Estimate | None) -> Estimate | None:
    """An estimate without any end is a point, and no rule is judged on a point."""
    return None if estimate is None or (estimate.lo is None and estimate.hi is None) else estimate


def _matching(tag: str, rule: Rule, items: Iterable[T], name: Callable[[T], str]) -> list[T]:
    """Items whose name fits the rule's glob; every item when the rule has no such tag.

    Raises:
        AuditError: There are none.
    """
    everything = list(items)
    problem = no_match(tag, rule, {name(item) for item in everything})
    if problem is not None:
        raise problem
    glob = rule.tags.get(tag, "*")
    return [item for item in everything if fnmatchcase(name(item), glob)]


def no_match(tag: str, rule: Rule, names: Collection[str]) -> AuditError | None:
    """What is wrong with a rule whose glob fits none of the names; None where it fits one."""
    glob, known = rule.tags.get(tag, "*"), sorted(names)
    if any(fnmatchcase(name, glob) for name in known):
        return None
    near = nearest(glob, known)
    lists = "they are in audit.yaml under `tiers:`" if tag == "tier" else f"list them with: audit mix LOGS --by {tag}"
    return AuditError(
        f"no {tag} matches `{glob}`",
        code=f"gate.unknown-{tag}",
        place=Place(file=RULES, column=rule.places.get(tag, 0) + 1, excerpt=rule.text, width=len(glob)),
        notes=[f"it matches 0 of {plural(len(known), tag)}"],
        hint=f"did you mean `{near}`? {lists[0].upper()}{lists[1:]}" if near else lists,
    )
