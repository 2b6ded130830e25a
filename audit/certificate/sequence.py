"""What the fixed sequence makes of a route's candidates: each is the policy that moves the whole route to it.

The tuning split orders all policies of a route by estimated loss (`policies.py`); the certification split tests them in
this order, each with an exact p-value at the full level, and stops at the first that fails (`attempts.py`). The chance
that any certified one truly loses more than the margin is at most alpha, per route (`statistics.md` section 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit.certificate.candidates import CandidateDecision, CandidateEvidence
from audit.certificate.parameters import TestParameters
from audit.certificate.verdicts import PolicyTest, Verdicts
from audit.core.display import percent, percent_share, plural, points, points_interval
from audit.core.finding import CandidateVerdict
from audit.pairing.evidence import MAX_MISSING
from audit.pairing.unasked import unasked_share

WORTHLESS = "it would not cost less"
NOISY = "the incumbent does not reproduce its own answers within the margin"

BLOCKED = "a policy tested before it was not certified"
STOPPED = "the replay stopped before its test"


def decide(
    evidence: Sequence[CandidateEvidence], verdicts: Verdicts, terms: TestParameters
) -> dict[str, CandidateDecision]:
    """The verdict of every candidate of a route.

    A candidate is non-inferior when the sequence certified its whole-route policy, and the interval that people are
    shown lies above the margin as a whole, so that no report shows a Switch with a bar across the line.

    Args:
        evidence: One per candidate.
        verdicts: Of the route's policies.
        terms: They were tested by.
    """
    found = {}
    for candidate in evidence:
        tested = verdicts.static(candidate.tier.name)
        decision = _decision(candidate, tested, terms, verdicts)
        if tested is not None:
            decision = replace(decision, content_delta=tested.content_delta, p_content=tested.p_content)
        found[candidate.tier.name] = decision
    return found


def _decision(
    candidate: CandidateEvidence, tested: PolicyTest | None, terms: TestParameters, verdicts: Verdicts
) -> CandidateDecision:
    position = tested.position if tested is not None and tested.reached else None
    if tested is not None and tested.certified and (drift := tested.robust.drift) and drift.contradicts:
        assert drift.since is not None
        reason = f"{points_interval(drift.since)} points since {drift.changed_at}, which the mean over the window hides"
        return CandidateDecision(verdict=CandidateVerdict.NOT_PROVEN, reason=reason, tested=position)
    if tested is not None and tested.certified and (doubted := tested.robust.doubted) and not doubted.holds:
        reason = (
            f"{points_interval(doubted.delta)} points if today's answers are right where its right answers reject "
            f"them: both say the same on {doubted.same:,} of these {doubted.requests:,} requests"
        )
        return CandidateDecision(verdict=CandidateVerdict.NOT_PROVEN, reason=reason, tested=position)
    if tested is not None and tested.certified:
        assert candidate.delta is not None
        reason = f"{points_interval(candidate.delta)} points, all above {points(-terms.margin)}"
        return CandidateDecision(verdict=CandidateVerdict.NON_INFERIOR, reason=reason, tested=position)
    if candidate.unasked(terms.margin):
        return CandidateDecision(verdict=CandidateVerdict.INSUFFICIENT, reason=_unasked(candidate), tested=position)
    if candidate.stopped is not None and (candidate.insufficient or candidate.pairs.n == 0):
        return CandidateDecision(
            verdict=CandidateVerdict.INSUFFICIENT, reason=candidate.stopped.sentence, tested=position
        )
    if candidate.dropped is not None:
        kind = CandidateVerdict.INFERIOR if candidate.below(terms.margin) else CandidateVerdict.NOT_PROVEN
        return CandidateDecision(verdict=kind, reason=candidate.dropped, tested=None)
    if tested is not None and (lost := _content_lost(tested, terms, candidate.several)):
        return CandidateDecision(verdict=lost[0], reason=lost[1], tested=position)
    if tested is not None and tested.reached and (said := _score_lost(candidate, tested, terms)):
        return CandidateDecision(verdict=CandidateVerdict.NOT_PROVEN, reason=said, tested=position)
    return _undecided(candidate, terms, position, _untested(tested, verdicts))


def _content_lost(tested: PolicyTest, terms: TestParameters, several: int) -> tuple[CandidateVerdict, str] | None:
    """What the criteria that compare answers withhold, where those of form alone gain; None where they do not.

    That answers with several values say none of them is the worst case and no finding: it shows no loss.
    """
    delta, whole = tested.content_delta, tested.delta
    if delta is None or whole is None or delta.lo is None or delta.lo > -terms.margin or delta.est >= whole.est:
        return None
    below = delta.hi is not None and delta.hi < -terms.margin
    if not (below or tested.reached):
        return None
    where = "all below" if below else "across"
    if several:
        reason = (
            f"{points_interval(delta)} points, if answers with several values (no `which` chooses) say none of them"
        )
        return CandidateVerdict.NOT_PROVEN, reason
    reason = (
        f"{points_interval(delta)} points by the criteria that compare what an answer says, {where} "
        f"{points(-terms.margin)}; all criteria together: {points_interval(whole)}"
    )
    return CandidateVerdict.INFERIOR if below else CandidateVerdict.NOT_PROVEN, reason


def _score_lost(candidate: CandidateEvidence, tested: PolicyTest, terms: TestParameters) -> str:
    """Why graded criteria withhold what accepted answers alone would give; "" where they do not."""
    score, delta = tested.score_delta, candidate.delta
    if score is None or delta is None or delta.lo is None or delta.lo <= -terms.margin:
        return ""
    where = "across" if score.lo is None or score.lo <= -terms.margin else "with too few pairs to show it above"
    return f"its mean score moves by {points_interval(score)} points, {where} {points(-terms.margin)}"


def _untested(tested: PolicyTest | None, verdicts: Verdicts) -> str:
    """Why the sequence did not come to a candidate."""
    before = () if tested is None else verdicts.tested[: tested.position - 1]
    return STOPPED if all(one.certified for one in before) else BLOCKED


def _unasked(candidate: CandidateEvidence) -> str:
    """What was not asked, with the largest reason; nothing of it is about the candidate's answers."""
    first, *more = candidate.not_asked
    others = f", and {plural(len(more), 'other reason')}" if more else ""
    share = percent_share(unasked_share(candidate.not_asked))
    return f"not asked {share} of its requests: {first.because.sentence}{others}"


