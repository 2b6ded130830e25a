"""How many certification pairs a route needs, and what so many can decide: candidate by candidate, because people's
words of random pairs decide on the one whose answers they read, and the criteria on the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from audit.core.plan import RouteDesign
from audit.core.reason import Because, Reason, because
from audit.core.settings import Settings
from audit.stats.pairs_test import Expects, PairsTest

NO_LOSS = 0.0005
"""Losses below it are said to be none."""

_BEST_FIRST: tuple[str, ...] = ("yes", "maybe", "no")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteTests:
    """What the pairs of a route have to show of each candidate.

    Attributes:
        tests: One per candidate.
        expects: Of the pairs, as the settings say.
    """

    tests: tuple[PairsTest, ...]
    expects: Expects

    @classmethod
    def of(cls, design: RouteDesign, settings: Settings) -> RouteTests:
        """Of a route with candidates."""
        rates = {"margin": design.margin, "alpha": settings.alpha, "confidence": settings.confidence}
        return cls(
            tests=tuple(PairsTest.of(design.criteria, tier=tier, **rates) for tier in design.candidates),
            expects=Expects(discordance=settings.slice.discordance, power=settings.slice.power),
        )

    @property
    def least(self) -> int:
        """Pairs below which no candidate is certified."""
        return min(test.least for test in self.tests)

    @property
    def pairs(self) -> int:
        """Pairs that decide on every candidate on which pairs can."""
        # Where no number of pairs decides, more than the least would not help.
        return max(test.pairs_wanted(self.expects) or test.least for test in self.tests)

    def prospect(self, pairs: int, asked: Sequence[float] | None = None) -> tuple[str, Because]:
        """Whether so many pairs can decide, in a word and with the reason: of the candidate with the best prospects.

        Args:
            pairs: Of the sample.
            asked: Share of them of which each candidate is asked at all; None for all of them.
        """
        shares = asked or [1.0] * len(self.tests)
        found = [self._prospect(test, math.floor(pairs * one)) for test, one in zip(self.tests, shares, strict=True)]
        return min(found, key=lambda one: _BEST_FIRST.index(one[0]))

    def _prospect(self, test: PairsTest, pairs: int) -> tuple[str, Because]:
        if pairs < test.least:
            return "no", because(Reason.FEW_PAIRS, pairs=pairs, least=test.least)
        loss = test.loss_shown(pairs, self.expects)
        if loss is None and test.drawn is not None:
            return "maybe", because(Reason.FEW_RANDOM_LABELS, judged=f"{test.drawn.labels.first:,}")
        if loss is None:
            return "maybe", because(Reason.ONLY_IF_BETTER, usual=f"{self.expects.discordance:.0%}")
        if loss < NO_LOSS:
            return "yes", because(Reason.IF_NO_LOSS)
        return "yes", because(Reason.IF_LOSS_BELOW, points=f"{loss * 100:.1f}")


def told_as_asked(design: RouteDesign, asked: Mapping[str, float], settings: Settings) -> RouteDesign:
    """The design with what it can decide where candidates are not asked all of its requests.

    Args:
        design: With candidates, and what its sample could decide if every request of it were asked.
        asked: By candidate, the share of the sample that it is asked.
    """
    shares = [asked.get(name, 1.0) for name in design.candidates]
    if not shares or min(shares) >= 1:
        return design
    certifying = math.floor(design.quality_n * (1 - settings.slice.tuning_share))
    word, why = RouteTests.of(design, settings).prospect(certifying, shares)
    # A route that waits for money has its reason already, unless even that would not help.
    if design.can_decide != "yes" and _BEST_FIRST.index(word) <= _BEST_FIRST.index(design.can_decide):
        return design
    return replace(design, can_decide=word, why=why)
