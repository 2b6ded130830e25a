"""Sums over routes: the ledger, the avoidable total, accepted answers before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from audit.core.finding import Ledger, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.levers import LeverLedger, LeverName, NeededBill
from audit.core.reason import Reason, because, sentence_of
from audit.core.schemas import MEASURED, NOT_ASKED
from audit.core.traffic import exact_sum
from audit.pairing.evidence import Tables
from audit.stats.dollars import combine_sums

YEAR_DAYS = 365
NEVER_SENT = f"not measured: {sentence_of(Reason.NOT_REPLAYED)}"


def ledger(
    routes: Sequence[RouteFinding], tables: Tables, unreplayable_usd: Mapping[str, Mapping[str, float]]
) -> Ledger:
    """Put every dollar of the log into one bucket.

    Audited is the spend on exchanges with an answer on both sides: the log's, and at least one candidate's.
    Extrapolated is the rest of the spend that these stand for. Not auditable, by reason, is what no answer stands for:
    what could not be replayed, routes without a test, and of tested routes what no candidate was asked or answered,
    or was not sent because every candidate had been stopped.
    """
    audited = extrapolated = 0.0
    reasons: dict[str, float] = {}
    mine = tables.by_route(route.route for route in routes)
    for route in routes:
        for reason, usd in unreplayable_usd.get(route.route, {}).items():
            reasons[reason] = reasons.get(reason, 0.0) + usd
        if not route.candidates:
            reason = f"not tested: {route.reason}"
            reasons[reason] = reasons.get(reason, 0.0) + route.auditable_usd
            continue
        answered, unanswered = _answered_usd(mine[route.route], route.auditable_usd)
        audited += answered
        for reason, usd in unanswered.items():
            reasons[reason] = reasons.get(reason, 0.0) + usd
        # A census leaves nothing to extrapolate; sums of sums differ in the last digit.
        left = max(round(route.auditable_usd - answered - sum(unanswered.values()), 9), 0.0)
        if all(candidate.stopped for candidate in route.candidates):
            reasons[NEVER_SENT] = reasons.get(NEVER_SENT, 0.0) + left
        else:
            extrapolated += left
    return Ledger(
        audited_usd=audited,
        extrapolated_usd=extrapolated,
        not_auditable_usd=sum(reasons.values()),
        reasons=dict(sorted((reason, usd) for reason, usd in reasons.items() if usd > 0)),
    )


def _answered_usd(tables: Tables, auditable_usd: float) -> tuple[float, dict[str, float]]:
    """Dollars of a route's drawn exchanges that some candidate answered; and, by reason, dollars of the route that no
    answer stands for.

    Each dollar draw stands for the same amount of spend, so the share of them without an answer is that share of what
    was not drawn. A draw that nobody has come to yet, because its route stopped early, is answered for by the others.
    """
    calls = tables.replays.filter(pl.col("arm") == "candidate").select("request_fp", "status", "reason", "about")
    best = (
        calls.with_columns(answered=pl.col("status").is_in(MEASURED))
        .sort("answered", "status", "reason", "about", descending=[True, False, False, False])
        .unique("request_fp", keep="first", maintain_order=True)
    )
    drawn = tables.slice.join(best, on="request_fp", how="left", maintain_order="left")
    once = drawn.unique("exchange_id", keep="first", maintain_order=True)
    answered = exact_sum(once.filter(pl.col("answered").fill_null(False))["cost_usd"])
    came = once.filter(pl.col("answered").is_not_null())
    left_usd = max(auditable_usd - exact_sum(came["cost_usd"]), 0.0)
    sample = drawn.filter(pl.col("answered").is_not_null(), pl.col("purpose") == "dollars")
    whole = float(sample["weight"].sum())
    found: dict[str, float] = {}
    if came.is_empty():
        found[NEVER_SENT] = auditable_usd
    for row in came.filter(~pl.col("answered")).iter_rows(named=True):
        found[_why(row)] = found.get(_why(row), 0.0) + row["cost_usd"]
    for row in sample.filter(~pl.col("answered")).iter_rows(named=True):
        found[_why(row)] = found.get(_why(row), 0.0) + left_usd * row["weight"] / whole
    return answered, found


def _why(call: Mapping[str, Any]) -> str:
    """Why a call has no answer, as the ledger names it."""
    if call["status"] == NOT_ASKED:
        about = {} if call["about"] is None else {"name": call["about"]}
        return f"not asked: {because(Reason(call['reason']), **about).sentence}"
    return f"not measured: {sentence_of(call['status'])}"


def avoidable(routes: Sequence[RouteFinding], level: float) -> Estimate:
    """The sum over routes; the routes' samples are independent, so half-widths add in squares, each side apart."""
    moved = [route.avoidable_usd for route in routes if route.avoidable_usd.est != 0]
    return combine_sums(moved) if moved else Estimate.exact(0.0, level)


