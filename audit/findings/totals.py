"""Sums over routes: the ledger, the avoidable total, accepted answers before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from audit.core.finding import Ledger, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.traffic import exact_sum
from audit.findings.evidence import Tables
from audit.stats.dollars import combine_sums

YEAR_DAYS = 365


def ledger(
    routes: Sequence[RouteFinding], tables: Tables, unreplayable_usd: Mapping[str, Mapping[str, float]]
) -> Ledger:
    """Put every dollar of the log into one bucket.

    Audited is the spend on exchanges that were replayed, extrapolated the rest of the spend that the samples stand
    for, not auditable what no sample stands for, by reason.
    """
    tested = {route.route for route in routes if route.candidates}
    replayed = tables.slice.filter(pl.col("route").is_in(tested)).unique("exchange_id")
    audited = exact_sum(replayed["cost_usd"])
    reasons: dict[str, float] = {}
    for route in routes:
        for reason, usd in unreplayable_usd.get(route.route, {}).items():
            reasons[reason] = reasons.get(reason, 0.0) + usd
        if not route.candidates:
            reason = f"not tested: {route.reason}"
            reasons[reason] = reasons.get(reason, 0.0) + route.auditable_usd
    auditable = exact_sum(route.auditable_usd for route in routes if route.candidates)
    return Ledger(
        audited_usd=audited,
        # A census leaves nothing to extrapolate; sums of sums differ in the last digit.
        extrapolated_usd=max(round(auditable - audited, 9), 0.0),
        not_auditable_usd=sum(reasons.values()),
        reasons=dict(sorted((reason, usd) for reason, usd in reasons.items() if usd > 0)),
    )


def avoidable(routes: Sequence[RouteFinding], level: float) -> Estimate:
    """The sum over routes; the routes' samples are independent, so half-widths add in squares, each side apart."""
    moved = [route.avoidable_usd for route in routes if route.avoidable_usd.est != 0]
    return combine_sums(moved) if moved else Estimate.exact(0.0, level)


def yearly(estimate: Estimate, days: int) -> Estimate | None:
    """The same volume and prices for a year; None when the log has no dates."""
    return estimate.scaled(YEAR_DAYS / days) if days else None


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
        route.quality_delta.scaled(route.requests / total * _judged_share(route))
        for route, _ in known
        if route.verdict in (Verdict.SWITCH, Verdict.SPLIT) and route.quality_delta is not None
    ]
    change = combine_sums(deltas) if deltas else Estimate.exact(0.0, level)
    after = combine_sums([before, change])
    return Acceptance(before=before, after=_clipped(after), change=change)


def _judged_share(route: RouteFinding) -> float:
    """Share of the requests that the delta is about: all that can be replayed, whether a Split moves them or not."""
    return 1 - sum(route.unreplayable.values()) / route.requests if route.requests else 0.0


def _clipped(share: Estimate) -> Estimate:
    """A share's interval cannot leave [0, 1]."""
    lo = None if share.lo is None else max(share.lo, 0.0)
    hi = None if share.hi is None else min(share.hi, 1.0)
    return Estimate(est=min(max(share.est, 0.0), 1.0), lo=lo, hi=hi, level=share.level)
