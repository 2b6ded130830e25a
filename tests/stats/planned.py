"""Worlds in which a candidate loses nothing, or a chosen loss, as exactly as whole draws allow, and their verdicts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audit.certificate.claims import delta_of
from audit.certificate.looks import Schedule
from audit.certificate.parameters import TestParameters
from audit.core.criteria import CriteriaCheck, Grade, Labelled
from audit.core.labels import DrawnLabels
from audit.pairing.evidence import Pairs
from audit.stats.discrimination import discrimination_of
from audit.stats.group_sequential import declare_looks
from audit.stats.label_sizes import ExpectedLabels
from audit.stats.pairs_test import PairsTest
from audit.stats.random_labels import LabelledDraws, counts_of

LEVEL, TIER = 0.95, "small"


def judged(right: float, wrong: float, labels: int = 200) -> CriteriaCheck:
    """A judge that accepts such shares of right and of wrong answers, on as many labels of each that somebody chose."""
    counts = Labelled(
        right=labels, right_accepted=round(right * labels), wrong=labels, wrong_accepted=round(wrong * labels)
    )
    return CriteriaCheck(grade=Grade.JUDGED, judges=("judge",), labelled=counts)


@dataclass(frozen=True, kw_only=True)
class JudgedWorld:
    """Pairs of which a share differs in worth, as many lost as gained, and a judge that errs on each answer by itself.

    Attributes:
        right: Share of right answers that the judge accepts.
        wrong: Share of wrong ones.
        differ: Share of pairs of which only one answer is right.
        loss: True loss.
    """

    right: float
    wrong: float
    differ: float
    loss: float = 0.0

    def cells(self) -> list[tuple[int, int, float]]:
        """True change, what the judge makes of it, and the share of draws."""
        expected = ExpectedLabels.planned(
            discordance=self.differ, accepts_right=self.right, accepts_wrong=self.wrong, compares=False, draws=1
        )
        rows = zip((-1, 0, 1), expected.weights, expected.lost, expected.gained, strict=True)
        found = [
            (change, said, float(weight * share))
            for said, weight, lost, gained in rows
            for change, share in ((-1, lost), (1, gained), (0, 1 - lost - gained))
        ]
        times = {change: sum(share for one, _, share in found if one == change) for change in (-1, 0, 1)}
        tilted = {-1: (self.differ + self.loss) / 2, 1: (self.differ - self.loss) / 2, 0: 1 - self.differ}
        return [(change, said, share * tilted[change] / times[change]) for change, said, share in found]

    def as_expected(self, draws: int, labels: int) -> LabelledDraws:
        """So many draws in the shares of the world, of which people have judged so many in the same shares."""
        shares = np.array([share for _, _, share in self.cells()])
        of_draws, of_labels = _whole(shares, draws), _whole(shares, labels)
        of_draws = np.maximum(of_draws, of_labels)
        change = np.repeat([change for change, _, _ in self.cells()], of_draws).astype(float)
        said = np.repeat([said for _, said, _ in self.cells()], of_draws).astype(float)
        people = np.concatenate([np.arange(n) < k for n, k in zip(of_draws, of_labels, strict=True)])
        known = np.where(people, change, np.nan)
        return LabelledDraws(said=said, low=known, high=known, people=people)

    def drawn(self, draws: int, labels: int, rng: np.random.Generator) -> LabelledDraws:
        """So many random draws, of which people have judged the first."""
        shares = np.array([share for _, _, share in self.cells()])
        of = rng.choice(shares.size, size=draws, p=shares / shares.sum())
        change, said = (np.array([cell[place] for cell in self.cells()], float)[of] for place in (0, 1))
        people = np.arange(draws) < labels
        known = np.where(people, change, np.nan)
        return LabelledDraws(said=said, low=known, high=known, people=people)

    def pairs(self, draws: LabelledDraws) -> Pairs:
        """The judge's verdicts on these draws, with what people said beside them."""
        before, after = draws.said < 0, draws.said > 0
        level = (np.arange(draws.said.size) % 2 == 0) & ~before & ~after
        return replace(Pairs.measured(before | level, after | level), labelled=draws)


def _whole(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in these shares that add up. Equal shares have equal numbers, so that what is lost is gained; what
    that leaves over goes to the largest."""
    found = np.round(shares / shares.sum() * total).astype(int)
    found[np.argmax(shares)] += total - int(found.sum())
    return found


def told(check: CriteriaCheck, draws: LabelledDraws, *, looks: int = 1) -> CriteriaCheck:
    """The check once all random pairs of the candidate are judged."""
    counts = counts_of(draws)
    labels = DrawnLabels(first=int(draws.people.sum()), sample=counts.draws, looks=looks, counts=counts)
    return replace(check, drawn={TIER: labels})


def planned_test(check: CriteriaCheck, margin: float, tier: str | None = TIER) -> PairsTest:
    """What a plan goes by."""
    return PairsTest.of(check, margin=margin, alpha=1 - LEVEL, confidence=LEVEL, tier=tier)


def proven(pairs: Pairs, check: CriteriaCheck, margin: float, *, looks: int = 1) -> bool:
    """Whether the verdict of a whole sample is a Switch, as the certificate reads it at its last look."""
    shown = discrimination_of(check, error=1 - LEVEL)
    declared = declare_looks(looks, alpha=(1 - LEVEL) * shown.kept, confidence=1 - (1 - LEVEL) * shown.kept)
    terms = TestParameters(
        margin=margin,
        alpha=(1 - LEVEL) * shown.kept,
        level=LEVEL,
        noisy=False,
        schedule=Schedule(looks=declared, stages=tuple(range(1, looks + 1)), reach={TIER: looks}),
        shown=shown,
    )
    last = declared[-1]
    delta = delta_of(pairs, LEVEL, shown=shown, nominal=last.level, moved=1.0)
    above = delta is not None and delta.lo is not None and delta.lo > -margin
    return terms.testable(pairs) and above and terms.p_noninferior(pairs, last.alpha) <= last.alpha
