"""Figures of findings worked out again from the figures that they rest on, for whoever was handed the findings alone.

A sum that is not the sum of its routes, a rate that is not that of its table, a verdict that its own interval forbids:
whoever changes one number of an audit leaves one of these behind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.certificate.bakeoff import loss_of
from audit.certificate.claims import rate
from audit.core.finding import CandidateFinding, Findings, PolicyFinding, RouteFinding
from audit.core.interval import Estimate
from audit.core.mixture import MixRow
from audit.core.plain import to_plain
from audit.core.recommendation import PairTable, Recommendation
from audit.core.reconciliation import Reconciliation
from audit.findings.curves import frontier
from audit.findings.totals import totals
from audit.stats.discrimination import discrimination_of, p_inferior, p_noninferior
from audit.stats.tango import PairCounts, tango

DIGITS = 1e-7
"""Sums of the same numbers in another order differ by far less, relative to the larger; no output prints more."""


def disagreements(findings: Findings) -> list[str]:
    """Where findings contradict themselves, as paths into `findings.json`; none of what an audit writes does."""
    found = [*_totals(findings), *_mix(findings), *_ledger(findings), *_routes(findings)]
    found += _reconciliation(findings.mix.reconciliation)
    return [*found, *_estimates(to_plain(findings), findings.confidence, "")]


def _estimates(value: Any, level: float | None, where: str) -> Iterator[str]:
    """Every estimate lies in its interval, and every interval is of the declared level; those of periods and
    units are of others."""
    if isinstance(value, dict) and value.keys() == {"est", "lo", "hi", "level"}:
        slack = DIGITS * max(abs(value["est"]), 1.0)
        below = value["lo"] is not None and value["lo"] > value["est"] + slack
        above = value["hi"] is not None and value["hi"] < value["est"] - slack
        if below or above or (level is not None and unlike(value["level"], level)):
            yield where
    elif isinstance(value, dict):
        for name, item in value.items():
            inside = f"{where}.{name}" if where else name
            yield from _estimates(item, None if name == "robustness" else level, inside)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _estimates(item, level, f"{where}[{index}]")


def _routes(findings: Findings) -> Iterator[str]:
    for index, route in enumerate(findings.routes):
        where = f"routes[{index}]"
        yield from (f"{where}.{name}" for name in _route(route, findings.confidence))
        for place, candidate in enumerate(route.candidates):
            names = _candidate(candidate, route, findings.confidence)
            yield from (f"{where}.candidates[{place}].{name}" for name in names)
        for place, policy in enumerate(route.policies):
            yield from (f"{where}.policies[{place}].{name}" for name in _policy(policy, route))


def _totals(findings: Findings) -> Iterator[str]:
    """What is added up over routes."""
    level = findings.confidence
    again = totals(findings.routes, spend_usd=findings.spend_usd, days=findings.days, level=level)
    yield from _unlike(to_plain(again), {name: to_plain(getattr(findings, name)) for name in to_plain(again)})
    if unlike(to_plain(frontier(findings.routes, findings.spend_usd, level)), to_plain(findings.frontier)):
        yield "frontier"
    if findings.tested is not any(route.candidates for route in findings.routes):
        yield "tested"
    if unlike(sum(route.requests for route in findings.routes), findings.requests):
        yield "requests"
    if unlike(sum(route.spend_usd for route in findings.routes), findings.spend_usd):
        yield "spend_usd"


def _mix(findings: Findings) -> Iterator[str]:
    """The traffic and its bill, by model, route and the like: each adds up to all of it."""
    mix = findings.mix
    for name, wanted in (("requests", findings.requests), ("spend_usd", findings.spend_usd), ("days", findings.days)):
        if unlike(getattr(mix, name), wanted):
            yield f"mix.{name}"
    for name in ("by_model", "by_route", "by_tenant", "by_environment", "by_region"):
        rows: Sequence[MixRow] = getattr(mix, name)
        billed = sum(row.spend_usd for row in rows)
        if rows and (unlike(sum(row.requests for row in rows), mix.requests) or unlike(billed, mix.spend_usd)):
            yield f"mix.{name}"
        yield from (f"mix.{name}[{index}]" for index, row in enumerate(rows) if not _is_row(row))
    if not _is_row(mix.total):
        yield "mix.total"
    if mix.trend and (
        unlike(sum(day.requests for day in mix.trend), mix.requests)
        or unlike(sum(day.spend_usd for day in mix.trend), mix.spend_usd)
    ):
        yield "mix.trend"
    if mix.priced_by_usd and unlike(sum(mix.priced_by_usd.values()), mix.spend_usd):
        yield "mix.priced_by_usd"


def _is_row(row: MixRow) -> bool:
    """Whether a group's models add up to it, and its cost per 1,000 requests is that of its spend."""
    known = row.requests - row.unpriced_requests
    told = row.cost_per_1k_usd
    sums = {"requests": sum(one.requests for one in row.models), "spend_usd": sum(one.spend_usd for one in row.models)}
    whole = not row.models or not any(unlike(getattr(row, name), value) for name, value in sums.items())
    return whole and (told is None or not known or not unlike(told, row.spend_usd / known * 1000))