def _undecided(
    candidate: CandidateEvidence, terms: TestParameters, tested: int | None, untested: str
) -> CandidateDecision:
    """Why a candidate is not recommended."""
    kind = CandidateVerdict.NOT_PROVEN
    worthless = candidate.saving_usd is None or candidate.saving_usd.est <= 0
    if candidate.look is None and candidate.saving_usd is not None and worthless:
        reason = WORTHLESS
    elif candidate.look is None and terms.noisy:
        reason = NOISY
    elif candidate.pairs.n == 0 or candidate.delta is None:
        kind, reason = CandidateVerdict.INSUFFICIENT, "nothing could be measured"
    elif candidate.insufficient:
        kind = CandidateVerdict.INSUFFICIENT
        share = percent_share(candidate.pairs.missing_share, 1)
        what = "draws" if candidate.pairs.spread is None else "answers"
        orders = ", or could not have been had judges been asked in both orders" if candidate.pairs.unheard else ""
        reason = f"{share} of its {what} could not be measured{orders}, more than {percent(MAX_MISSING)}"
    elif candidate.below(terms.margin):
        kind = CandidateVerdict.INFERIOR
        reason = f"{points_interval(candidate.delta)} points, all below {points(-terms.margin)}"
    elif worthless:
        reason = WORTHLESS
    elif candidate.pairs.n < (least := terms.least_of(candidate.pairs)):
        reason = f"{plural(candidate.pairs.n, 'pair')}; a Switch needs {least}"
    elif terms.noisy:
        reason = NOISY
    elif tested is None:
        reason = untested
    else:
        held = candidate.delta.lo is not None and candidate.delta.lo > -terms.margin
        where = "with too few pairs to show it above" if held else "across"
        reason = f"{points_interval(candidate.delta)} points, {where} {points(-terms.margin)}"
    return CandidateDecision(verdict=kind, reason=reason, tested=tested)
