"""How many labels of randomly drawn pairs settle a claim, by the limits that will decide it.

What is to be shown is that a candidate which truly loses nothing holds the margin. So the number hangs on how far the
lower limit will lie below the estimate, and that on how often answers differ in worth, on how much of it the judge
sees, and on the draws that it has looked at. Who is ahead has no part in it: a number that people are told while they
label must not tell them how their labels stand.

Source:
    docs/method/random-labels.md; the limits are those of `random_labels`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from audit.core.criteria import CriteriaCheck, Grade
from audit.core.labels import LabelCounts
from audit.stats.discrimination import ERROR_SHARE, acceptance_of
from audit.stats.group_sequential import declare_looks
from audit.stats.least import least_enough
from audit.stats.planning import DEFAULT_DISCORDANCE
from audit.stats.quantiles import FloatArray, check_open_unit, upper_normal
from audit.stats.random_labels import LEAST_IN_STRATUM, SPENT, StratumShares, joined, reach_below

POWER = 0.8
"""Chance of a verdict that is asked of a number of labels where nobody asks for another, as of a number of replays."""

LEFT = 1.0 - ERROR_SHARE
"""Part of the error rate that the verdict of a route with labels is read at."""

MOST_DRAWS = 100_000_000
"""More draws than any log has."""

PRIOR_LABELS = 4.0
"""Labels of each stratum that what was expected before the first of them counts as much as."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExpectedLabels:
    """What labels of randomly drawn pairs are expected to say, by what the judge saw: a loss, nothing, a gain.

    Attributes:
        weights: Share of all draws that each stratum has, shape (3,); what is known without a label is in none.
        lost: Share of each in which only the log's answer is right, shape (3,).
        gained: Share of each in which only the candidate's is, likewise.
        draws: That the judge has looked at.
    """

    weights: FloatArray
    lost: FloatArray
    gained: FloatArray
    draws: int

    @classmethod
    def planned(
        cls, *, discordance: float, accepts_right: float, accepts_wrong: float, compares: bool, draws: int
    ) -> ExpectedLabels:
        """Before anything is asked: both answers to a request are right, or one of them is, and the judge errs on each
        answer by itself.

        Args:
            discordance: Share of pairs of which only one answer is right; as many lose as gain.
            accepts_right: Share of right answers that the judge accepts.
            accepts_wrong: Share of wrong answers that it accepts.
            compares: It compares with the log's answer, and accepts that unasked.
            draws: That it will look at.
        """
        today, after = (np.array(right) for right in ((True, True, False), (False, True, True)))
        happens = np.array([discordance / 2, 1.0 - discordance, discordance / 2])
        before = np.ones(3) if compares else np.where(today, accepts_right, accepts_wrong)
        behind = np.where(after, accepts_right, accepts_wrong)
        sees = np.stack([before * (1 - behind), before * behind + (1 - before) * (1 - behind), (1 - before) * behind])
        joint = sees * happens
        weights = joint.sum(axis=1)
        # A stratum that never occurs is told by no judge apart from "nothing".
        shares = np.where(weights[:, None] > 0, joint / np.maximum(weights, 1e-12)[:, None], happens)
        return cls(weights=weights, lost=shares[:, 0], gained=shares[:, 2], draws=draws)

    def seen(self, counts: LabelCounts) -> ExpectedLabels:
        """After the judge has looked at all draws and people at some."""
        before = self.lost + self.gained
        share = (np.array(counts.changed) + PRIOR_LABELS * before) / (np.array(counts.told) + PRIOR_LABELS)
        losing = np.where(before > 0, self.lost / np.maximum(before, 1e-12), 0.5)
        weights = np.array(counts.said) / max(counts.draws, 1)
        return replace(self, weights=weights, lost=share * losing, gained=share * (1 - losing))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSizing:
    """What the numbers of pairs and of labels hang on, whoever asks for them: the plan, people at work, the report.

    Attributes:
        margin: Accepted loss, in (0, 1).
        error: One-sided error of the limit that has to lie above -margin.
        power: Wanted chance that it does.
        discordance: Share of pairs of which only one answer is right, before anything is known.
        accepts_right: Share of right answers that the judge is taken to accept.
        accepts_wrong: The same of wrong ones.
        compares: The judge compares with the log's answer, and accepts that unasked.
    """

    margin: float
    error: float
    power: float
    discordance: float
    accepts_right: float
    accepts_wrong: float
    compares: bool

    @classmethod
    def of(
        cls,
        check: CriteriaCheck,
        *,
        margin: float,
        looks: int,
        levels: tuple[float, float],
        expects: tuple[float, float] = (DEFAULT_DISCORDANCE, POWER),
    ) -> LabelSizing:
        """Of a route.

        Args:
            check: What its criteria are worth.
            margin: Accepted loss.
            looks: That are declared; the last one decides.
            levels: Error rate of the verdict, and level of the intervals.
            expects: `discordance` and `power`.
        """
        alpha, confidence = levels
        discordance, power = expects
        right, wrong = acceptance_of(check)
        # What the bounds of a judge's own error may be wrong with is spent wherever labels say something of it.
        last = declare_looks(looks, alpha=alpha * LEFT, confidence=1.0 - (1.0 - confidence) * LEFT)[-1]
        return cls(
            margin=check_open_unit("margin", margin),
            error=last.deciding_error,
            power=power,
            discordance=discordance,
            accepts_right=right,
            accepts_wrong=wrong,
            compares=check.grade is Grade.AGREEMENT,
        )

    def planned(self, draws: int) -> int | None:
        """Before anything is asked of so many draws, all of which may be judged; as `pairs_to_judge`."""
        return self._least(self._expected(draws), most=draws)

    def pairs_to_judge(self, counts: LabelCounts) -> int | None:
        """About how many pairs that are drawn at random and judged by people show that a candidate holds the margin, if
        it truly loses nothing.

        Returns:
            The least such number, at most the pairs that there are; None where not even all of them would do.
        """
        return self._least(self._expected(counts.draws).seen(counts), most=sum(counts.said))

    def loss_shown(self, counts: LabelCounts, *, draws: int) -> float:
        """The largest true loss that the labels that there are still show to be within the margin with the wanted
        chance, were the judge to look at so many draws; below 0 where not even no loss is.

        Args:
            counts: Of the draws so far.
            draws: In all; labels are not added.

        Special cases:
            No draw needs a label: nothing is lost, and the whole margin is shown.
        """
        if not sum(counts.told):
            return self.margin
        expected = replace(self._expected(draws).seen(counts), draws=draws)
        told = np.array(counts.told, np.float64)
        return self.margin - _falls_short(expected, told, apart=LEAST_IN_STRATUM, error=self.error, power=self.power)

    def draws_to_judge(self, counts: LabelCounts) -> int | None:
        """About how many draws the judge has to look at until the labels that there are show that a candidate holds the
        margin, if it truly loses nothing.

        Returns:
            The least such number, not below the draws that have a label; None where no number would do: then it is
            labels that are too few.
        """

        def enough(draws: int) -> bool:
            return self.loss_shown(counts, draws=draws) > 0

        return least_enough(enough, max(sum(counts.told), 1), MOST_DRAWS)

    def _expected(self, draws: int) -> ExpectedLabels:
        return ExpectedLabels.planned(
            discordance=self.discordance,
            accepts_right=self.accepts_right,
            accepts_wrong=self.accepts_wrong,
            compares=self.compares,
            draws=draws,
        )

    def _least(self, expected: ExpectedLabels, *, most: int) -> int | None:
        # Expected labels vary: a stratum that will have the least number of them in four audits of five.
        apart = LEAST_IN_STRATUM + math.sqrt(LEAST_IN_STRATUM)

        def enough(labels: int) -> bool:
            of = labels * expected.weights / expected.weights.sum()
            return _falls_short(expected, of, apart=apart, error=self.error, power=self.power) < self.margin

        return least_enough(enough, 1, most) if most > 0 and expected.weights.sum() > 0 else None