def _ledger(findings: Findings) -> Iterator[str]:
    """Every dollar is in one bucket."""
    book = findings.ledger
    if unlike(sum(book.reasons.values()), book.not_auditable_usd):
        yield "ledger.reasons"
    if unlike(book.audited_usd + book.extrapolated_usd + book.not_auditable_usd, findings.spend_usd):
        yield "ledger"


def _reconciliation(found: Reconciliation | None) -> Iterator[str]:
    """The steps lead from the log's dollars to the bill's."""
    if found is not None and unlike(found.log_usd + sum(step.usd for step in found.steps), found.bill_usd):
        yield "mix.reconciliation"


def _route(route: RouteFinding, level: float) -> Iterator[str]:
    """A recommendation held against its own pairs, dollars and margin."""
    made = route.recommendation
    yield from (f"recommendation.{name}" for name in _recommendation(made, route, level))
    if route.incumbents and unlike(sum(route.incumbents.values()), 1.0):
        yield "incumbents"
    if route.criteria is not None and made.grade is not route.criteria.grade:
        yield "recommendation.grade"


def _recommendation(made: Recommendation, route: RouteFinding, level: float) -> Iterator[str]:
    table = made.pairs
    both = table.both_pass
    passed = {
        "accepted_today": (made.accepted_today, both + table.only_today),
        "accepted_after": (made.accepted_after, both + table.only_after),
    }
    yield from _rates(passed, table.n, level)
    if not made.unmeasured and made.repeats is None:
        yield from _measured(made.quality_delta, made.p_noninferior, made.p_inferior, table, route, level)
    if unlike(to_plain(made.saving_usd.taken_from(route.auditable_usd)), to_plain(made.cost_usd)):
        yield "cost_usd"
    if not made.moves_traffic:
        closest = next((one for one in route.candidates if one.tier == made.tier), None)
        if closest is not None and (made.quality_delta, made.p_noninferior, made.p_inferior) != (
            closest.quality_delta,
            closest.p_pass,
            closest.p_fail,
        ):
            yield "quality_delta"
        if closest is not None and (made.content_delta, made.p_content) != (closest.content_delta, closest.p_content):
            yield "content_delta"
        if made.saving_usd.est or made.moves.requests or made.moves.share:
            yield "saving_usd"
        return
    held = [made.quality_delta, *(one for one in (made.content_delta, made.score_delta) if one is not None)]
    if any(one is None or one.lo is None or one.lo <= -route.margin for one in held):
        yield "verdict"
    if made.p_noninferior is None or made.p_noninferior > 1 - level:
        yield "p_noninferior"
    if made.content_delta is not None and (made.p_content is None or made.p_content > 1 - level):
        yield "p_content"
    if made.saving_usd.lo is None or made.saving_usd.lo <= 0:
        yield "saving_usd"
    # What a check of the answer decides is an estimate, rounded to whole requests.
    if abs(made.moves.share * route.requests - made.moves.requests) > 0.5 + DIGITS * route.requests:
        yield "moves"


