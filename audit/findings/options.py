"""What could be handed over instead: the policies that passed of a route, with their counts by tenant and the like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from audit.certificate.claims import observed
from audit.certificate.parameters import TestParameters
from audit.certificate.verdicts import PolicyTest, Verdicts, is_deployable
from audit.core.interval import Estimate
from audit.core.options import DIMENSIONS, MOST_SEGMENTS, Option, RouteOptions, Segment
from audit.core.plan import RouteDesign
from audit.core.recommendation import Recommendation
from audit.findings.handover import RouteEvidence, route_policy
from audit.pairing.money import LEAST_DRAWS, dollars_of
from audit.pairing.replayed import Replayed, Simulation, latency_of, pairs_of, part_of, saved_of
from audit.signals.signal import BoolArray
from audit.stats.percentiles import percentile

SegmentTraffic = Mapping[str, Mapping[str, tuple[int, float]]]
"""Auditable requests and their spend, by dimension and name."""


def options_of(
    verdicts: Verdicts,
    recommendations: Sequence[Recommendation],
    design: RouteDesign,
    terms: TestParameters,
    segments: SegmentTraffic,
    evidence: RouteEvidence,
) -> RouteOptions:
    """The policies of a route that the sequence certified: the beginning of the sealed list, without a gap.

    Args:
        verdicts: Of the certification.
        recommendations: Of each of these policies, as if it were the one that the route is given; in their order.
        design: Of the route.
        terms: Of their certificates.
        segments: What the whole log says of each tenant, region and environment on this route.
        evidence: Of the route, for what each policy carries with it.
    """
    options = []
    for tested, made in zip(verdicts.certified, recommendations, strict=True):
        policy, trial = tested.tuned.policy, verdicts.trial(tested)
        draws, walked, spend = trial.draws, trial.walked, verdicts.spend[policy.tier]
        by_dimension = {
            name: tuple(_segments(tested, name, (draws, walked), (spend, trial.paid), segments.get(name, {}), terms))
            for name in DIMENSIONS
            if name in draws.segments
        }
        delta = made.deciding_delta
        options.append(
            Option(
                policy=route_policy(policy, made, evidence),
                recommended=tested is verdicts.best,
                deployable=is_deployable(tested),
                loss=-delta.est if delta else 1.0,
                saving_usd=made.saving_usd if tested.saving_usd else None,
                latency_p95_ms=_latency(tested, draws, walked, terms.level),
                segments=by_dimension,
                alpha=tested.look.alpha if tested.look else 0.0,
                level=tested.look.level if tested.look else terms.level,
            )
        )
    return RouteOptions(
        route=design.route,
        requests=design.requests,
        spend_usd=design.spend_usd,
        margin=design.margin,
        # A part of the traffic is tested on its counts, whatever the route's own claim is read from.
        least_pairs=terms.least_counted,
        shown=terms.shown,
        options=tuple(options),
    )


def _segments(
    tested: PolicyTest,
    dimension: str,
    quality: tuple[Replayed, Simulation],
    dollars: tuple[Replayed, Simulation],
    traffic: Mapping[str, tuple[int, float]],
    terms: TestParameters,
) -> Iterator[Segment]:
    """The policy on each segment of a dimension, most draws first."""
    (draws, walked), (spend, paid), policy = quality, dollars, tested.tuned.policy
    names = draws.segments[dimension]
    seen = _seen(tested, draws)
    drawn = sorted(Counter(np.asarray(names)[seen].tolist()).items(), key=lambda item: (-item[1], item[0]))
    for name, _ in drawn[:MOST_SEGMENTS]:
        mine, theirs = seen & _rows(names, name), _rows(spend.segments[dimension], name)
        # Whoever carves tests a segment's counts exactly, which takes whole pairs.
        pairs = pairs_of(policy, *part_of(draws.first_answers(), walked, mine))
        counts = observed(pairs)
        requests, billed = traffic.get(name, (0, 0.0))
        yield Segment(
            name=name,
            requests=requests,
            spend_usd=billed,
            n=pairs.n,
            b=int(counts.b),
            c=int(counts.c),
            missing_passed=pairs.missing.passed,
            missing_failed=pairs.missing.failed,
            missing_unknown=pairs.missing.unknown,
            moved=int(walked.kept[mine].sum()),
            saving_usd=_saving(tested, *part_of(spend, paid, theirs), billed, terms.level),
        )


def _rows(names: Sequence[str], name: str) -> BoolArray:
    return np.array([one == name for one in names], dtype=bool)


def _saving(tested: PolicyTest, spend: Replayed, paid: Simulation, billed: float, level: float) -> Estimate | None:
    """On a segment's own spend, from its own dollar draws: within the segment they are dollar-weighted too."""
    saved = saved_of(tested.tuned.policy, spend, paid)
    return dollars_of(saved, billed, level) if len(saved.z) >= LEAST_DRAWS else None


def _latency(tested: PolicyTest, draws: Replayed, walked: Simulation, level: float) -> Estimate | None:
    """The 95th percentile over the draws of its look: the cheap call where there is one, the incumbent's where used."""
    took = latency_of(tested.tuned.policy, *part_of(draws, walked, _seen(tested, draws)))
    return percentile(took[np.isfinite(took)], 0.95, level=level)


def _seen(tested: PolicyTest, draws: Replayed) -> BoolArray:
    """The draws that the look of a policy takes in, shape (n,)."""
    return draws.draw_order < (tested.taken_in or 0)
