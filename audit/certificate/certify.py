"""The certification split: the sealed policies are tested in their order, and the best certified one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np

from audit.certificate.claims import delta_of, p_noninferior, pessimistic, table_of
from audit.certificate.frozen import Choice, FrozenPolicies, Proposal
from audit.certificate.grades import Grades, Scores, scores_of
from audit.certificate.looks import Schedule
from audit.certificate.policies import MovedTraffic, MovesRequest
from audit.certificate.robustness import Basis, robustness_of, weaker_of
from audit.core.cost import BreakEven
from audit.core.discrimination import PERFECT, Discrimination
from audit.core.exchange import Request
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.recommendation import PairTable
from audit.core.robustness import Robustness
from audit.core.tested import MovedPart
from audit.pairing.evidence import Pairs, Tables, quality_draws, spend_sample
from audit.pairing.money import Saved, at_risk, dollars_of
from audit.pairing.replayed import (
    Replayed,
    Simulation,
    break_even_of,
    pairs_of,
    part_of,
    parted_by,
    saved_of,
    walk,
)
from audit.pairing.sets import ReplayedSets
from audit.signals import compute
from audit.signals.signal import BoolArray, TextEmbedder
from audit.stats.group_sequential import Look
from audit.stats.planning import least_pairs
from audit.stats.random_mix import Parted, random_mix_p
from audit.stats.risk_control import Attempt, LookTest, PolicyOrder, certify_in_looks
from audit.stats.tango import PairCounts

LEAST_DRAWS = 10
"""Fewer dollar draws of moved requests say too little of what is saved on them."""

LEAST_SHARE = 0.1
"""A Split that moves less is not worth a router."""

MOVED_ALPHA = 0.2
"""Chance of recommending any Split whose moved part loses the margin, however many are tested. The promise about the
whole route has its own level; at that one, no part of a route would ever have pairs enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestParameters:
    """What a certificate promises, fixed before the replay.

    Attributes:
        margin: Accepted loss over the route's traffic.
        alpha: One-sided error rate of the whole sequence over all looks; what the bounds of the criteria's own error
            may be wrong with is not part of it.
        level: Of the intervals of all looks together.
        least_pairs: Fewer pairs certify nothing.
        noisy: The incumbent does not reproduce its own answers within the margin; nothing is tested.
        schedule: The declared looks, and how far the replay has got.
        moved_alpha: Of the order of Splits: what they move.
        shown: How much of a true difference the route's criteria show.
        shown_content: The same of those alone that see what an answer says.
    """

    margin: float
    alpha: float
    level: float
    least_pairs: int
    noisy: bool
    schedule: Schedule
    moved_alpha: float = MOVED_ALPHA
    shown: Discrimination = PERFECT
    shown_content: Discrimination = PERFECT

    @property
    def by_content(self) -> TestParameters:
        """The same for verdicts by the criteria alone that see what an answer says."""
        return replace(self, shown=self.shown_content)

    def part_alpha(self, look: Look | None) -> float:
        """Level at which a look reads the test of what a Split moves."""
        return self.moved_alpha if look is None else look.alpha * self.moved_alpha / self.alpha

    @property
    def tested_margin(self) -> float:
        """What a true loss of the margin shows at least, as measured: where planning and prospects look."""
        return self.shown.shown(self.margin)

    def least_of(self, pairs: Pairs) -> int:
        """Pairs below which a claim about these certifies nothing: fewer do where people's words are tested, because no
        error of the criteria is taken off them."""
        return self.least_pairs if pairs.labelled is None else least_pairs(self.margin, self.alpha)

    def p_noninferior(self, pairs: Pairs, alpha: float) -> float:
        """p-value of "the true loss is the margin or more", to be read at a level."""
        return p_noninferior(pairs, margin=self.margin, shown=self.shown, alpha=alpha)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """A policy on the certification split.

    Attributes:
        position: In the sealed sequence, from 1.
        reached: The sequence got as far as this policy.
        p: p-value of "it loses the margin or more", exact, or by betting where requests have several answers; None
            where the sequence did not reach it.
        certified: The sequence certified it: exact p-value and whole interval.
        look: Whose draws its numbers rest on; None before the first.
        counts: Pairs at that look, unmeasured draws as failures.
        delta: Policy minus incumbent over all the route's traffic; None without pairs.
        saving_usd: On the auditable spend; None without dollar draws.
        at_risk_usd: That less its one-sided lower bound.
        break_even: Of a policy that checks answers; None for the others.
        share_moved: Share of the draws that the cheap tier finally serves.
        share_escalated: Share that the cheap tier answered in vain.
        n: Pairs.
        n_moved: Draws among them that the cheap tier finally serves.
        sealed: Digest of the list that it was tested from.
        table: Verdicts over all the route's traffic: a request that it does not move has the incumbent's twice.
        moved: The same over what it moves, with the tests of that part.
        robust: What the claim rests on: units, course over the window, incumbents.
        score_delta: Policy minus incumbent in mean score, where the route's criteria are graded; else None.
        content_delta: Policy minus incumbent by the criteria alone that compare what an answer says; None where these
            decide every verdict.
        content_counts: Pairs by these criteria, unmeasured draws as failures; None likewise.
        p_content: p-value on these pairs; None likewise, and where the sequence did not reach the policy.
        taken_in: Place in the sample before which its draws lie; None before the first look.
        moved_usd: What the log billed for what it moves, where that was counted; None where it is an estimate.
    """

    tuned: Proposal
    position: int
    reached: bool
    p: float | None
    certified: bool
    look: Look | None
    counts: PairCounts
    delta: Estimate | None
    saving_usd: Estimate | None
    at_risk_usd: float | None
    break_even: BreakEven | None
    share_moved: float
    share_escalated: float
    n: int
    n_moved: int
    sealed: str
    table: PairTable
    moved: MovedPart
    robust: Robustness
    score_delta: Estimate | None = None
    content_delta: Estimate | None = None
    content_counts: PairCounts | None = None
    p_content: float | None = None
    taken_in: int | None = None
    moved_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What the certification split says of a route's policies.

    Attributes:
        tested: In the sealed order.
        best: The one of them to hand over, or None.
        measured: The same as `tested`, each on its draws alone: what `best` was chosen by.
        trials: What each was tested on, in the same order.
        certification: By candidate, the draws that its policies were tested on: those that it does not serve already.
        spend: By candidate, all draws that say what it costs.
        everything: All certification draws.
    """

    tested: tuple[PolicyTest, ...]
    best: PolicyTest | None
    measured: tuple[PolicyTest, ...]
    trials: tuple[PolicyDraws, ...]
    certification: Mapping[str, Replayed]
    spend: Mapping[str, Replayed]
    everything: Replayed

    @property
    def certified(self) -> tuple[PolicyTest, ...]:
        """The beginning of the sealed list that the sequence certified, without a gap."""
        return tuple(takewhile(lambda tested: tested.certified, self.tested))

    def trial(self, tested: PolicyTest) -> PolicyDraws:
        """What a policy of the route was tested on."""
        return self.trials[tested.position - 1]

    def static(self, tier: str) -> PolicyTest | None:
        """The policy that moves the whole route to a tier; None when it was not worth a test."""
        return next((t for t in self.tested if (t.tuned.policy.kind, t.tuned.policy.tier) == ("static", tier)), None)


def best_of(tested: Sequence[PolicyTest]) -> PolicyTest | None:
    """Of the certified policies fit to be recommended, the one with the largest lower bound of the saving."""
    sure = [t for t in tested if t.certified and is_deployable(t)]
    # Of two alike the simpler is handed over.
    return max(sure, key=lambda t: (_low(t.saving_usd), t.tuned.policy.kind == "static", t.tuned.name), default=None)


def is_deployable(tested: PolicyTest) -> bool:
    """Whether a certified policy is one to hand over, as far as it surely saves something.

    The certificate holds for any choice among the certified.

    Moving a tenth of the traffic at random loses a tenth of what moving all of it would lose, which may be within the
    margin; that is no reason to move it. So a Split must have shown, in a frozen order of its own, that what it moves
    holds the margin and is better than a random choice. A mean that the end of the window contradicts is no ground
    either. A check that asks a second tier makes every request wait for two answers, which no replay measured: it is
    shown, and left to people.
    """
    policy = tested.tuned.policy
    if not _low(tested.saving_usd) > 0 or tested.robust.contradicted:
        return False
    if policy.kind == "static":
        return True
    if tested.delta is None or tested.share_moved < LEAST_SHARE or len(policy.asks) > 1:
        return False
    return tested.moved.holds is True


def _low(estimate: Estimate | None) -> float:
    return -np.inf if estimate is None or estimate.lo is None else estimate.lo


def certify_policies(
    tables: Tables, design: RouteDesign, choice: Choice, requests: Mapping[str, Request], terms: TestParameters
) -> Verdicts:
    """Test a sealed list.

    Args:
        tables: Of the route, whole.
        design: Of the route.
        choice: The list, written down by now, with the values of its signals.
        requests: Of the route, by fingerprint; policies that check answers look at them.
        terms: Of the certificate.
    """
    sealed = choice.sealed
    tiers = sorted({tuned.policy.tier for tuned in sealed.policies} | set(design.candidates))
    sets = ReplayedSets(tables, tiers, requests)
    certifying = {tier: sets.of(quality_draws(tables.moved_to(tier), "certification")) for tier in tiers}
    paid = {tier: sets.of(spend_sample(tables, design, tier, terms.schedule.replayed([tier]))) for tier in tiers}
    draws, spend = ({tier: one.without_texts() for tier, one in of.items()} for of in (certifying, paid))
    scores = _scores(tables, draws) if design.graded else {}
    trials = tuple(
        PolicyDraws(
            tuned=tuned,
            draws=draws[policy.tier],
            walked=walk(policy, whole, choice.values.of(policy, whole)),
            paid=walk(policy, billed, choice.values.of(policy, billed)),
            scores=scores.get((policy.tier, policy.verifier is None)),
            compared=draws[policy.tier].by_content(policy.tier, checked=policy.checks_itself),
        )
        for tuned in sealed.policies
        for policy, whole, billed in [(tuned.policy, certifying[tuned.policy.tier], paid[tuned.policy.tier])]
    )
    tested = _tested(design, sealed, trials, spend, terms)
    return Verdicts(
        tested=tested,
        best=best_of(tested),
        measured=tested,
        trials=trials,
        certification=draws,
        spend=spend,
        everything=sets.of(quality_draws(tables, "certification")).without_texts(),
    )


def _tested(
    design: RouteDesign,
    sealed: FrozenPolicies,
    trials: Sequence[PolicyDraws],
    spend: Mapping[str, Replayed],
    terms: TestParameters,
) -> tuple[PolicyTest, ...]:
    """The sealed list, each policy with what its test shows."""
    attempts = attempts_at(sealed, trials, terms)
    parts = {attempt.name: attempt for attempt in splits_at(sealed, trials, terms)}
    tested = []
    for index, trial in enumerate(trials):
        policy = trial.tuned.policy
        attempt = attempts[index] if index < len(attempts) else None
        part = parts.get(trial.tuned.name)
        look, part_look = _shown(trial, attempt, part, terms)
        seen, said = trial.seen(look, terms), trial.content_seen(look, terms)
        movable = design.movable_usd(policy.tier)
        saved = saved_of(policy, spend[policy.tier], trial.paid)
        tested.append(
            PolicyTest(
                tuned=trial.tuned,
                position=index + 1,
                reached=attempt is not None,
                p=None if attempt is None else trial.p_at(look, terms),
                certified=attempt is not None and attempt.certified,
                look=look,
                counts=pessimistic(seen.pairs),
                delta=seen.delta,
                saving_usd=dollars_of(saved, movable, terms.level),
                at_risk_usd=at_risk(saved, movable, terms.level),
                break_even=break_even_of(policy, *part_of(trial.draws, trial.walked, seen.taken_in), terms.level),
                share_moved=_mean(seen.kept),
                share_escalated=_mean(seen.asked & ~seen.kept),
                n=seen.pairs.n,
                n_moved=int(seen.kept.sum()),
                sealed=sealed.order.digest,
                table=table_of(seen.pairs),
                moved=trial.moved(part_look, terms, holds=None if part is None else part.certified),
                score_delta=trial.score_delta(look, terms),
                content_delta=None if said is None else said.delta,
                content_counts=None if said is None else pessimistic(said.pairs),
                p_content=None if attempt is None else trial.p_content_at(look, terms),
                robust=trial.robust(look, terms) if _is_shown(trial, attempt) else Robustness(),
                taken_in=terms.schedule.draws_at(look) if look else None,
            )
        )
    return tuple(tested)


def _scores(tables: Tables, draws: Mapping[str, Replayed]) -> dict[tuple[str, bool], Scores]:
    """Scores by candidate, of all answers and, for policies that check one, of the first."""
    first = tables.first_answers()
    return {
        (tier, whole): scores_of(tables if whole else first, mine, tier)
        for tier, mine in draws.items()
        for whole in (True, False)
    }


def _is_shown(trial: PolicyDraws, attempt: Attempt | None) -> bool:
    """Whether a policy may be recommended, or stand for its candidate where nothing is."""
    return trial.tuned.policy.kind == "static" or (attempt is not None and attempt.certified)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """What one look has seen of a policy: which draws, their pairs and delta, and what was asked and kept of them."""

    taken_in: BoolArray
    pairs: Pairs
    delta: Estimate | None
    asked: BoolArray
    kept: BoolArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PolicyDraws:
    """A policy walked over the certification draws.

    Attributes:
        tuned: The policy.
        draws: That it was walked over, without their texts.
        walked: What it did.
        paid: What it did on the draws of spend.
        scores: Of both answers, where the route's criteria are graded; else None.
        compared: The draws judged by the criteria alone that compare what an answer says; None where these decide all.
    """

    tuned: Proposal
    draws: Replayed
    walked: Simulation
    paid: Simulation
    scores: Scores | None = None
    compared: Replayed | None = None

    def grades(self, look: Look, terms: TestParameters) -> Grades | None:
        """The paired scores that a look takes in; None where the route's criteria are not graded."""
        if self.scores is None:
            return None
        before = terms.schedule.draws_at(look)
        return Grades.of(self.scores, self.draws, self.walked, self.tuned.policy.tier, before=before)

    def score_delta(self, look: Look | None, terms: TestParameters) -> Estimate | None:
        """Policy minus incumbent in mean score at a look."""
        grades = None if look is None else self.grades(look, terms)
        return None if grades is None or look is None else grades.delta(terms.level, look.level)

    def seen(self, look: Look | None, terms: TestParameters) -> _Seen:
        """The pairs that a look takes in; none before the first."""
        before = terms.schedule.draws_at(look) if look else 0
        pairs = pairs_of(self.tuned.policy, self.draws, self.walked, before=before)
        taken_in = self.draws.draw_order < before
        asked = ~self.draws.arms[self.tuned.policy.tier].unasked
        kept = (self.walked.kept & asked)[taken_in]
        share = float(kept.mean()) if kept.size else 0.0
        return _Seen(
            taken_in=taken_in,
            pairs=pairs,
            delta=delta_of(pairs, terms.level, shown=terms.shown, nominal=look.level, moved=share) if look else None,
            asked=(self.walked.asked & asked)[taken_in],
            kept=kept,
        )

    @property
    def by_content(self) -> PolicyDraws | None:
        """The same, judged by the criteria alone that compare what an answer says; None where these decide all."""
        return None if self.compared is None else replace(self, draws=self.compared, compared=None)

    def content_seen(self, look: Look | None, terms: TestParameters) -> _Seen | None:
        """What a look has seen by the comparing criteria alone; None where they decide every verdict."""
        other = self.by_content
        return None if other is None else other.seen(look, terms.by_content)

    def test(self, look: Look, terms: TestParameters) -> LookTest:
        """The exact test and the interval of one look; what cannot be judged fails.

        A policy has to hold by all criteria, and by those alone that compare what an answer says: answers that are
        shorter or cheaper than today's must not pay for wrong ones, and a check must not certify itself. Both have to
        hold, so neither needs a level of its own.
        """
        found, other = self._test(look, terms), self.by_content
        if other is not None:
            found = _both(found, other._test(look, terms.by_content))
        # Graded criteria have to hold in both measures, for the same reason.
        grades = self.grades(look, terms)
        return found if grades is None else _both(found, grades.test(look, terms.margin))

    def p_at(self, look: Look | None, terms: TestParameters) -> float | None:
        """The exact p-value of a look's own pairs; None where they are too few, or too many went unmeasured.

        What else has to hold has pairs of its own, so the value is of those that are printed beside it.
        """
        if look is None or not _is_testable(self.seen(look, terms).pairs, terms):
            return None
        return self._test(look, terms).p

    def p_content_at(self, look: Look | None, terms: TestParameters) -> float | None:
        """The same on the pairs by the comparing criteria alone; None where they decide every verdict."""
        other = self.by_content
        return None if other is None else other.p_at(look, terms.by_content)

    def _test(self, look: Look, terms: TestParameters) -> LookTest:
        seen = self.seen(look, terms)
        if not _is_testable(seen.pairs, terms):
            return LookTest(p=1.0, above=False)
        above = seen.delta is not None and seen.delta.lo is not None and seen.delta.lo > -terms.margin
        return LookTest(p=terms.p_noninferior(seen.pairs, look.alpha), above=above)

    def part(self, look: Look | None, terms: TestParameters) -> Pairs:
        """The pairs of what it moves, at a look; none before the first."""
        taken = self.draws.draw_order < (terms.schedule.draws_at(look) if look else 0)
        return pairs_of(self.tuned.policy, *part_of(self.draws, self.walked, taken & self.walked.kept))

    def parted(self, look: Look, terms: TestParameters) -> Parted:
        """What it moves and what it leaves, at a look, by the first answer to each request."""
        return parted_by(self.tuned.policy, self.draws, self.walked, before=terms.schedule.draws_at(look))

    def test_part(self, look: Look, terms: TestParameters) -> LookTest:
        """Both claims of a Split about the part that it moves; one p-value, on the scale of the look's alpha.

        The part loses less than the margin, at the level of the order, and is better than a random mix of its
        share, at the certificate's own alpha; each look has the same part of both.
        """
        judged = [(self, terms)]
        if (other := self.by_content) is not None:
            judged.append((other, terms.by_content))
        part_alpha = terms.part_alpha(look)
        within = max(by.p_noninferior(one.part(look, by), part_alpha) for one, by in judged)
        if (grades := self.grades(look, terms)) is not None:
            within = max(within, grades.p_moved(terms.margin, part_alpha))
        # Better than a random choice it may be by what it enforces: that is what the check is for.
        return LookTest(
            p=max(within * terms.alpha / terms.moved_alpha, random_mix_p(self.parted(look, terms))), above=True
        )

    def robust(self, look: Look | None, terms: TestParameters) -> Robustness:
        """What the claim of a look rests on; of the two measures that have to hold, the weaker."""
        if look is None:
            return Robustness()
        found, other = self._robust(look, terms), self.by_content
        return found if other is None else weaker_of(found, other._robust(look, terms.by_content))

    def _robust(self, look: Look, terms: TestParameters) -> Robustness:
        before = terms.schedule.draws_at(look)
        basis = Basis(look=look, margin=terms.margin, level=terms.level, shown=terms.shown)
        return robustness_of(self.tuned.policy, self.draws, self.walked, before=before, basis=basis)

    def moved(self, look: Look | None, terms: TestParameters, *, holds: bool | None) -> MovedPart:
        """What is known at a look of the part that it moves."""
        before = terms.schedule.draws_at(look) if look else 0
        part = self.part(look, terms)
        parted = parted_by(self.tuned.policy, self.draws, self.walked, before=before)
        return MovedPart(
            table=table_of(part),
            unmeasured=part.missing.total,
            delta=delta_of(part, terms.level, shown=terms.shown, nominal=look.level, moved=1.0) if look else None,
            p_margin=None if holds is None else terms.p_noninferior(part, terms.part_alpha(look)),
            p_mix=None if holds is None else random_mix_p(parted),
            holds=holds,
        )