def _candidate(candidate: CandidateFinding, route: RouteFinding, level: float) -> Iterator[str]:
    table = PairTable(
        both_pass=candidate.both_pass, only_today=candidate.b, only_after=candidate.c, both_fail=candidate.both_fail
    )
    if unlike(table.n, candidate.n):
        yield "n"
    both = candidate.both_pass
    passed = {
        "incumbent_rate": (candidate.incumbent_rate, both + candidate.b),
        "candidate_rate": (candidate.candidate_rate, both + candidate.c),
    }
    yield from _rates(passed, table.n, level)
    if not candidate.excluded and candidate.repeats is None:
        names = {"p_noninferior": "p_pass", "p_inferior": "p_fail"}
        found = _measured(candidate.quality_delta, candidate.p_pass, candidate.p_fail, table, route, level)
        yield from (names.get(name, name) for name in found)
    if candidate.saving_usd is not None:
        cost = candidate.cost_usd_full_log
        if cost is None or unlike(to_plain(candidate.saving_usd.taken_from(route.auditable_usd)), to_plain(cost)):
            yield "cost_usd_full_log"


def _policy(policy: PolicyFinding, route: RouteFinding) -> Iterator[str]:
    """A tested policy held against its own pairs, and where it is the recommended one against the recommendation."""
    made, table, moved = route.recommendation, policy.table, policy.moved
    if table is None or moved is None:
        return
    if unlike(table.n, policy.params.get("n")):
        yield "table"
    if policy.params.get("recommended") and made.moves_traffic:
        p_values = (made.p_noninferior, made.p_content)
        told = (made.pairs, made.moved_pairs, *p_values, made.saving_usd, loss_of(made.quality_delta))
        params = (policy.params.get("p_value"), policy.params.get("p_content"))
        if told != (table, moved.table, *params, policy.saving_usd, policy.quality_loss):
            yield "recommended"
    once = all(candidate.repeats is None for candidate in route.candidates)
    if once and moved.delta is not None and moved.table.n and not moved.unmeasured and not _is_corrected(route):
        if unlike(moved.delta.est, (moved.table.only_after - moved.table.only_today) / moved.table.n):
            yield "moved.delta"
        if policy.quality_loss is None or unlike(
            policy.quality_loss.est * table.n, table.only_today - table.only_after
        ):
            yield "quality_loss"


def _is_corrected(route: RouteFinding) -> bool:
    """Whether what people said of some answers makes or corrects the deltas of the route."""
    if any(one.random_labels is not None and one.random_labels.used for one in route.candidates):
        return True
    labelled = route.criteria.labelled if route.criteria else None
    return labelled is not None and bool(labelled.wrong)


def _rates(found: Mapping[str, tuple[Estimate | None, float]], n: int, level: float) -> Iterator[str]:
    """Accepted shares, with their intervals."""
    for name, (share, passed) in found.items():
        if unlike(to_plain(share), to_plain(rate(passed, n, level))):
            yield name


def _measured(
    delta: Estimate | None,
    p_within: float | None,
    p_beyond: float | None,
    table: PairTable,
    route: RouteFinding,
    level: float,
) -> Iterator[str]:
    """A change of quality and its p-values, where every draw was measured, once, and nobody's labels correct them."""
    if not table.n or delta is None or _is_corrected(route):
        return
    counts = PairCounts(b=table.only_today, c=table.only_after, n=table.n)
    # The bands of several looks hold together, so none of them is narrower than one interval by itself.
    alone = tango(counts, level=level)
    low, high = -1.0 if delta.lo is None else delta.lo, 1.0 if delta.hi is None else delta.hi
    narrow = low > alone.low + DIGITS or high < alone.high - DIGITS
    if narrow or unlike(delta.est, (table.only_after - table.only_today) / table.n):
        yield "quality_delta"
    shown = discrimination_of(route.criteria, error=1 - level)
    again = {"p_noninferior": (p_within, p_noninferior), "p_inferior": (p_beyond, p_inferior)}
    for name, (told, test) in again.items():
        if told is not None and unlike(told, test(counts, margin=route.margin, shown=shown)):
            yield name


def _unlike(again: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name, value in again.items() if unlike(value, told[name]))


def unlike(one: Any, other: Any) -> bool:
    """Whether two JSON values differ by more than the last digits of their numbers."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() != other.keys() or any(unlike(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) != len(other) or any(map(unlike, one, other))
    if isinstance(one, int | float) and isinstance(other, int | float):
        return not math.isclose(one, other, rel_tol=DIGITS, abs_tol=DIGITS)
    return bool(one != other)
