"""One vendor's offer: what to commit to, what that costs, and at which price to leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.core.contract import ContractSettings, VendorSettings
from audit.core.interval import Estimate
from audit.core.renewal import CapacityOutcome, CommitOption, CurvePoint, RenewalDecision, TierOutcome, VendorRenewal
from audit.renewal.demand import Demand, Need
from audit.renewal.leaving import Leaving, retirements
from audit.stats.commitments import (
    CommitmentTerms,
    bills,
    cheapest_commit,
    discounts,
    largest_commit,
    unused_risk,
    used,
)
from audit.stats.quantiles import FloatArray

CURVE_POINTS = 49
TIER_IN_SIGHT = 1.6
"""Of the largest commitment that matters: a tier that begins below that is drawn."""
NOTHING_USD = 0.005
HIGHEST_PRICE = 10.0
"""Of the offer's prices: beyond it a break-even is said to be above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A vendor's part of the renewal, with the draws of its bills for the totals; shape (J, G)."""

    vendor: VendorRenewal
    paid: FloatArray
    paid_before: FloatArray


def terms_of(vendor: VendorSettings) -> CommitmentTerms:
    """How the vendor's contract bills."""
    return CommitmentTerms(
        overage=vendor.overage,
        tiers=tuple((tier.from_usd, tier.discount) for tier in vendor.discounts),
        minimum_usd=vendor.minimum_usd,
    )


