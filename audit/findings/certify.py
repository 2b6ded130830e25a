"""The certification split: the sealed policies are tested in their order, and the best certified one is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from audit.core.display import percent, points, points_interval
from audit.core.finding import PolicyFinding
from audit.core.fingerprint import fingerprint
from audit.core.interval import Estimate
from audit.core.plain import to_plain
from audit.core.plan import RouteDesign
from audit.core.policy import RoutePolicy
from audit.findings.candidates import MAX_MISSING, delta_of, dollars_of, pessimistic
from audit.findings.evidence import Pairs, Tables, quality_draws
from audit.findings.policies import Bench, Goes, Moved, Sealed, Tuned
from audit.findings.replayed import Replayed, Saved, Values, pairs_of, replayed, saved_of, walk
from audit.signals import compute
from audit.signals.rules import in_force
from audit.stats.risk_control import Certification, CertificationScores, certify
from audit.stats.tango import PairCounts

LEAST_DRAWS = 10
"""Fewer dollar draws of moved requests say too little of what is saved on them."""

LEAST_SHARE = 0.1
"""A Split that moves less is not worth a router."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a certificate promises, fixed before the replay.

    Attributes:
        margin: Accepted loss over the route's traffic.
        alpha: One-sided error rate of the whole sequence.
        level: Of intervals.
        least_pairs: Fewer pairs certify nothing.
        noisy: The incumbent does not reproduce its own answers within the margin; nothing is tested.
    """

    margin: float
    alpha: float
    level: float
    least_pairs: int
    noisy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A policy on the certification split.

    Attributes:
        position: In the sealed sequence, from 1.
        reached: The sequence got as far as this policy.
        p: Exact p-value of "it loses the margin or more"; None where the sequence did not reach it.
        passed: The sequence certified it.
        certified: It did, and the interval that people see lies above the margin as a whole.
        delta: Policy minus incumbent over all the route's traffic; None without pairs.
        saving_usd: On the auditable spend; None without dollar draws.
        share_moved: Share of the draws that the cheap tier finally serves.
        share_escalated: Share that the cheap tier answered in vain.
        n: Pairs.
        sealed: Digest of the list that it was tested from.
    """

    tuned: Tuned
    position: int
    reached: bool
    p: float | None
    passed: bool
    certified: bool
    delta: Estimate | None
    saving_usd: Estimate | None
    share_moved: float
    share_escalated: float
    n: int
    sealed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What the certification split says of a route's policies.

    Attributes:
        tested: In the sealed order.
        best: The one of them to hand over, or None.
        measured: The same as `tested`, each on its draws alone: what `best` was chosen by.
        pairs: What each was tested on, in the same order.
        certification: The draws that they were tested on.
        spend: The dollar draws.
    """

    tested: tuple[Tested, ...]
    best: Tested | None
    measured: tuple[Tested, ...]
    pairs: tuple[Pairs, ...]
    certification: Replayed
    spend: Replayed

    def static(self, tier: str) -> Tested | None:
        """The policy that moves the whole route to a tier; None when it was not worth a test."""
        return next((t for t in self.tested if (t.tuned.policy.kind, t.tuned.policy.tier) == ("static", tier)), None)


def best_of(tested: Sequence[Tested], margin: float) -> Tested | None:
    """Of the certified policies fit to be recommended, the one with the largest lower bound of the saving."""
    sure = [t for t in tested if t.certified and is_deployable(t, margin)]
    # Of two alike the simpler is handed over.
    return max(sure, key=lambda t: (_low(t.saving_usd), t.tuned.policy.kind == "static", t.tuned.name), default=None)


def is_deployable(tested: Tested, margin: float) -> bool:
    """Whether a certified policy is one to hand over, as far as it surely saves something.

    The certificate holds for any choice among the certified.

    Moving a tenth of the traffic by lot loses a tenth of what moving all of it would lose, which may be within the
    margin; that is no reason to move it. So a Split must hold the margin on what it moves, by its estimate. A check
    that asks a second tier makes every request wait for two answers, which no replay measured: it is shown, and left
    to people.
    """
    policy = tested.tuned.policy
    if not _low(tested.saving_usd) > 0:
        return False
    if policy.kind == "static":
        return True
    if tested.delta is None or tested.share_moved < LEAST_SHARE or (policy.verifier and policy.verifier.tiers):
        return False
    return -tested.delta.est <= margin * tested.share_moved


def _low(estimate: Estimate | None) -> float:
    return -np.inf if estimate is None or estimate.lo is None else estimate.lo


def certify_policies(tables: Tables, design: RouteDesign, sealed: Sealed, bench: Bench, terms: Terms) -> Verdicts:
    """Test a sealed list.

    Args:
        tables: Of the route, whole.
        design: Of the route.
        sealed: From `propose`, written down by now.
        bench: The one that `propose` had.
        terms: Of the certificate.
    """
    tiers = sorted({tuned.policy.tier for tuned in sealed.policies} | set(design.candidates))
    draws = replayed(tables, quality_draws(tables, "certification"), tiers, bench.requests)
    dollars = tables.slice.filter(pl.col("purpose") == "dollars").sort("draw_order", "exchange_id")
    spend = replayed(tables, dollars, tiers, bench.requests)
    here, there = Values(draws, bench.embedder), Values(spend, bench.embedder)
    walks = [walk(tuned.policy, draws, here.of(tuned.policy)) for tuned in sealed.policies]
    pairs = [pairs_of(tuned.policy, draws, walked) for tuned, walked in zip(sealed.policies, walks, strict=True)]
    outcome = certify(scores_of(sealed, pairs, terms), order=sealed.order, margin=terms.margin, alpha=terms.alpha)
    tested = []
    for index, tuned in enumerate(sealed.policies):
        saved = saved_of(tuned.policy, spend, walk(tuned.policy, spend, there.of(tuned.policy)))
        tested.append(
            _tested(
                Tested(
                    tuned=tuned,
                    position=index + 1,
                    reached=not terms.noisy and index < len(outcome.p_values),
                    p=None,
                    passed=False,
                    certified=False,
                    delta=delta_of(pairs[index], terms.level),
                    saving_usd=dollars_of(saved.z, design.auditable_usd, terms.level, z_low=saved.lowest),
                    share_moved=_mean(walks[index].kept),
                    share_escalated=_mean(walks[index].asked & ~walks[index].kept),
                    n=pairs[index].n,
                    sealed=sealed.order.digest,
                ),
                outcome,
                terms,
            )
        )
    return Verdicts(
        tested=tuple(tested),
        best=best_of(tested, terms.margin),
        measured=tuple(tested),
        pairs=tuple(pairs),
        certification=draws,
        spend=spend,
    )


def rule_of(verdicts: Verdicts, bench: Bench) -> Goes | None:
    """Which requests the recommended policy moves; None unless it decides before the call, and moves enough draws."""
    best = verdicts.best
    if best is None or _on_moved(best.tuned.policy, verdicts.spend, bench) is None:
        return None
    signal, threshold = best.tuned.policy.signal, best.tuned.policy.threshold or 0.0
    assert signal is not None
    return lambda requests: compute(signal, requests, embedder=bench.embedder) >= threshold


def sharpened(verdicts: Verdicts, moved: Moved | None, design: RouteDesign, bench: Bench) -> Verdicts:
    """The share and the saving of a policy that decides before the call, with what it moves counted, not estimated.

    A signal can be computed for every request of the log, so how many and which dollars it moves is known; the draws
    only say which part of these dollars would have been saved.

    Args:
        verdicts: Of the certification.
        moved: Of the whole log, by `rule_of`; None leaves the estimates.
        design: Of the route.
        bench: That the policies were tested with.
    """
    best = verdicts.best
    if best is None or best.saving_usd is None or moved is None or not moved.moved:
        return verdicts
    saved = _on_moved(best.tuned.policy, verdicts.spend, bench)
    assert saved is not None
    saving = dollars_of(saved.z, min(moved.usd, design.auditable_usd), best.saving_usd.level, z_low=saved.lowest)
    best = replace(best, share_moved=moved.moved / moved.requests, saving_usd=saving)
    tested = tuple(best if one.position == best.position else one for one in verdicts.tested)
    return replace(verdicts, tested=tested, best=best)


def _on_moved(policy: RoutePolicy, spend: Replayed, bench: Bench) -> Saved | None:
    """What a policy that decides before the call saves on the dollar draws that it moves; None of too few."""
    if policy.signal is None or policy.verifier is not None:
        return None
    asked = walk(policy, spend, Values(spend, bench.embedder).of(policy))
    if spend.times[asked.asked].sum() < LEAST_DRAWS:
        return None
    saved = saved_of(policy, spend, asked)
    return replace(saved, z=saved.z[np.repeat(asked.asked, spend.times.astype(np.int64))])


def scores_of(sealed: Sealed, pairs: Sequence[Pairs], terms: Terms) -> Iterator[CertificationScores]:
    """The counts of each policy in order; one that cannot be judged has none, which stops the sequence."""
    for tuned, found in zip(sealed.policies, pairs, strict=True):
        enough = found.n >= terms.least_pairs and found.missing_share <= MAX_MISSING and not terms.noisy
        counts = pessimistic(found) if enough else PairCounts(b=0, c=0, n=0)
        yield CertificationScores(name=tuned.name, counts=counts)


def _tested(found: Tested, outcome: Certification, terms: Terms) -> Tested:
    index = found.position - 1
    passed = index < len(outcome.certified)
    above = found.delta is not None and found.delta.lo is not None and found.delta.lo > -terms.margin
    return replace(
        found, passed=passed, certified=passed and above, p=outcome.p_values[index] if found.reached else None
    )


def _mean(rows: Any) -> float:
    return float(rows.mean()) if len(rows) else 0.0


def loss_of(delta: Estimate | None) -> Estimate | None:
    """A delta as a loss: the sign turned, the ends exchanged."""
    if delta is None:
        return None
    lo, hi = (None if end is None else -end for end in (delta.hi, delta.lo))
    return Estimate(est=-delta.est, lo=lo, hi=hi, level=delta.level)


def policy_findings(verdicts: Verdicts, design: RouteDesign, level: float) -> tuple[PolicyFinding, ...]:
    """Every tested policy, and beside them what nobody can deploy but everybody should see."""
    found = [_finding(tested, recommended=tested is verdicts.best) for tested in verdicts.tested]
    return (*found, *_references(verdicts, design, level))


def _finding(tested: Tested, *, recommended: bool) -> PolicyFinding:
    return PolicyFinding(
        kind=tested.tuned.policy.kind,
        params={
            **describe_policy(tested.tuned.policy),
            "position": tested.position,
            "p_value": tested.p,
            "n": tested.n,
            "share_escalated": tested.share_escalated,
            "tuning_loss": tested.tuned.loss,
            "sealed": tested.sealed,
            "recommended": recommended,
        },
        share_moved=tested.share_moved,
        quality_loss=loss_of(tested.delta),
        saving_usd=tested.saving_usd,
        certified=tested.certified,
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


def reason_of(tested: Tested, margin: float) -> str:
    """Why a policy is recommended, in one sentence."""
    policy = tested.tuned.policy
    assert tested.delta is not None
    said = f"{points_interval(tested.delta)} points over all traffic, all above {points(-margin)}"
    moved = f"{percent(tested.share_moved)} to {policy.tier}"
    if policy.signal is not None and policy.signal.name == "rules" and policy.threshold is not None:
        conditions = in_force(policy.signal.params, policy.threshold)
        where = " and ".join(f"{c['feature']} {c['op']} {c['value']}" for c in conditions)
        net = f", checked by {policy.verifier.name}" if policy.verifier else ""
        return f"{moved} where {where}{net}: {said}"
    by = [f"by {policy.signal.name}"] if policy.signal else []
    by += [f"checked by {policy.verifier.name}"] if policy.verifier else []
    return f"{moved}, {', '.join(by)}: {said}"


def _references(verdicts: Verdicts, design: RouteDesign, level: float) -> list[PolicyFinding]:
    """Best single tier, a random mix that costs as much as the recommendation, and the oracle. Descriptive only."""
    draws, spend = verdicts.certification, verdicts.spend
    static = [t for t in verdicts.tested if t.tuned.policy.kind == "static" and t.saving_usd and t.delta]
    if not static or not draws.n:
        return []
    found = []
    single = max(static, key=lambda t: (t.delta.est if t.delta else -1.0, t.tuned.name))
    found.append(_reference("best_single_tier", {"tier": single.tuned.policy.tier}, single, 1.0))
    best = verdicts.best
    if best is not None and best.saving_usd is not None and best.tuned.policy.kind != "static":
        same = verdicts.static(best.tuned.policy.tier)
        if same is not None and same.saving_usd is not None and same.saving_usd.est > 0:
            share = min(best.saving_usd.est / same.saving_usd.est, 1.0)
            found.append(_reference("random_mix", {"tier": best.tuned.policy.tier}, same, share))
    found.append(_oracle(draws, spend, design, level))
    return found


def _reference(kind: str, params: Mapping[str, Any], static: Tested, share: float) -> PolicyFinding:
    """A share of a whole-route switch, drawn by lot: its loss and saving are that share of the switch's."""
    loss = loss_of(static.delta)
    return PolicyFinding(
        kind=kind,
        params={**params, "descriptive": True},
        share_moved=share,
        quality_loss=None if loss is None else loss.scaled(share),
        saving_usd=None if static.saving_usd is None else static.saving_usd.scaled(share),
        certified=False,
    )


