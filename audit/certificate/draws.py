"""A policy walked over the certification draws: what each look sees of it, and what its tests say."""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.certificate.claims import delta_of
from audit.certificate.frozen import Proposal
from audit.certificate.grades import Grades, Scores
from audit.certificate.parameters import TestParameters
from audit.certificate.robustness import Basis, robustness_of, weaker_of
from audit.core.interval import Estimate
from audit.core.robustness import Robustness
from audit.pairing.evidence import BoolArray, Pairs
from audit.pairing.replayed import (
    Replayed,
    Simulation,
    pairs_of,
    part_of,
    parted_by,
)
from audit.stats.group_sequential import Look
from audit.stats.random_mix import Parted, random_mix_p
from audit.stats.risk_control import LookTest


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
        before = terms.schedule.draws_at(look)
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
        if look is None or not terms.testable(self.seen(look, terms).pairs):
            return None
        return self._test(look, terms).p

    def p_content_at(self, look: Look | None, terms: TestParameters) -> float | None:
        """The same on the pairs by the comparing criteria alone; None where they decide every verdict."""
        other = self.by_content
        return None if other is None else other.p_at(look, terms.by_content)

    def _test(self, look: Look, terms: TestParameters) -> LookTest:
        seen = self.seen(look, terms)
        if not terms.testable(seen.pairs):
            return LookTest(p=1.0, above=False)
        above = seen.delta is not None and seen.delta.lo is not None and seen.delta.lo > -terms.margin
        return LookTest(p=terms.p_noninferior(seen.pairs, look.alpha), above=above)

    def part(self, look: Look | None, terms: TestParameters) -> Pairs:
        """The pairs of what it moves, at a look; none before the first."""
        taken = self.draws.draw_order < terms.schedule.draws_at(look)
        return pairs_of(self.tuned.policy, *part_of(self.draws, self.walked, taken & self.walked.kept))

    def parted(self, look: Look | None, terms: TestParameters) -> Parted:
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


def _both(left: LookTest, right: LookTest) -> LookTest:
    """Two claims of which neither may be wrong (Berger 1982, Technometrics 24:295-300)."""
    return LookTest(p=max(left.p, right.p), above=left.above and right.above)