def estimate(draws: FloatArray, level: float) -> Estimate:
    """Mean and quantiles of draws."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(est=float(draws.mean()), lo=float(low), hi=float(high), level=level)


def option(need: FloatArray, commit: float, terms: CommitmentTerms, level: float) -> CommitOption:
    """What a commitment leads to."""
    use = used(need, commit, terms)
    return CommitOption(
        commit_usd=commit,
        cost_usd=estimate(bills(need, commit, terms), level),
        unused_usd=float(np.maximum(commit - use, 0.0).mean()),
        unused_risk=unused_risk(need, commit, terms),
        overage_usd=float(terms.overage * np.maximum(use - commit, 0.0).mean()),
        discount=float(discounts(need, commit, terms).mean()),
    )


def judge_offer(
    vendor: VendorSettings, contract: ContractSettings, demand: Demand, need: Need, leaving: Leaving, level: float
) -> Signed:
    """Everything about one vendor.

    Args:
        need: Of this vendor.
        leaving: What the proven moves do with its routes.
        level: Of the intervals.
    """
    terms, risk = terms_of(vendor), contract.risk
    commit, within = recommend(need.after, terms, risk)
    nothing = float(need.before.max()) < NOTHING_USD and float(need.after.max()) < NOTHING_USD
    paid = bills(need.after, commit, terms)
    signs = not nothing and _worth_signing(paid, need.without)
    decision = (
        RenewalDecision.SIGN if signs else RenewalDecision.NOTHING_NEEDED if nothing else RenewalDecision.GO_WITHOUT
    )
    signed = vendor.committed_usd
    basis = commit if signed is None else signed
    unmoved = recommend(need.before, terms, risk)[0] if signed is None else signed
    at_risk = largest_commit(need.after, terms, risk)
    best = cheapest_commit(need.after, terms)
    made = VendorRenewal(
        name=vendor.name,
        models=leaving.models,
        need_usd=estimate(need.after, level),
        need_before_usd=estimate(need.before, level),
        minimum_usd=vendor.minimum_usd,
        decision=decision,
        commit_usd=_commit_interval(need.after, commit, terms, risk, level) if signs else None,
        recommended=None if nothing else option(need.after, commit, terms, level),
        within_risk=within,
        cheapest=None if nothing or best is None else option(need.after, best, terms, level),
        at_risk=None if nothing or at_risk is None else option(need.after, at_risk, terms, level),
        committed=None if vendor.committed_usd is None else option(need.after, vendor.committed_usd, terms, level),
        without_usd=estimate(need.without, level),
        break_even=None if nothing else break_even(need, terms, risk),
        walk_away=leaving.walk_away,
        walk_away_routes=leaving.routes,
        **_not_saved(need, unmoved, basis, terms),
        tiers=_tiers(need, unmoved, basis, terms),
        capacity=_capacity(vendor, demand, need),
        retirements=retirements(vendor, demand, leaving),
        curve=() if nothing else _curve(need.after, terms, (commit, at_risk, best, vendor.committed_usd), level),
    )
    # Whether to sign is asked for each world by itself: a need that falls below the floor would have been signed for.
    paid_before = bills(need.before, recommend(need.before, terms, risk)[0], terms)
    return Signed(
        vendor=made,
        paid=paid if signs else need.without,
        paid_before=paid_before if _worth_signing(paid_before, need.without_before) else need.without_before,
    )


def _worth_signing(paid: FloatArray, without: FloatArray) -> bool:
    """Whether a contract is expected to cost no more than going without."""
    return float(paid.mean()) <= float(without.mean()) + NOTHING_USD


def recommend(need: FloatArray, terms: CommitmentTerms, risk: float) -> tuple[float, bool]:
    """The commitment of least expected cost within the accepted risk, and True; else the floor, and False."""
    commit = cheapest_commit(need, terms, risk)
    return (terms.minimum_usd, False) if commit is None else (commit, True)


def _commit_interval(need: FloatArray, commit: float, terms: CommitmentTerms, risk: float, level: float) -> Estimate:
    """The commitment, between quantiles of what would be signed in each world if its savings were known."""
    known = np.array([recommend(world, terms, risk)[0] for world in need])
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(est=commit, lo=min(float(low), commit), hi=max(float(high), commit), level=level)


def break_even(need: Need, terms: CommitmentTerms, risk: float) -> float | None:
    """Price, of the offer's, at which the contract at its best commitment costs what going without costs.

    Returns:
        None when the contract costs more at any price, because of its floor; at most `HIGHEST_PRICE`.
    """
    alternative = float(need.without.mean())

    def cost(price: float) -> float:
        scaled = need.after * price
        return float(bills(scaled, recommend(scaled, terms, risk)[0], terms).mean())

    low, high = 0.0, HIGHEST_PRICE
    if cost(low) > alternative + NOTHING_USD:
        return None
    if cost(high) <= alternative:
        return high
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if cost(middle) <= alternative + NOTHING_USD else (low, middle)
    return round((low + high) / 2, 4)


def _not_saved(need: Need, unmoved: float, commit: float, terms: CommitmentTerms) -> dict[str, float]:
    """What of the reduced need is paid all the same, and what lost discount tiers cost.

    Args:
        unmoved: Commitment if nothing moves.
        commit: Commitment when the proven moves are made.
    """
    before, after = discounts(need.before, unmoved, terms), discounts(need.after, commit, terms)
    avoidable = float(((need.before - need.after) * (1 - before)).mean())
    saved = float((bills(need.before, unmoved, terms) - bills(need.after, commit, terms)).mean())
    lost = before - after
    return {
        "basis_usd": commit,
        "avoidable_usd": avoidable,
        "not_saved_usd": max(avoidable - saved, 0.0) if avoidable > 0 else 0.0,
        "tier_lost_usd": float((need.after * np.maximum(lost, 0.0)).mean()),
    }


def _tiers(need: Need, unmoved: float, commit: float, terms: CommitmentTerms) -> tuple[TierOutcome, ...]:
    return tuple(
        TierOutcome(
            from_usd=start,
            discount=cut,
            reached_before=float((discounts(need.before, unmoved, terms) >= cut).mean()),
            reached_after=float((discounts(need.after, commit, terms) >= cut).mean()),
        )
        for start, cut in terms.tiers
    )


def _capacity(vendor: VendorSettings, demand: Demand, need: Need) -> CapacityOutcome | None:
    if vendor.capacity is None:
        return None
    fees, covered = vendor.capacity.monthly_usd * demand.months, float(need.covered.mean())
    return CapacityOutcome(fees_usd=fees, replaces_usd=covered, saves_usd=covered - fees)


def _curve(
    need: FloatArray, terms: CommitmentTerms, marked: tuple[float | None, ...], level: float
) -> tuple[CurvePoint, ...]:
    """Cost over the commitments that could be thought of; a tier's start has a point on each side of its jump."""
    known = [commit for commit in marked if commit is not None]
    steps = [start for start, _ in terms.tiers if start >= terms.minimum_usd]
    if float(np.quantile(need, (1 + level) / 2)) < terms.minimum_usd:
        return ()
    reach = max(float(np.quantile(need, (1 + level) / 2)), *known, terms.minimum_usd)
    # The tier that is just missed belongs into the picture: whether to commit up to it is the question.
    missed = [start for start in steps if reach < start <= TIER_IN_SIGHT * reach]
    top = 1.1 * max([reach, *missed[:1]])
    grid = np.linspace(terms.minimum_usd, max(top, terms.minimum_usd + 1.0), CURVE_POINTS)
    edges = [edge for start in steps if start <= top for edge in (max(start - 0.01, terms.minimum_usd), start)]
    points = []
    for commit in sorted({*map(float, grid), *known, *edges}):
        paid = bills(need, commit, terms)
        low, high = np.quantile(paid, [(1 - level) / 2, (1 + level) / 2])
        points.append(
            CurvePoint(
                commit_usd=commit,
                cost_usd=float(paid.mean()),
                low_usd=float(low),
                high_usd=float(high),
                unused_risk=unused_risk(need, commit, terms),
            )
        )
    return tuple(points)