def _oracle(draws: Replayed, spend: Replayed, design: RouteDesign, level: float) -> PolicyFinding:
    """The cheapest candidate that is no worse, as if somebody knew it beforehand."""
    moved = np.zeros(draws.n, dtype=bool)
    for arm in draws.arms.values():
        moved |= arm.passed >= draws.passed
    z = np.zeros(spend.n)
    for arm in spend.arms.values():
        saved = np.nan_to_num(1 - arm.cost_usd / spend.cost_usd)
        z = np.maximum(z, np.where(arm.passed >= spend.passed, saved, 0.0))
    gained = np.zeros(draws.n, dtype=bool)
    for arm in draws.arms.values():
        gained |= arm.passed > draws.passed
    before = np.nan_to_num(draws.passed) > 0.5
    known = Pairs(
        exchange_ids=(),
        incumbent=before,
        candidate=before | gained,
        missing_passed=0,
        missing_failed=0,
        excluded={},
        not_applicable=0,
    )
    return PolicyFinding(
        kind="oracle",
        params={"descriptive": True},
        share_moved=_mean(moved),
        quality_loss=loss_of(delta_of(known, level)),
        saving_usd=dollars_of(np.repeat(z, spend.times.astype(np.int64)), design.auditable_usd, level),
        certified=False,
    )
