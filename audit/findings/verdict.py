"""The verdict of a route: Switch, Split, Keep or Not proven, and on what ground."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from audit.certificate.bakeoff import reason_of
from audit.certificate.verdicts import PolicyTest, Verdicts
from audit.core.display import percent
from audit.core.finding import CandidateFinding, CandidateVerdict, Verdict
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.core.recommendation import GROUNDS, Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A verdict before its numbers are written down.

    Attributes:
        candidate: That it is about: to move to, or the closest; None when none was tested.
        policy: That it recommends; None where the route stays.
    """

    verdict: Verdict
    ground: Ground
    reason: str
    candidate: CandidateFinding | None
    policy: PolicyTest | None = None


def verdict_of(
    design: RouteDesign, candidates: Sequence[CandidateFinding], policies: Verdicts, below: Estimate | None
) -> Decided:
    """What to do with the route."""
    if not candidates:
        # Nothing to compare is not the same as nothing cheaper: only the latter is a decision.
        if design.why is not None and design.why.reason is Reason.NO_CHEAPER_TIER:
            return Decided(verdict=Verdict.KEEP, ground=Ground.NOTHING_CHEAPER, reason=design.reason, candidate=None)
        return Decided(verdict=Verdict.NOT_PROVEN, ground=Ground.NOT_TESTED, reason=design.reason, candidate=None)
    closest = max(candidates, key=_closeness)
    if below is not None:
        reason = f"accepts {percent(below.est, 1)} today: {GROUNDS[Ground.BELOW_FLOOR]}"
        return Decided(verdict=Verdict.KEEP, ground=Ground.BELOW_FLOOR, reason=reason, candidate=closest)
    if (best := policies.best) is not None:
        return moving(best, design, candidates)
    open_ones = [c for c in candidates if c.still_open and (_may_save(c) or not _measured(c))]
    if not open_ones:
        ground = _why_kept(candidates)
        return Decided(verdict=Verdict.KEEP, ground=ground, reason=GROUNDS[ground], candidate=closest)
    closest = max(open_ones, key=_closeness)
    return Decided(
        verdict=Verdict.NOT_PROVEN,
        ground=Ground.UNDECIDED,
        reason=f"{closest.tier}: {closest.reason}",
        candidate=closest,
    )


def moving(tested: PolicyTest, design: RouteDesign, candidates: Sequence[CandidateFinding]) -> Decided:
    """The verdict that gives the route a certified policy."""
    cheap = next(c for c in candidates if c.tier == tested.tuned.policy.tier)
    static = tested.tuned.policy.kind == "static"
    return Decided(
        verdict=Verdict.SWITCH if static else Verdict.SPLIT,
        ground=Ground.WHOLE_CERTIFIED if static else Ground.PART_CERTIFIED,
        reason=f"{cheap.tier}: {cheap.reason}" if static else reason_of(tested, design),
        candidate=cheap,
        policy=tested,
    )


def below_floor(share: Estimate | None, floor: float | None) -> Estimate | None:
    """The incumbent's accepted share if its whole interval is below the floor that the user demands."""
    if floor is None or share is None or share.hi is None or share.hi >= floor:
        return None
    return share


def _why_kept(candidates: Sequence[CandidateFinding]) -> Ground:
    """Why no candidate is left that could still be moved to."""
    losing = [c for c in candidates if c.verdict is CandidateVerdict.INFERIOR]
    if len(losing) == len(candidates):
        return Ground.ALL_LOSE
    return Ground.TESTED_LOSE if all(c in losing or c.dropped for c in candidates) else Ground.SAVES_NOTHING


def _closeness(candidate: CandidateFinding) -> tuple[float, float, str]:
    delta = candidate.quality_delta
    return (-2.0 if delta is None else delta.est, _low(candidate.saving_usd), candidate.tier)


def _low(estimate: Estimate | None) -> float:
    return -math.inf if estimate is None or estimate.lo is None else estimate.lo


def _may_save(candidate: CandidateFinding) -> bool:
    """The saving could be above $0."""
    saving = candidate.saving_usd
    return saving is not None and (saving.hi is None or saving.hi > 0)


def _measured(candidate: CandidateFinding) -> bool:
    """Enough of it was measured to say anything; what was not cannot be ruled out."""
    return candidate.verdict is not CandidateVerdict.INSUFFICIENT
