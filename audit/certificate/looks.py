"""The looks of a route: which are declared, which are reached, and which candidates go on to the next one.

A look takes in a longer beginning of the certification draws. What is decided stops; what cannot be decided any more
stops as well, the hopeless before the first look (`screening.py`); the money that this leaves goes to other routes
(`audit/flow/rounds.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from audit.core.plan import RouteDesign
from audit.stats.group_sequential import Look, Prospects, declare_looks, prospects
from audit.stats.pairs_test import PairsTest
from audit.stats.tango import PairCounts

NO_PROSPECT = 0.1
"""A comparison whose chance of being decided by the last look is below this is not worth its replays."""

WORTH = 0.01
"""Part of a route's spend that a policy must save beyond another to be worth further replays."""

SCREENING_SHARE = 0.1
"""Part of the intervals' error that is kept for candidates which are dropped before the first look."""


def is_screened(design: RouteDesign) -> bool:
    """Whether candidates may be dropped on the tuning split: in a replay in looks, where there is another."""
    return len(design.stages) > 1 and len(design.candidates) > 1


def test_of(design: RouteDesign, confidence: float) -> PairsTest:
    """What the pairs of a route have to show by its criteria, at its own error rate, their error taken off."""
    alpha = 1 - confidence if design.alpha is None else design.alpha
    return PairsTest.of(design.criteria, margin=design.margin, alpha=alpha, confidence=confidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The declared looks of a route and how far each candidate has got.

    Attributes:
        looks: Declared, in order.
        stages: Quality draws that each takes in, in draw order.
        reach: By candidate, the number of the last look whose draws are replayed; 0 before the first.
        screening: Level of the interval of a candidate that is dropped on the tuning split. With those of the looks it
            holds the declared level; None where none is dropped there.
    """

    looks: tuple[Look, ...]
    stages: tuple[int, ...]
    reach: Mapping[str, int]
    screening: float | None = None

    @classmethod
    def of(cls, design: RouteDesign, *, alpha: float, confidence: float, reach: Mapping[str, int] | None) -> Schedule:
        """The schedule of a design; everything is replayed where `reach` is None."""
        kept = SCREENING_SHARE * (1 - confidence) if is_screened(design) else 0.0
        looks = declare_looks(len(design.stages), alpha=alpha, confidence=confidence + kept)
        return cls(
            looks=looks,
            stages=design.stages,
            reach=design.whole if reach is None else reach,
            screening=1 - kept if kept else None,
        )

    @property
    def taken(self) -> int:
        """The last look that any candidate has got to."""
        return max(self.reach.values(), default=0)

    def reached(self, tiers: Collection[str]) -> Look | None:
        """The last look that all these tiers have got to; None before the first."""
        number = min((self.reach.get(tier, 0) for tier in tiers), default=0)
        return self.looks[number - 1] if number else None

    def replayed(self, tiers: Collection[str]) -> int:
        """Quality draws that all these tiers have answered; 0 before the first look."""
        return self.draws_at(self.reached(tiers))

    def draws_at(self, look: Look | None) -> int:
        """Quality draws that a look takes in; none before the first."""
        return self.stages[look.number - 1] if look else 0

    def times_left(self, look: Look) -> float:
        """How many times the draws of a look the last one takes in."""
        return self.stages[-1] / self.draws_at(look)

    def prospects(self, counts: PairCounts, look: Look, margin: float) -> Prospects:
        """Chances of a decision by the last look, going by what a look has seen."""
        return prospects(counts, margin=margin, fraction=1 / self.times_left(look), last=self.looks[-1])
