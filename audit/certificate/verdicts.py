"""What the certification split says of policies, and which of them is handed over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from audit.certificate.draws import PolicyDraws
from audit.certificate.frozen import Proposal
from audit.core.cost import BreakEven
from audit.core.interval import Estimate
from audit.core.recommendation import PairTable
from audit.core.robustness import Robustness
from audit.core.tested import MovedPart
from audit.pairing.replayed import (
    Replayed,
)
from audit.stats.group_sequential import Look
from audit.stats.tango import PairCounts

LEAST_SHARE = 0.1
"""A Split that moves less is not worth a router."""


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
