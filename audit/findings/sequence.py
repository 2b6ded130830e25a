"""The fixed sequence over a route's candidates: choose on one split, test on the other.

The tuning split orders the candidates by estimated loss; the certification split tests them in this order, each with
an exact p-value at the full level, and stops at the first that fails. The chance that any certified candidate truly
loses more than the margin is at most alpha, per route (`statistics.md` section 5).
"""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.display import percent, plural, points, points_interval
from audit.core.finding import CandidateVerdict
from audit.findings.candidates import MAX_MISSING, Decision, Evidence

WORTHLESS = "it would not cost less"


def in_order(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Candidates that save something, by tuning loss ascending; ties: smaller savings first, then the name."""
    saving = [e for e in evidence if e.saving_usd is not None and e.saving_usd.est > 0]

    def key(e: Evidence) -> tuple[float, float, str]:
        assert e.saving_usd is not None
        return (e.tuning_loss, e.saving_usd.est, e.tier.name)

    return sorted(saving, key=key)


def decide(
    evidence: Sequence[Evidence], *, margin: float, alpha: float, least_pairs: int, noisy: bool
) -> dict[str, Decision]:
    """The verdict of every candidate of a route.

    A candidate is non-inferior when the sequence reaches it, its exact p-value is at most alpha, and the interval that
    people are shown lies above the margin as a whole, so that no report shows a Switch with a bar across the line.

    Args:
        evidence: One per candidate.
        margin: Accepted loss, positive.
        alpha: One-sided error rate.
        least_pairs: Fewer pairs decide nothing.
        noisy: The incumbent does not reproduce its own answers within the margin; nothing can be certified.
    """
    decisions: dict[str, Decision] = {}
    going = not noisy
    for position, candidate in enumerate(in_order(evidence), start=1):
        enough = candidate.pairs.n >= least_pairs and not candidate.insufficient
        certified = going and enough and candidate.p_pass <= alpha
        if certified and _above(candidate, margin):
            assert candidate.delta is not None
            reason = f"{points_interval(candidate.delta)} points, all above {points(-margin)}"
            decisions[candidate.tier.name] = Decision(
                verdict=CandidateVerdict.NON_INFERIOR, reason=reason, tested=position
            )
        else:
            decisions[candidate.tier.name] = _undecided(
                candidate, margin, least_pairs, position if going else None, noisy
            )
        going = going and certified
    for candidate in evidence:
        decisions.setdefault(candidate.tier.name, _undecided(candidate, margin, least_pairs, None, noisy))
    return decisions


def _above(candidate: Evidence, margin: float) -> bool:
    delta = candidate.delta
    return delta is not None and delta.lo is not None and delta.lo > -margin


def _below(candidate: Evidence, margin: float) -> bool:
    delta = candidate.delta
    return delta is not None and delta.hi is not None and delta.hi < -margin


def _undecided(candidate: Evidence, margin: float, least_pairs: int, tested: int | None, noisy: bool) -> Decision:
    """Why a candidate is not recommended."""
    kind = CandidateVerdict.NOT_PROVEN
    if candidate.pairs.n == 0 or candidate.delta is None:
        kind, reason = CandidateVerdict.INSUFFICIENT, "nothing could be measured"
    elif candidate.insufficient:
        kind = CandidateVerdict.INSUFFICIENT
        share = percent(candidate.pairs.missing_share, 1)
        reason = f"{share} of its draws could not be measured, more than {percent(MAX_MISSING)}"
    elif _below(candidate, margin):
        kind = CandidateVerdict.INFERIOR
        reason = f"{points_interval(candidate.delta)} points, all below {points(-margin)}"
    elif candidate.saving_usd is None or candidate.saving_usd.est <= 0:
        reason = WORTHLESS
    elif candidate.pairs.n < least_pairs:
        reason = f"{plural(candidate.pairs.n, 'pair')}; a Switch needs {least_pairs}"
    elif noisy:
        reason = "the incumbent does not reproduce its own answers within the margin"
    elif tested is None:
        reason = "a candidate tested before it was not certified"
    else:
        reason = f"{points_interval(candidate.delta)} points, across {points(-margin)}"
    return Decision(verdict=kind, reason=reason, tested=tested)