def _falls_short(expected: ExpectedLabels, of: FloatArray, *, apart: float, error: float, power: float) -> float:
    """How far below the true change the lower limit lies with the wanted chance at most.

    Args:
        expected: What labels will say, and how many draws there are.
        of: Labels of each stratum, shape (3,); they may be expected ones.
        apart: Labels with which a stratum stands alone.
        error: Of the limit.
        power: The wanted chance.
    """
    weights, lost, gained, of = _apart(expected, of, apart)
    change = gained - lost
    spread = np.maximum(lost + gained - change**2, 0.0)
    by_labels = weights * spread / of
    mean = float((weights * change).sum())
    by_draws = 0.0
    if weights.size > 1 or weights[0] < 1.0:
        by_draws = max(float((weights * change**2).sum()) - mean**2, 0.0) / expected.draws
    deviation = math.sqrt(float((weights * by_labels).sum()) + by_draws)
    unlucky = upper_normal(1.0 - power)
    if deviation > 0:
        # An estimate that falls short does so by what each stratum can vary, in losses and in gains alike.
        shift = unlucky * by_labels / deviation
        part = np.divide(lost, lost + gained, out=np.full_like(lost, 0.5), where=lost + gained > 0)
        lost, gained = np.minimum(lost + shift * part, 1.0), np.maximum(gained - shift * (1 - part), 0.0)
    side = StratumShares(mean=0.0, square=0.0, lost=lost, gained=gained)
    return unlucky * deviation + reach_below(side, weights, of, error * SPENT, expected.draws)


def _apart(
    expected: ExpectedLabels, of: FloatArray, apart: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Weights, shares and labels of the strata that stand apart with so many labels."""
    into = joined(of, apart)
    weights = np.bincount(into, weights=expected.weights, minlength=3).astype(float)
    lost, gained = (
        np.bincount(into, weights=expected.weights * shares, minlength=3) / np.maximum(weights, 1e-12)
        for shares in (expected.lost, expected.gained)
    )
    used = weights > 0
    kept = np.bincount(into, weights=of, minlength=3)[used].astype(float)
    return weights[used], lost[used], gained[used], kept
