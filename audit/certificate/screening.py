"""Which candidates of a route are dropped on the tuning split, before any other draw is replayed.

Dropping costs no guarantee, because a dropped candidate is not recommended. It is for money: a candidate that has no
prospect of being certified, and than which another is better and saves as much, could only make the others wait.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from audit.certificate.frozen import Proposal
from audit.certificate.looks import NO_PROSPECT, WORTH, Schedule, is_screened
from audit.core.display import percent, points
from audit.core.plan import RouteDesign
from audit.pairing.replayed import Replayed
from audit.signals.signal import FloatArray
from audit.stats.group_sequential import Look, chance_after_pilot
from audit.stats.pairs_test import PairsTest
from audit.stats.quantiles import upper_normal
from audit.stats.tango import PairCounts, tango_z

LEAST_PAIRS = 50
"""Fewer tuning pairs drop nobody."""

SURELY = 0.9
"""How sure it must be, one-sided, that another candidate is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """What a candidate would go on to.

    Attributes:
        margin: What the accepted loss shows at least, as measured.
        certifying: Certification draws that are planned.
        last: The last declared look at these.
    """

    margin: float
    certifying: int
    last: Look

    @classmethod
    def of(cls, design: RouteDesign, certifying: int, test: PairsTest) -> Screening | None:
        """Of a route; None where nobody is dropped."""
        if not is_screened(design):
            return None
        looks = Schedule.of(design, alpha=test.alpha, confidence=test.confidence, reach=None).looks
        return cls(margin=test.margin, certifying=certifying, last=looks[-1])

    def hopeless(self, pilot: PairCounts) -> bool:
        """Whether tuning pairs leave no prospect of a certificate."""
        if pilot.n < LEAST_PAIRS:
            return False
        times = self.certifying / pilot.n
        return chance_after_pilot(pilot, margin=self.margin, times=times, last=self.last) < NO_PROSPECT


def dropped(
    tuning: Replayed, whole: Mapping[str, Proposal], screening: Screening | None, kept: Collection[str] = ()
) -> dict[str, str]:
    """The candidates that are not replayed any further, each with the reason.

    Args:
        tuning: The tuning draws with every candidate's answers.
        whole: By candidate, what moving the whole route to it loses and saves on them.
        screening: What they would go on to; None drops nobody.
        kept: Candidates that stay whatever happens, because somebody asked for them.
    """
    standing: list[str] = []
    found: dict[str, str] = {}
    # Who is better has been looked at before who is worse; of two alike, who costs less.
    for tier, mine in sorted(whole.items(), key=lambda pair: (pair[1].loss, -pair[1].saving_share, pair[0])):
        affordable = (other for other in standing if whole[other].saving_share >= mine.saving_share - WORTH)
        better = next((other for other in affordable if _surely_better(tuning, other, tier)), None)
        counts = _counts(tuning.passed, tuning.arms[tier].passed)
        if better is None or tier in kept or screening is None or not screening.hopeless(counts):
            standing.append(tier)
            continue
        found[tier] = (
            f"dropped after {counts.n:.0f} tuning pairs at {points(-mine.loss)} points: {better} is better on them and "
            f"saves {percent(whole[better].saving_share)} of the cost where it saves {percent(mine.saving_share)}"
        )
    return found


def _surely_better(tuning: Replayed, other: str, tier: str) -> bool:
    counts = _counts(tuning.arms[tier].passed, tuning.arms[other].passed)
    return counts.b + counts.c > 0 and tango_z(counts, 0.0) >= upper_normal(1.0 - SURELY)


def _counts(before: FloatArray, after: FloatArray) -> PairCounts:
    known = ~np.isnan(before) & ~np.isnan(after)
    return PairCounts.of(before[known] > 0.5, after[known] > 0.5)