def _is_testable(pairs: Pairs, terms: TestParameters) -> bool:
    return not (terms.noisy or pairs.n < terms.least_of(pairs) or pairs.unmeasurable(terms.margin))


def _both(left: LookTest, right: LookTest) -> LookTest:
    """Two claims of which neither may be wrong (Berger 1982, Technometrics 24:295-300)."""
    return LookTest(p=max(left.p, right.p), above=left.above and right.above)


def attempts_at(sealed: FrozenPolicies, trials: Sequence[PolicyDraws], terms: TestParameters) -> tuple[Attempt, ...]:
    """The sequence of tests over the looks that are reached; none on a route that is too noisy."""
    return _sequence(sealed.order, trials, terms, PolicyDraws.test)


def splits_at(sealed: FrozenPolicies, trials: Sequence[PolicyDraws], terms: TestParameters) -> tuple[Attempt, ...]:
    """The sequence of tests of what Splits move, in an order of its own, over the same looks."""
    return _sequence(sealed.splits, trials, terms, PolicyDraws.test_part)


def _sequence(
    order: PolicyOrder,
    trials: Sequence[PolicyDraws],
    terms: TestParameters,
    tested: Callable[[PolicyDraws, Look, TestParameters], LookTest],
) -> tuple[Attempt, ...]:
    if terms.noisy:
        return ()
    by_name = {trial.tuned.name: trial for trial in trials}

    def test(name: str, look: Look) -> LookTest | None:
        trial = by_name[name]
        reached = terms.schedule.reached(trial.tuned.policy.asks)
        if reached is None or reached.number < look.number:
            return None
        return tested(trial, look, terms)

    return certify_in_looks(order, terms.schedule.looks, test)


