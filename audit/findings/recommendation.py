"""The recommendation of a route, put together once from what was tested: every output draws from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from audit.certificate.bakeoff import describe_policy
from audit.certificate.candidates import percentiles
from audit.certificate.claims import accepted, delta_of, p_inferior, repeats_of, table_of
from audit.certificate.parameters import TestParameters
from audit.certificate.verdicts import PolicyTest, Verdicts
from audit.core.finding import Latency, Recommendation
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.recommendation import NOTHING_MOVES, Moves, PairTable
from audit.core.repeats import Repeats
from audit.findings.verdict import Decided
from audit.pairing.replayed import Replayed, latency_of, pairs_of, part_of


def recommend(
    decided: Decided,
    verdicts: Verdicts,
    design: RouteDesign,
    terms: TestParameters,
    caveats: Sequence[str],
) -> Recommendation:
    """Write a verdict down with every number that is said of it.

    Args:
        decided: The verdict.
        verdicts: Of the route's policies, with what they were tested on.
        design: Of the route.
        terms: Of the certificate.
        caveats: What a reader must know before using the numbers.
    """
    level = terms.level
    if decided.policy is None or decided.candidate is None:
        return _staying(decided, verdicts, design, level, caveats)
    tested, candidate = decided.policy, decided.candidate
    policy, trial = tested.tuned.policy, verdicts.trial(tested)
    draws = trial.draws
    taken_in = draws.draw_order < (tested.taken_in or 0)
    pairs = pairs_of(policy, *part_of(draws, trial.walked, taken_in))
    moved = pairs_of(policy, *part_of(draws, trial.walked, taken_in & trial.walked.kept))
    # Only what surely saves is recommended; of another certified policy too few dollar draws may say nothing.
    saving = tested.saving_usd or Estimate(est=0.0, lo=None, hi=None, level=level)
    took = latency_of(policy, *part_of(draws, trial.walked, taken_in))
    repeats = repeats_of(pairs, moved, level)
    nominal, alpha = (tested.look.level, tested.look.alpha) if tested.look else (None, terms.alpha)
    return Recommendation(
        verdict=decided.verdict,
        ground=decided.ground,
        reason=decided.reason,
        incumbent=design.incumbent,
        served_by=design.today,
        tier=candidate.tier,
        model=candidate.model,
        kind=policy.kind,
        params=describe_policy(policy),
        moves=_moves(tested, verdicts, design),
        quality_delta=tested.delta,
        score_delta=tested.score_delta,
        content_delta=tested.content_delta,
        moved_delta=delta_of(moved, level, shown=terms.shown, nominal=nominal, moved=1.0),
        pairs=table_of(pairs),
        moved_pairs=table_of(moved),
        unmeasured=pairs.missing.total,
        p_noninferior=tested.p,
        p_content=tested.p_content,
        p_inferior=p_inferior(pairs, margin=design.margin, shown=terms.shown, alpha=alpha) if pairs.n else None,
        accepted_today=accepted(pairs.incumbent, level),
        accepted_after=accepted(pairs.candidate, level),
        saving_usd=saving,
        saving_at_risk_usd=tested.at_risk_usd or 0.0,
        cost_usd=saving.taken_from(design.auditable_usd),
        latency_ms=percentiles(pl.Series(took[np.isfinite(took)])),
        latency_today_ms=candidate.incumbent_latency_ms,
        grade=None if design.criteria is None else design.criteria.grade,
        robustness=tested.robust,
        caveats=(*caveats, *_several_answers(policy.tier, repeats, draws)),
        repeats=repeats,
    )


def moved_draws(decided: Decided, verdicts: Verdicts) -> dict[str, bool] | None:
    """The exchanges behind a policy's pairs, each with whether it moves; None where the route stays."""
    if decided.policy is None:
        return None
    trial = verdicts.trial(decided.policy)
    draws, walked = trial.draws, trial.walked
    taken_in = draws.draw_order < (decided.policy.taken_in or 0)
    rows = zip(draws.exchange_ids, taken_in.tolist(), walked.kept.tolist(), strict=True)
    return {exchange_id: kept for exchange_id, taken, kept in rows if taken}


def _staying(
    decided: Decided, verdicts: Verdicts, design: RouteDesign, level: float, caveats: Sequence[str]
) -> Recommendation:
    """Nothing moves: the figures are of the candidate that came closest."""
    closest = decided.candidate
    tested = None if closest is None else verdicts.static(closest.tier)
    table = PairTable()
    if closest is not None:
        table = PairTable(
            both_pass=closest.both_pass, only_today=closest.b, only_after=closest.c, both_fail=closest.both_fail
        )
    return Recommendation(
        verdict=decided.verdict,
        ground=decided.ground,
        reason=decided.reason,
        incumbent=design.incumbent,
        served_by=design.today,
        tier=None if closest is None else closest.tier,
        model=None if closest is None else closest.model,
        kind=None,
        moves=NOTHING_MOVES,
        quality_delta=None if closest is None else closest.quality_delta,
        score_delta=None if tested is None else tested.score_delta,
        content_delta=None if tested is None else tested.content_delta,
        pairs=table,
        unmeasured=0 if closest is None else sum(closest.excluded.values()),
        p_noninferior=None if closest is None else closest.p_pass,
        p_content=None if tested is None else tested.p_content,
        p_inferior=None if closest is None else closest.p_fail,
        accepted_today=None if closest is None else closest.incumbent_rate,
        accepted_after=None if closest is None else closest.candidate_rate,
        saving_usd=Estimate.exact(0.0, level),
        cost_usd=Estimate.exact(design.auditable_usd, level),
        latency_ms=Latency(p50=None, p95=None) if closest is None else closest.latency_ms,
        latency_today_ms=Latency(p50=None, p95=None) if closest is None else closest.incumbent_latency_ms,
        grade=None if design.criteria is None else design.criteria.grade,
        robustness=None if tested is None else tested.robust,
        caveats=(*caveats, *(_several_answers(closest.tier, closest.repeats) if closest else ())),
        repeats=None if closest is None else closest.repeats,
    )


def _several_answers(tier: str, repeats: Repeats | None, draws: Replayed | None = None) -> Iterator[str]:
    """What it means that requests were asked several times."""
    shares = None if draws is None else draws.arms[tier].shares
    if repeats is not None:
        yield f"{tier} gave {repeats.words}: {repeats.meaning}."
    elif shares is not None:
        yield (
            f"It checks one answer to each request, so it is judged on the first of the {shares.asked} that {tier} "
            "gave: asked again, its figures move as with one answer."
        )


def _moves(tested: PolicyTest, verdicts: Verdicts, design: RouteDesign) -> Moves:
    """What the policy moves of the route; dollars from the dollar draws where the log was not counted."""
    policy, spend = tested.tuned.policy, verdicts.spend[tested.tuned.policy.tier]
    movable, movable_usd = design.movable(policy.tier), design.movable_usd(policy.tier)
    usd = tested.moved_usd
    if policy.kind == "static":
        usd = movable_usd
    elif usd is None and spend.times.sum() > 0:
        kept = verdicts.trial(tested).paid.kept
        usd = movable_usd * float((spend.times * spend.mass * kept).sum() / (spend.times * spend.mass).sum())
    return Moves(
        requests=round(movable * tested.share_moved),
        share=design.share_of_route(policy.tier, tested.share_moved),
        spend_usd=usd,
        share_escalated=design.share_of_route(policy.tier, tested.share_escalated),
    )
