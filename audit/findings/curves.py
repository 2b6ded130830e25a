"""What else the same replays say: how much of a route a score can move, and what other margins would have bought.

Nothing here decides anything. A threshold curve carries bounds that hold for all of its points at once, so a share may
be read off it; another margin than the one fixed before the replay is exploration, and is called so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from audit.certificate.attempts import attempts_at, splits_at
from audit.certificate.claims import observed, pessimistic
from audit.certificate.frozen import FrozenPolicies, Proposal
from audit.certificate.parameters import TestParameters
from audit.certificate.verdicts import Verdicts, best_of
from audit.core.exploration import FrontierPoint, MarginFinding, ThresholdCurve, ThresholdPoint
from audit.core.finding import RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.policy import SignalSpec
from audit.findings.totals import Acceptance, acceptance, avoidable
from audit.pairing.replayed import SignalValues, pairs_of, walk
from audit.stats.routing_curves import simultaneous_upper

MARGINS = (0.005, 0.01, 0.03, 0.05)
GRADED = ("classifier", "similarity")
"""Signals with a value for every share of the traffic; rules know only a few."""

POINTS = 10

OfRoute = Callable[[str, float], float]
"""A share of what would move to a tier, as a share of all requests of the route."""


def threshold_curve(
    verdicts: Verdicts,
    sealed: FrozenPolicies,
    tier: str | None,
    values: SignalValues,
    terms: TestParameters,
    of_route: OfRoute,
) -> ThresholdCurve | None:
    """Loss against the share moved, by the score that the tuning split likes best for a tier.

    Args:
        verdicts: Of the route's policies.
        sealed: They were tested from; the score was fitted before the certification split was looked at.
        tier: Of the route's verdict; None takes the tier of the best score.
        values: Of the signals.
        terms: Of the certificate.
        of_route: As `RouteDesign.share_of_route`.

    Returns:
        The curve; None when no score could be fitted, or nothing was measured.
    """
    scored = [t for t in sealed.policies if t.policy.kind in GRADED and t.policy.verifier is None]
    mine = [t for t in scored if t.policy.tier == tier] or scored
    if not mine:
        return None
    chosen = max(mine, key=lambda tuned: _promise(tuned, terms.tested_margin))
    draws = verdicts.certification[chosen.policy.tier].first_answers()
    look = terms.schedule.reached([chosen.policy.tier])
    if look is None:
        return None
    seen = terms.schedule.draws_at(look)
    spec = chosen.policy.signal
    assert isinstance(spec, SignalSpec)
    scores = values.of(chosen.policy, draws)
    assert scores is not None
    policies = [replace(chosen.policy, threshold=at) for at in _tenths(scores)]
    everything = replace(chosen.policy, kind="static", signal=None, threshold=None)
    walks = [walk(policy, draws, scores) for policy in policies] + [walk(everything, draws, None)]
    pairs = [pairs_of(chosen.policy, draws, walked, before=seen) for walked in walks]
    if not all(found.n for found in pairs):
        return None
    # The levels of all looks add up to alpha, so the bounds hold whichever look the replay stopped at.
    bounds = simultaneous_upper([pessimistic(found) for found in pairs], alpha=look.alpha)
    points = tuple(
        ThresholdPoint(
            threshold=policy.threshold,
            share_moved=of_route(chosen.policy.tier, float(walked.kept[draws.draw_order < seen].mean())),
            loss=-true.est,
            upper=-true.lo if true.lo is not None else 1.0,
        )
        for policy, walked, found, bound in zip([*policies, everything], walks, pairs, bounds, strict=True)
        for counts in [observed(found)]
        for true in [terms.shown.corrected(_loss((counts.b - counts.c) / counts.n, float(bound), look.alpha))]
    )
    return ThresholdCurve(
        tier=chosen.policy.tier,
        signal=spec.name,
        n=pairs[-1].n,
        level=1 - terms.alpha / terms.shown.kept,
        points=points,
        safe_share=max([0.0, *(point.share_moved for point in points if point.upper <= terms.margin)]),
    )


def _loss(est: float, upper: float, alpha: float) -> Estimate:
    """A loss with its upper bound, as a delta."""
    return Estimate(est=-est, lo=-upper, hi=None, level=1 - alpha)


def _promise(tuned: Proposal, margin: float) -> tuple[bool, float, float, str]:
    """Within the margin on the tuning split before beyond it, then what is saved."""
    return tuned.loss <= margin, tuned.saving_share, -tuned.loss, tuned.name


def _tenths(values: npt.NDArray[np.float64]) -> list[float]:
    """Thresholds at tenths of the draws, boldest last. They follow from the scores alone, never from a verdict."""
    known = values[~np.isnan(values)]
    if not len(known):
        return []
    cuts = np.quantile(known, 1 - np.arange(1, POINTS) / POINTS, method="higher")
    lowest = known.min()
    return sorted({float(cut) for cut in cuts if cut > lowest}, reverse=True)


def at_margins(
    verdicts: Verdicts, sealed: FrozenPolicies, terms: Sequence[TestParameters], of_route: OfRoute
) -> tuple[MarginFinding, ...]:
    """The sealed sequence again at other margins, on the same draws.

    What is recommended at the margin that was fixed keeps its figures; of another policy the dollar draws say what it
    saves.
    """
    return tuple(_at(verdicts, sealed, other, of_route) for other in terms)


def _at(verdicts: Verdicts, sealed: FrozenPolicies, terms: TestParameters, of_route: OfRoute) -> MarginFinding:
    certified = {one.name for one in attempts_at(sealed, verdicts.trials, terms) if one.certified}
    holding = {one.name: one.certified for one in splits_at(sealed, verdicts.trials, terms)}
    tested = [
        replace(
            found,
            certified=found.tuned.name in certified,
            moved=replace(found.moved, holds=holding.get(found.tuned.name)),
        )
        for found in verdicts.measured
    ]
    best = best_of(tested)
    if best is not None and verdicts.best is not None and best.position == verdicts.best.position:
        best = verdicts.best
    if best is None or best.saving_usd is None:
        zero = Estimate.exact(0.0, terms.level)
        return MarginFinding(margin=terms.margin, tier=None, share_moved=0.0, quality_delta=None, avoidable_usd=zero)
    return MarginFinding(
        margin=terms.margin,
        tier=best.tuned.policy.tier,
        share_moved=of_route(best.tuned.policy.tier, best.share_moved),
        quality_delta=best.delta,
        avoidable_usd=best.saving_usd,
    )


def frontier(routes: Sequence[RouteFinding], spend_usd: float, level: float) -> tuple[FrontierPoint, ...]:
    """Ways to serve the whole log, each with its cost and its accepted answers.

    Args:
        routes: Judged.
        spend_usd: Of the log.
        level: Of intervals.

    Special cases:
        A margin at which exactly the recommendation would move is left out: it is that point. A tier on which a tested
        route has no measured quality has no point.
    """
    if not any(route.candidates for route in routes):
        return ()
    still = [_served(route, None, Estimate.exact(0.0, level)) for route in routes]
    points = [
        _point("today", still, spend_usd, level),
        _point("recommended", routes, spend_usd, level),
    ]
    for margin in MARGINS:
        otherwise = [_at_margin(route, margin, level) for route in routes]
        if any(_differs(one, other) for one, other in zip(otherwise, routes, strict=True)):
            points.append(_point("margin", otherwise, spend_usd, level, margin=margin))
    for tier in sorted({candidate.tier for route in routes for candidate in route.candidates}):
        all_moved = [_on_tier(route, tier, level) for route in routes]
        if not any(route.verdict is Verdict.SWITCH and route.quality_delta is None for route in all_moved):
            points.append(_point("tier", all_moved, spend_usd, level, tier=tier))
    return tuple(points)


def _point(
    kind: str,
    routes: Sequence[RouteFinding],
    spend_usd: float,
    level: float,
    *,
    margin: float | None = None,
    tier: str | None = None,
) -> FrontierPoint:
    saved = avoidable(routes, level)
    accepted: Acceptance = acceptance(routes, level)
    return FrontierPoint(
        kind=kind,
        margin=margin,
        tier=tier,
        cost_usd=saved.taken_from(spend_usd),
        accepted=accepted.before if kind == "today" else accepted.after,
        avoidable_usd=saved,
        routes_moved=sum(route.verdict in (Verdict.SWITCH, Verdict.SPLIT) for route in routes),
    )


def _served(route: RouteFinding, delta: Estimate | None, saved: Estimate, *, moved: bool = False) -> RouteFinding:
    """The route as if that were its verdict."""
    verdict = Verdict.SWITCH if moved else Verdict.KEEP
    now = replace(route.recommendation, verdict=verdict, quality_delta=delta, saving_usd=saved)
    return replace(route, recommendation=now)


def _at_margin(route: RouteFinding, margin: float, level: float) -> RouteFinding:
    found = next((one for one in route.at_margins if one.margin == margin), None)
    if found is None or found.tier is None:
        return _served(route, None, Estimate.exact(0.0, level))
    return _served(route, found.quality_delta, found.avoidable_usd, moved=True)


def _on_tier(route: RouteFinding, tier: str, level: float) -> RouteFinding:
    candidate = next((one for one in route.candidates if one.tier == tier), None)
    if candidate is None or candidate.saving_usd is None:
        return _served(route, None, Estimate.exact(0.0, level))
    return _served(route, candidate.quality_delta, candidate.saving_usd, moved=True)


def _differs(one: RouteFinding, other: RouteFinding) -> bool:
    moves = other.verdict in (Verdict.SWITCH, Verdict.SPLIT)
    if not moves and one.verdict is Verdict.KEEP:
        return False
    return (one.quality_delta, one.avoidable_usd) != (other.quality_delta, other.avoidable_usd)