def by_grade(routes: Sequence[RouteFinding]) -> dict[str, float]:
    """The avoidable dollars by the grade of the criteria that they rest on; "" where nobody tested the criteria."""
    found: dict[str, float] = {}
    for route in routes:
        if route.avoidable_usd.est:
            made = route.recommendation.grade
            grade = "" if made is None else made.value
            found[grade] = found.get(grade, 0.0) + route.avoidable_usd.est
    return dict(sorted(found.items()))


def yearly(estimate: Estimate, days: int) -> Estimate | None:
    """The same volume and prices for a year; None when the log has no dates."""
    return estimate.scaled(YEAR_DAYS / days) if days else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SumsOverRoutes:
    """What the findings add up over routes; the names are those of `Findings`."""

    avoidable_usd: Estimate
    avoidable_by_grade: dict[str, float]
    savings_at_risk_usd: float
    avoidable_share: Estimate
    yearly_usd: Estimate | None
    not_proven_usd: float
    accepted_before: Estimate | None
    accepted_after: Estimate | None
    accepted_change: Estimate | None


def totals(routes: Sequence[RouteFinding], *, spend_usd: float, days: int, level: float) -> SumsOverRoutes:
    """Add up.

    Args:
        routes: Judged.
        spend_usd: Of the log.
        days: Of its window; 0 for a log without dates.
        level: Of intervals.
    """
    saved, accepted = avoidable(routes, level), acceptance(routes, level)
    # A share that its criteria give to any answer of today is none, and would hide in a sum what others measure.
    measured = not any(route.recommendation.today_unmeasured for route in routes if route.accepted_rate is not None)
    return SumsOverRoutes(
        avoidable_usd=saved,
        avoidable_by_grade=by_grade(routes),
        savings_at_risk_usd=math.hypot(*(route.savings_at_risk_usd for route in routes)),
        avoidable_share=saved.scaled(1 / spend_usd) if spend_usd else Estimate.exact(0.0, level),
        yearly_usd=yearly(saved, days),
        not_proven_usd=sum(route.up_to_usd for route in routes),
        accepted_before=accepted.before if measured else None,
        accepted_after=accepted.after if measured else None,
        accepted_change=accepted.change,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Accepted share of the sampled routes, weighted by requests: as served, if the verdicts are followed, change."""

    before: Estimate | None
    after: Estimate | None
    change: Estimate | None


def acceptance(routes: Sequence[RouteFinding], level: float) -> Acceptance:
    """Accepted answers before and after; routes without a sample are left out of both."""
    known = [(route, share) for route in routes if (share := route.accepted_rate) is not None]
    total = sum(route.requests for route, _ in known)
    if not total:
        return Acceptance(before=None, after=None, change=None)
    before = combine_sums([share.scaled(route.requests / total) for route, share in known])
    deltas = [
        route.quality_delta.scaled(route.requests / total * route.judged_share)
        for route, _ in known
        if route.verdict in (Verdict.SWITCH, Verdict.SPLIT) and route.quality_delta is not None
    ]
    change = combine_sums(deltas) if deltas else Estimate.exact(0.0, level)
    after = combine_sums([before, change])
    return Acceptance(before=before, after=after.within(0.0, 1.0), change=change)


def needed_bill(levers: LeverLedger, routes: Sequence[RouteFinding]) -> NeededBill:
    """Compose what the verdicts save with what the levers take, route by route.

    Of a route's saving the share of its dollars that is still sent is left. What levers lowered the prices by is taken
    off: the candidate is compared at the price that it was measured at, the log's model at the lower one. Less than
    nothing is nothing, because the route would then stay.
    """
    proven = {route.route: route.avoidable_usd.est for route in routes if route.avoidable_usd.est > 0}
    saved = []
    for one in levers.routes:
        if one.route in proven and one.paid_usd > 0:
            pulled = one.pulled(tuple(LeverName))
            rest = proven[one.route] * (1 - pulled.gone) - pulled.lowered * one.paid_usd
            saved.append(min(max(rest, 0.0), one.left_usd))
    model = exact_sum(saved)
    return NeededBill(proven_usd=exact_sum(proven.values()), model_usd=model, needed_usd=levers.left_usd - model)
