"""How many more labels would about settle a route: its pairs as they are, its labels scaled up as they come."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum

from audit.core.criteria import LEAST_LABELS, CriteriaCheck, Grade, Labelled
from audit.core.display import plural
from audit.core.finding import RouteFinding
from audit.core.recommendation import PairTable
from audit.stats.discrimination import discrimination_of, p_inferior, p_noninferior
from audit.stats.tango import PairCounts

FIRST = 20
"""Labels before which nothing can be said of how many are needed."""

MOST = 200.0
"""Times as many labels as there are: beyond, more of them are no way to settle a route."""

STEPS = 12
"""Halvings of the search, on a logarithmic scale: within 0.2 % of the number."""


class Standing(Enum):
    """What more labels can do for a route."""

    UNTESTED = "its criteria were not tested, so labels cannot correct them"
    FIRST = "the first labels tell how many it takes"
    SETTLED = "the labels so far are enough to settle the route"
    MORE = "more labels would about settle the route"
    NEVER = "no number of labels settles the route with the replays so far; it needs more of these"
    REPEATED = "requests of this route were asked several times, and how many labels it takes is not worked out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """How a route stands, and the pairs that are about to be judged before it is settled; None where nobody can say."""

    standing: Standing
    pairs: int | None = None

    def words(self, left: int) -> str:
        """For people, as a clause.

        Args:
            left: Pairs of the route that nobody asked has judged yet: no more can be.
        """
        if self.pairs is None:
            return self.standing.value
        first = self.standing is Standing.FIRST
        if self.pairs > left:
            done = f"the {plural(left, 'pair')} left judged too" if left else "every pair judged"
            what = "say how many it takes" if first else "settle the route"
            return f"with {done} it would not be enough to {what}: more replays of the route add pairs"
        if first:
            return f"{plural(self.pairs, 'more pair')} before anything can be said of how many it takes"
        return f"about {plural(self.pairs, 'more pair')} would settle the route"


def needed(route: RouteFinding, labelled: Labelled, *, confidence: float) -> Needed:
    """What more labels can do for a route.

    The pairs of what is recommended, or of the candidate that came closest, are held against the margin with the bounds
    that so many labels would give, if those to come are as those that are there. It is about: looks spread the error
    rate, and criteria that see content alone have a test of their own.

    Args:
        route: As concluded.
        labelled: What the criteria make of the answers that were judged so far.
        confidence: 1 less the error rate of the verdict.
    """
    check, table = route.criteria, route.recommendation.pairs
    if check is None:
        return Needed(standing=Standing.UNTESTED)
    if route.recommendation.repeats is not None or not _whole(table):
        return Needed(standing=Standing.REPEATED)
    per_pair = 1 if check.grade is Grade.AGREEMENT else 2
    total = labelled.right + labelled.wrong + labelled.disputed
    # A judge decides nothing before it has so many labels.
    first = LEAST_LABELS if check.judges else FIRST
    if total < first or not labelled.wrong:
        return Needed(standing=Standing.FIRST, pairs=max(math.ceil((first - total) / per_pair), 1))

    def settles(times: float) -> bool:
        return _settles(route, replace(check, labelled=_scaled(labelled, times)), error=1 - confidence)

    if settles(1.0):
        return Needed(standing=Standing.SETTLED)
    if not settles(MOST):
        return Needed(standing=Standing.NEVER)
    low, high = 0.0, math.log(MOST)
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if settles(math.exp(middle)) else (middle, high)
    return Needed(standing=Standing.MORE, pairs=math.ceil(total * (math.exp(high) - 1) / per_pair))


def _whole(table: PairTable) -> bool:
    return all(float(one).is_integer() for one in (table.only_today, table.only_after))


def _settles(route: RouteFinding, check: CriteriaCheck, *, error: float) -> bool:
    """Whether the pairs are a verdict, one way or the other, with these labels."""
    table = route.recommendation.pairs
    counts = PairCounts(b=table.only_today, c=table.only_after, n=table.n)
    shown = discrimination_of(check, error=error)
    limit = error * shown.kept
    within = p_noninferior(counts, margin=route.margin, shown=shown) <= limit
    return within or p_inferior(counts, margin=route.margin, shown=shown) <= limit


def _scaled(labelled: Labelled, times: float) -> Labelled:
    """So many times the labels, in the same proportions."""
    names = ("right", "right_accepted", "wrong", "wrong_accepted", "disputed", "disputed_accepted")
    return replace(labelled, **{name: round(getattr(labelled, name) * times) for name in names})
