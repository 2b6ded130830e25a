"""What a certificate promises, fixed before the replay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from audit.certificate.claims import p_noninferior, tells
from audit.certificate.looks import Schedule
from audit.certificate.noise import Floor, noise_floor
from audit.core.discrimination import PERFECT, Discrimination
from audit.core.plan import RouteDesign
from audit.pairing.evidence import Pairs, Tables
from audit.stats import random_labels
from audit.stats.discrimination import discrimination_of, least_certifying
from audit.stats.group_sequential import Look, Prospects
from audit.stats.tango import PairCounts

MOVED_ALPHA = 0.2
"""Chance of recommending any Split whose moved part loses the margin, however many are tested. The promise about the
whole route has its own level; at that one, no part of a route would ever have pairs enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestParameters:
    """What a certificate promises, fixed before the replay.

    Attributes:
        margin: Accepted loss over the route's traffic.
        alpha: One-sided error rate of the whole sequence over all looks; what the bounds of the criteria's own error
            may be wrong with is not part of it.
        level: Of the intervals of all looks together.
        noisy: The incumbent does not reproduce its own answers within the margin; nothing is tested.
        schedule: The declared looks, and how far the replay has got.
        moved_alpha: Of the order of Splits: what they move.
        shown: How much of a true difference the route's criteria show.
        shown_content: The same of those alone that see what an answer says.
    """

    margin: float
    alpha: float
    level: float
    noisy: bool
    schedule: Schedule
    moved_alpha: float = MOVED_ALPHA
    shown: Discrimination = PERFECT
    shown_content: Discrimination = PERFECT

    @property
    def by_content(self) -> TestParameters:
        """The same for verdicts by the criteria alone that see what an answer says."""
        return replace(self, shown=self.shown_content)

    def part_alpha(self, look: Look | None) -> float:
        """Level at which a look reads the test of what a Split moves."""
        return self.moved_alpha if look is None else look.alpha * self.moved_alpha / self.alpha

    def at(self, margin: float, noise: Floor) -> TestParameters:
        """The same test at another margin."""
        return replace(self, margin=margin, noisy=noise.beyond(margin, self.alpha))

    @property
    def least_counted(self) -> int:
        """Pairs below which a claim that is read from the criteria's verdicts certifies nothing."""
        return least_certifying(self.shown, margin=self.margin, alpha=self.alpha, people=False)

    def least_of(self, pairs: Pairs) -> int:
        """Pairs below which a claim about these certifies nothing: fewer do where people's words are tested, because no
        error of the criteria is taken off them."""
        people = tells(pairs.labelled)
        return least_certifying(self.shown, margin=self.margin, alpha=self.alpha, people=people)

    def testable(self, pairs: Pairs) -> bool:
        """Whether pairs are enough to be tested, and measured well enough."""
        return not (self.noisy or pairs.n < self.least_of(pairs) or pairs.unmeasurable(self.margin))

    @property
    def tested_margin(self) -> float:
        """What a true loss of the margin shows at least, as measured."""
        return self.shown.shown(self.margin)

    def prospects(self, pairs: Pairs, counts: PairCounts, look: Look) -> Prospects:
        """Chances of a decision by the last look, going by what a look has seen, in the words that the verdict will be
        read from.

        Args:
            pairs: Of the claim, at the look.
            counts: These pairs, as the claim counts them.
            look: The look.
        """
        if not tells(pairs.labelled):
            return self.schedule.prospects(counts, look, self.tested_margin)
        error = self.schedule.looks[-1].deciding_error
        return random_labels.prospects(
            pairs.labelled, margin=self.margin, times=self.schedule.times_left(look), error=error
        )

    def p_noninferior(self, pairs: Pairs, alpha: float) -> float:
        """p-value of "the true loss is the margin or more", to be read at a level."""
        return p_noninferior(pairs, margin=self.margin, shown=self.shown, alpha=alpha)


def parameters_of(
    tables: Tables, design: RouteDesign, *, confidence: float, alpha: float, looks: Mapping[str, int] | None
) -> tuple[TestParameters, Floor]:
    """What the certificate of a route promises, with the noise of its incumbent, which can forbid one.

    Args:
        tables: Of the route, whole.
        design: Of the route; it may have an error rate of its own.
        confidence: Of the settings.
        alpha: Of the settings.
        looks: How far each candidate was replayed; None for all of the plan.
    """
    own = alpha if design.alpha is None else design.alpha
    error = min(own, 1 - confidence)
    shown = discrimination_of(design.criteria, error=error)
    # The bounds of the criteria's own error take their part of the error rate; the looks share the rest.
    kept = own * shown.kept
    noise = noise_floor(tables, design, level=confidence, alpha=own, shown=shown)
    parameters = TestParameters(
        margin=design.margin,
        alpha=kept,
        level=confidence,
        noisy=noise.noisy,
        schedule=Schedule.of(design, alpha=kept, confidence=1 - (1 - confidence) * shown.kept, reach=looks),
        moved_alpha=MOVED_ALPHA * kept / alpha,
        shown=shown,
        shown_content=discrimination_of(design.criteria, error=error, content=True),
    )
    return parameters, noise
