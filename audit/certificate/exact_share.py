"""What a policy that decides before the call moves of the whole log, counted instead of estimated."""

from __future__ import annotations

from dataclasses import replace

from audit.certificate.policies import MovedTraffic, MovesRequest
from audit.certificate.verdicts import PolicyTest, Verdicts
from audit.core.plan import RouteDesign
from audit.pairing.money import LEAST_DRAWS, Saved, at_risk, dollars_of
from audit.pairing.replayed import (
    part_of,
    saved_of,
)
from audit.signals import compute
from audit.signals.signal import TextEmbedder


def rule_of(verdicts: Verdicts, embedder: TextEmbedder | None) -> MovesRequest | None:
    """Which requests the recommended policy moves; None unless it decides before the call, and moves enough draws.

    Args:
        verdicts: Of the route's policies.
        embedder: The one that signals were fitted with.
    """
    best = verdicts.best
    if best is None or _on_moved(best, verdicts) is None:
        return None
    signal, threshold = best.tuned.policy.signal, best.tuned.policy.threshold or 0.0
    assert signal is not None
    return lambda requests: compute(signal, requests, embedder=embedder) >= threshold


def with_exact_share(verdicts: Verdicts, moved: MovedTraffic | None, design: RouteDesign) -> Verdicts:
    """The share and the saving of a policy that decides before the call, with what it moves counted, not estimated.

    A signal can be computed for every request of the log, so how many and which dollars it moves is known; the draws
    only say which part of these dollars would have been saved.

    Args:
        verdicts: Of the certification.
        moved: Of the whole log, by `rule_of`; None leaves the estimates.
        design: Of the route.
    """
    best = verdicts.best
    if best is None or best.saving_usd is None or moved is None or not moved.moved:
        return verdicts
    saved = _on_moved(best, verdicts)
    assert saved is not None
    dollars, level = min(moved.usd, design.movable_usd(best.tuned.policy.tier)), best.saving_usd.level
    best = replace(
        best,
        share_moved=moved.moved / moved.requests,
        moved_usd=dollars,
        saving_usd=dollars_of(saved, dollars, level),
        at_risk_usd=at_risk(saved, dollars, level),
    )
    tested = tuple(best if one.position == best.position else one for one in verdicts.tested)
    return replace(verdicts, tested=tested, best=best)


def _on_moved(best: PolicyTest, verdicts: Verdicts) -> Saved | None:
    """What a policy that decides before the call saves on the dollar draws that it moves; None of too few."""
    policy, spend = best.tuned.policy, verdicts.spend[best.tuned.policy.tier]
    if policy.signal is None or policy.verifier is not None:
        return None
    paid = verdicts.trial(best).paid
    if spend.times[paid.asked].sum() < LEAST_DRAWS:
        return None
    return saved_of(policy, *part_of(spend, paid, paid.asked))