def _shown(
    trial: PolicyDraws, attempt: Attempt | None, part: Attempt | None, terms: TestParameters
) -> tuple[Look | None, Look | None]:
    """The looks whose numbers people see, of the policy and of the part that it moves: the last one reached; of what
    is certified the last that certifies it.

    The intervals of all looks hold at once, so any of them may be shown; a Switch must not come with one across the
    margin because its route went on for the sake of another policy. Policy and part are shown at one look wherever one
    certifies both.
    """
    last = terms.schedule.reached(trial.tuned.policy.asks)
    if last is None or attempt is None or not attempt.certified:
        return last, last
    if part is None or not part.certified:
        look = _last_holding(trial, terms, attempt.look, last, (PolicyDraws.test,))
        return look, look
    both = _last_holding(trial, terms, max(attempt.look, part.look), last, (PolicyDraws.test, PolicyDraws.test_part))
    if both is not None:
        return both, both
    return (
        _last_holding(trial, terms, attempt.look, last, (PolicyDraws.test,)),
        _last_holding(trial, terms, part.look, last, (PolicyDraws.test_part,)),
    )


def _last_holding(
    trial: PolicyDraws,
    terms: TestParameters,
    first: int,
    last: Look,
    tests: Sequence[Callable[[PolicyDraws, Look, TestParameters], LookTest]],
) -> Look | None:
    """The last look from `first` on at which every test holds at the look's own level."""
    for look in reversed(terms.schedule.looks[first - 1 : last.number]):
        found = [test(trial, look, terms) for test in tests]
        if all(one.above and one.p <= look.alpha for one in found):
            return look
    return None


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


def _mean(rows: Any) -> float:
    return float(rows.mean()) if len(rows) else 0.0
