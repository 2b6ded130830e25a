"""What the pairs of a claim have to show, by the correction that its verdict will use: how many do, and what they show.

There are two. Criteria err, and their verdicts on all pairs are then held against the least that a loss of the margin
shows. Or people have judged pairs that were drawn at random: the verdict is read from their words, and the pairs only
make it narrower. Whoever sizes a sample, orders policies or says what is left to do asks here, so that a plan promises
what the verdict will deliver.

Source:
    docs/method/criteria-error.md, docs/method/random-labels.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.core.criteria import LEAST_LABELS, CriteriaCheck, Labelled
from audit.core.labels import DrawnLabels
from audit.stats.discrimination import (
    USUAL_AGREEMENT,
    acceptance_of,
    deciding,
    discrimination_of,
    expected,
    least_certifying,
)
from audit.stats.label_sizes import POWER, LabelSizing
from audit.stats.least import least_enough
from audit.stats.planning import DEFAULT_DISCORDANCE, pairs_needed

MOST_LABELS = 20_000
"""More labels than anybody makes for a route."""

_STEPS = 12
"""Halvings of the search for a loss: within a four-thousandth of the margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expects:
    """What a plan expects of pairs, and asks for.

    Attributes:
        discordance: Share of pairs of which only one answer is right, where nothing has shown it.
        power: Wanted chance of a verdict.
    """

    discordance: float = DEFAULT_DISCORDANCE
    power: float = POWER


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTest:
    """The part of a test that is read from labels of random pairs: the limits that decide, and the labels so far."""

    sizing: LabelSizing
    labels: DrawnLabels

    def asked(self, expects: Expects) -> LabelSizing:
        """The limits for what a plan expects and asks for."""
        return replace(self.sizing, discordance=expects.discordance, power=expects.power)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsTest:
    """What the measured pairs of a claim have to show so that it holds: for planning and for prospects.

    Attributes:
        claimed: Loss that the claim is about: the route's margin.
        margin: The least that a true loss of it shows, in the words that the verdict is read from.
        alpha: One-sided error rate that is left for the pairs.
        confidence: Level of their intervals.
        least: Pairs below which nothing is certified.
        drawn: Where people's words of random pairs decide; else None.
    """

    claimed: float
    margin: float
    alpha: float
    confidence: float
    least: int
    drawn: DrawnTest | None = None

    @classmethod
    def of(
        cls, check: CriteriaCheck | None, *, margin: float, alpha: float, confidence: float, tier: str | None = None
    ) -> PairsTest:
        """Of a claim about true answers.

        Args:
            check: What the route's criteria are worth; None where they were not tested.
            margin: Accepted loss.
            alpha: One-sided error rate of the verdict.
            confidence: Level of intervals.
            tier: The candidate that it is about; None for a claim about any tier, by the criteria.
        """
        shown = discrimination_of(None if check is None else expected(check), error=min(alpha, 1.0 - confidence))
        labels = None if check is None or tier is None else check.drawn.get(tier)
        drawn = None
        if check is not None and labels is not None:
            sizing = LabelSizing.of(check, margin=margin, looks=labels.looks, levels=(alpha, confidence))
            drawn = DrawnTest(sizing=sizing, labels=labels)
        people, kept = drawn is not None, alpha * shown.kept
        return cls(
            claimed=margin,
            margin=deciding(shown, people=people).shown(margin),
            alpha=kept,
            confidence=1.0 - (1.0 - confidence) * shown.kept,
            least=least_certifying(shown, margin=margin, alpha=kept, people=people),
            drawn=drawn,
        )

    def pairs_wanted(self, expects: Expects, *, delta: float = 0.0) -> int | None:
        """About how many pairs show the claim with the wanted chance.

        Args:
            expects: Of them.
            delta: Candidate minus incumbent, as the pairs show it; where people's words decide, how these stand has no
                part in it.

        Returns:
            A number, never below `least`; None where no number of pairs would do: the candidate loses too much, or the
            labels are too few.
        """
        if self.drawn is None:
            wanted = pairs_needed(
                discordance=expects.discordance, delta=delta, margin=self.margin, alpha=self.alpha, power=expects.power
            )
        else:
            wanted = self.drawn.asked(expects).draws_to_judge(self.drawn.labels.counts)
        return None if wanted is None else max(wanted, self.least)

    def loss_shown(self, pairs: int, expects: Expects) -> float | None:
        """The largest true loss that so many pairs still show to be within the margin with the wanted chance; None
        where not even no loss is.
        """
        if self.drawn is not None:
            loss = self.drawn.asked(expects).loss_shown(self.drawn.labels.counts, draws=pairs)
            return loss if loss > 0 else None

        def enough(loss: float) -> bool:
            wider = replace(expects, discordance=max(expects.discordance, loss))
            wanted = self.pairs_wanted(wider, delta=-loss)
            return wanted is not None and wanted <= pairs

        if not enough(0.0):
            return None
        low, high = 0.0, self.margin
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if enough(middle) else (low, middle)
        # As large a part of the margin as the loss that is measured is of what the margin shows.
        return low * self.claimed / self.margin


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTest:
    """What a route's test is to decide, and with what.

    Attributes:
        margin: Accepted loss.
        alpha: One-sided error rate of the verdict.
        confidence: Level of intervals.
        pairs: Certification pairs that the route can give.
        discordance: Share of pairs expected to differ.
        power: Wanted chance of a verdict.
    """

    margin: float
    alpha: float
    confidence: float
    pairs: int
    discordance: float
    power: float

    def decides(self, check: CriteriaCheck) -> bool:
        """Whether the pairs suffice with the labels of a check that somebody chose, if the candidate loses nothing."""
        test = PairsTest.of(check, margin=self.margin, alpha=self.alpha, confidence=self.confidence)
        wanted = test.pairs_wanted(Expects(discordance=self.discordance, power=self.power))
        return wanted is not None and wanted <= self.pairs


def labels_to_settle(check: CriteriaCheck, wanted: WantedTest, *, agreement: float = USUAL_AGREEMENT) -> int | None:
    """About how many labels settle a route that a judge decides, if its candidate truly loses nothing.

    It is the least number from which the margin times the lower bound of the discrimination is wide enough for the
    pairs that the route can give. The judge is taken to err as it did on the labels so far, on those that it has not
    been asked about as assumed, and people to call as many answers right as so far, or half.

    Args:
        check: Of the route.
        wanted: What its test is to decide.
        agreement: Share of right and of wrong answers on which the judge is taken to agree with people, where it has
            not been asked.

    Returns:
        A number of labels, none below `LEAST_LABELS`; None where even `MOST_LABELS` would not do.
    """
    found = check.labelled or Labelled()
    right, wrong = found.right + found.waiting_right, found.wrong + found.waiting_wrong
    accepts_right, accepts_wrong = acceptance_of(check, agreement=agreement)
    share = right / (right + wrong) if right and wrong else 0.5

    def enough(labels: int) -> bool:
        right = min(max(round(labels * share), 1), labels - 1)
        wrong = labels - right
        made = replace(
            check,
            labelled=Labelled(
                right=right,
                right_accepted=round(right * accepts_right),
                wrong=wrong,
                wrong_accepted=round(wrong * accepts_wrong),
            ),
        )
        return wanted.decides(made)

    return least_enough(enough, LEAST_LABELS, MOST_LABELS)
