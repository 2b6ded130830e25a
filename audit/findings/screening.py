"""Which candidates of a route are dropped on the tuning split, before any other draw is replayed.

Dropping costs no guarantee, because a dropped candidate is not recommended. It is for money: a candidate that has no
prospect of being certified, and than which another is better and saves as much, could only make the others wait.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from audit.core.display import percent, points
from audit.core.plan import RouteDesign
from audit.findings.looks import NO_PROSPECT, WORTH, is_screened
from audit.findings.replayed import Replayed
from audit.signals.signal import FloatArray
from audit.stats.group_sequential import Look, chance_after_pilot
from audit.stats.tango import PairCounts, tango_z

LEAST_PAIRS = 50
"""Fewer tuning pairs drop nobody."""

SURELY_BETTER = 1.2815515655446004
"""Standard normal quantile of 90 %: another candidate must be better than by luck, one-sided."""


def dropped(
    tuning: Replayed, design: RouteDesign, certifying: int, last: Look, kept: Collection[str] = ()
) -> dict[str, str]:
    """The candidates that are not replayed any further, each with the reason.

    Args:
        tuning: The tuning draws with every candidate's answers.
        design: Of the route.
        certifying: Certification draws that are planned.
        last: The last declared look at these.
        kept: Candidates that stay whatever happens, because somebody asked for them.
    """
    if not is_screened(design):
        return {}
    standing: list[str] = []
    found: dict[str, str] = {}
    # Who is better has been looked at before who is worse; of two alike, who costs less.
    for tier in sorted(tuning.arms, key=lambda t: (_loss(tuning, t), -_saved(tuning, t), t)):
        better = next((other for other in standing if _beats(tuning, other, tier)), None)
        if better is None or tier in kept or not _hopeless(tuning, tier, design.margin, certifying, last):
            standing.append(tier)
            continue
        counts = _against_incumbent(tuning, tier)
        lost = points((counts.c - counts.b) / counts.n)
        found[tier] = (
            f"dropped after {counts.n:.0f} tuning pairs at {lost} points: {better} is better on them and saves "
            f"{percent(_saved(tuning, better))} of the cost where it saves {percent(_saved(tuning, tier))}"
        )
    return found


def _hopeless(tuning: Replayed, tier: str, margin: float, certifying: int, last: Look) -> bool:
    counts = _against_incumbent(tuning, tier)
    if counts.n < LEAST_PAIRS:
        return False
    return chance_after_pilot(counts, margin=margin, times=certifying / counts.n, last=last) < NO_PROSPECT


def _beats(tuning: Replayed, other: str, tier: str) -> bool:
    """Whether another candidate is better on the same draws, and costs about as little or less."""
    if _saved(tuning, other) < _saved(tuning, tier) - WORTH:
        return False
    counts = _counts(tuning.arms[tier].passed, tuning.arms[other].passed)
    return counts.b + counts.c > 0 and tango_z(counts, 0.0) >= SURELY_BETTER


def _against_incumbent(tuning: Replayed, tier: str) -> PairCounts:
    return _counts(tuning.passed, tuning.arms[tier].passed)


def _counts(before: FloatArray, after: FloatArray) -> PairCounts:
    known = ~np.isnan(before) & ~np.isnan(after)
    return PairCounts.of(before[known] > 0.5, after[known] > 0.5)


def _loss(tuning: Replayed, tier: str) -> float:
    counts = _against_incumbent(tuning, tier)
    return (counts.b - counts.c) / counts.n if counts.n else 1.0


def _saved(tuning: Replayed, tier: str) -> float:
    """Share of the incumbent's cost on the tuning draws; what has no known cost saves nothing."""
    paid = float(tuning.cost_usd.sum())
    saved = np.nan_to_num(tuning.cost_usd - tuning.arms[tier].cost_usd)
    return float(saved.sum()) / paid if paid else 0.0
