"""Every tested policy written down, and beside them what nobody can deploy but everybody should see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.certificate.claims import delta_of
from audit.certificate.parameters import TestParameters
from audit.certificate.verdicts import PolicyTest, Verdicts
from audit.core.display import percent_share, points, points_interval
from audit.core.finding import PolicyFinding
from audit.core.fingerprint import fingerprint
from audit.core.interval import Estimate
from audit.core.plain import to_plain
from audit.core.plan import RouteDesign
from audit.core.policy import RoutePolicy
from audit.pairing.evidence import Pairs
from audit.pairing.money import Saved, dollars_of
from audit.pairing.replayed import Replayed
from audit.signals.rules import in_force


def loss_of(delta: Estimate | None) -> Estimate | None:
    """A delta as a loss: the sign turned, the ends exchanged."""
    if delta is None:
        return None
    lo, hi = (None if end is None else -end for end in (delta.hi, delta.lo))
    return Estimate(est=-delta.est, lo=lo, hi=hi, level=delta.level)


def policy_findings(verdicts: Verdicts, design: RouteDesign, terms: TestParameters) -> tuple[PolicyFinding, ...]:
    """Every tested policy, then best single tier, a random mix that costs as much, and the oracle."""
    found = [_finding(tested, design, recommended=tested is verdicts.best) for tested in verdicts.tested]
    return (*found, *_references(verdicts, design, terms))


def _finding(tested: PolicyTest, design: RouteDesign, *, recommended: bool) -> PolicyFinding:
    tier = tested.tuned.policy.tier
    return PolicyFinding(
        kind=tested.tuned.policy.kind,
        params={
            **describe_policy(tested.tuned.policy),
            "position": tested.position,
            "p_value": tested.p,
            **({} if tested.p_content is None else {"p_content": tested.p_content}),
            "n": tested.n,
            "share_escalated": design.share_of_route(tier, tested.share_escalated),
            "tuning_loss": tested.tuned.loss,
            "sealed": tested.sealed,
            "recommended": recommended,
        },
        share_moved=design.share_of_route(tier, tested.share_moved),
        quality_loss=loss_of(tested.delta),
        saving_usd=tested.saving_usd,
        certified=tested.certified,
        break_even=tested.break_even,
        savings_at_risk_usd=tested.at_risk_usd,
        table=tested.table,
        moved=tested.moved,
    )


def describe_policy(policy: RoutePolicy) -> dict[str, Any]:
    """A policy for people: conditions in words of the features, vectors and weights by their digest."""
    said: dict[str, Any] = {"tier": policy.tier, "otherwise": policy.otherwise}
    if policy.signal is not None and policy.threshold is not None:
        said |= {"signal": policy.signal.name, "threshold": policy.threshold}
        if policy.signal.name == "rules":
            said["conditions"] = in_force(policy.signal.params, policy.threshold)
            if "when" in policy.signal.params:
                said["when"] = policy.signal.params["when"]
        else:
            said["fitted"] = fingerprint(to_plain(policy.signal))[:16]
    if policy.verifier is not None:
        said |= {"verifier": policy.verifier.name, "asks_also": list(policy.verifier.tiers)}
    return said


def reason_of(tested: PolicyTest, design: RouteDesign) -> str:
    """Why a policy is recommended, in one sentence."""
    policy = tested.tuned.policy
    assert tested.delta is not None
    said = f"{points_interval(tested.delta)} points over all traffic, all above {points(-design.margin)}"
    share = design.share_of_route(policy.tier, tested.share_moved)
    moved = f"{percent_share(share)} to {policy.tier}"
    if policy.signal is not None and policy.signal.name == "rules" and policy.threshold is not None:
        conditions = in_force(policy.signal.params, policy.threshold)
        where = " and ".join(f"{c['feature']} {c['op']} {c['value']}" for c in conditions)
        net = f", checked by {policy.verifier.name}" if policy.verifier else ""
        return f"{moved} where {where}{net}: {said}"
    by = [f"by {policy.signal.name}"] if policy.signal else []
    by += [f"checked by {policy.verifier.name}"] if policy.verifier else []
    return f"{moved}, {', '.join(by)}: {said}"


def _references(verdicts: Verdicts, design: RouteDesign, terms: TestParameters) -> list[PolicyFinding]:
    """Best single tier, a random mix that costs as much as the recommendation, and the oracle. Descriptive only."""
    draws = verdicts.everything
    static = [t for t in verdicts.tested if t.tuned.policy.kind == "static" and t.saving_usd and t.delta]
    if not static or not draws.n:
        return []
    found = []
    single = max(static, key=lambda t: (t.delta.est if t.delta else -1.0, t.tuned.name))
    found.append(_reference("best_single_tier", {"tier": single.tuned.policy.tier}, single, design, 1.0))
    best = verdicts.best
    if best is not None and best.saving_usd is not None and best.tuned.policy.kind != "static":
        same = verdicts.static(best.tuned.policy.tier)
        if same is not None and same.saving_usd is not None and same.saving_usd.est > 0:
            share = min(best.saving_usd.est / same.saving_usd.est, 1.0)
            found.append(_reference("random_mix", {"tier": best.tuned.policy.tier}, same, design, share))
    found.append(_oracle(draws, verdicts.spend, design, terms))
    return found


def _reference(
    kind: str, params: Mapping[str, Any], static: PolicyTest, design: RouteDesign, share: float
) -> PolicyFinding:
    """A share of a whole-route switch, drawn at random: its loss and saving are that share of the switch's."""
    loss = loss_of(static.delta)
    return PolicyFinding(
        kind=kind,
        params={**params, "descriptive": True},
        share_moved=design.share_of_route(static.tuned.policy.tier, share),
        quality_loss=None if loss is None else loss.scaled(share),
        saving_usd=None if static.saving_usd is None else static.saving_usd.scaled(share),
        certified=False,
    )


def _oracle(
    draws: Replayed, spend: Mapping[str, Replayed], design: RouteDesign, terms: TestParameters
) -> PolicyFinding:
    """The cheapest candidate that is no worse, as if somebody knew it beforehand."""
    # Candidates may have stopped at different looks; somebody who knows all answers knows them where all are there.
    # One that was dropped before the first look has none, and is left out.
    tested = [arm for arm in draws.arms.values() if not arm.lost.all()]
    rows = ~np.any([arm.lost for arm in tested], axis=0)
    passed, arms = draws.passed[rows], [arm.passed[rows] for arm in tested]
    moved = np.any([arm >= passed for arm in arms], axis=0)
    # Any candidate's draws of spend are the route's, as far as none of them serves a part of it already.
    paid = max(spend.values(), key=lambda one: one.n)
    z = np.zeros(paid.n)
    for arm in paid.arms.values():
        saved = np.nan_to_num(1 - arm.cost_usd / paid.cost_usd)
        z = np.maximum(z, np.where(arm.passed >= paid.passed, saved, 0.0))
    times = paid.times.astype(np.int64)
    gained = np.any([arm > passed for arm in arms], axis=0)
    before = np.nan_to_num(passed) > 0.5
    known = Pairs.measured(before, before | gained)
    return PolicyFinding(
        kind="oracle",
        params={"descriptive": True},
        share_moved=float(moved.mean()) * design.replayable / design.requests if len(moved) else 0.0,
        quality_loss=loss_of(delta_of(known, terms.level, shown=terms.shown)),
        saving_usd=dollars_of(
            Saved(z=np.repeat(z, times), mass=np.repeat(paid.mass, times)), design.auditable_usd, terms.level
        ),
        certified=False,
    )
