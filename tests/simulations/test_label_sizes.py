"""How many pairs drawn at random settle a route: what plan, people at work and report say of it, against the truth.

    pytest -m slow -s tests/simulations/test_label_sizes.py

prints the tables. The truth is the least number of labels with which a candidate that loses nothing passes in four of
five audits. Recorded chat answers, of which as many are drawn that people's proxy prefers as that it does not; on a
route where answers differ less in worth, the others are both right.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from audit.core.criteria import CriteriaCheck, Grade, Labelled
from audit.core.labels import LabelCounts
from audit.stats.label_sizes import LabelSizing
from audit.stats.random_labels import change_limits
from tests.shared import needs_shared
from tests.simulations.test_recorded_judge import LEVEL, RECORDED, preferred
from tests.stats.labelled_worlds import partly_labelled

pytestmark = [pytest.mark.slow, needs_shared(RECORDED)]

DRAWS, SEEDS, AUDITS, FEW = 800, 200, 200, 40
POWER = 0.8
KINDS = {"judge-pairwise": Grade.AGREEMENT, "llm-rubric": Grade.JUDGED}


@dataclass(frozen=True, kw_only=True)
class Route:
    """A judge of a kind that errs on a share of answers, a share of pairs that differ in worth, and the margin."""

    kind: str
    error: float
    differ: float
    margin: float

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """True changes and the judge's words."""
        recorded = np.sign(preferred())
        sides = [recorded[recorded == sign] for sign in (-1, 1)]
        change = np.where(rng.random(DRAWS) < 0.5, *(rng.choice(side, DRAWS) for side in sides))
        change = np.where(rng.random(DRAWS) < self.differ, change, 0.0)
        own, other = change <= 0, change >= 0
        turned = rng.random((2, DRAWS)) < self.error
        if self.kind == "llm-rubric":
            return change, (other ^ turned[0]).astype(float) - (own ^ turned[1])
        # One word on both answers; of equal ones it calls the candidate's worse where it errs.
        return change, np.minimum(np.where(turned[0], np.where(change == 0, -1.0, -change), change), 0.0)

    def sizing(self, *, differ: float = 0.15) -> LabelSizing:
        """As the program has it where labels have shown how often the judge errs; how many pairs differ is guessed."""
        accepted = round(1_000 * (1 - self.error))
        labelled = Labelled(right=1_000, right_accepted=accepted, wrong=1_000, wrong_accepted=1_000 - accepted)
        check = CriteriaCheck(grade=KINDS[self.kind], judges=("judge",), labelled=labelled)
        return LabelSizing.of(check, margin=self.margin, looks=1, levels=(1 - LEVEL, LEVEL), expects=(differ, POWER))


@cache
def truth(route: Route, error: float) -> int:
    """The least number of labels that settle it in four of five audits."""
    worlds = [route.draw(np.random.default_rng([seed, 77])) for seed in range(AUDITS)]

    def share(labels: int) -> float:
        shown = [change_limits(partly_labelled(*world, labels), error=error).low > -route.margin for world in worlds]
        return float(np.mean(shown))

    low, high = 20, DRAWS
    while high / low > 1.04:
        middle = round((low * high) ** 0.5)
        low, high = (low, middle) if share(middle) >= POWER else (middle, high)
    return high


@pytest.mark.parametrize("error", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("kind", list(KINDS))
def test_forty_labels_prove_little_and_say_how_many_would(kind: str, error: float) -> None:
    """Within a factor of 1.5 in four of five seeds, whatever was guessed of the pairs that differ; and so does the plan
    where that was guessed right."""
    for differ, margin in ((0.5, 0.12), (0.2, 0.08)):
        route = Route(kind=kind, error=error, differ=differ, margin=margin)
        sizing = route.sizing()
        exact = truth(route, sizing.error)
        planned = route.sizing(differ=differ).planned(DRAWS)
        told, proven = [], 0
        for seed in range(SEEDS):
            change, said = route.draw(np.random.default_rng([seed, FEW]))
            proven += change_limits(partly_labelled(change, said, FEW), error=sizing.error).low > -margin
            told.append(sizing.pairs_to_judge(LabelCounts.of(said, np.abs(change[:FEW]).tolist(), draws=DRAWS)))
        near = float(np.mean([about is not None and exact / 1.5 <= about <= exact * 1.5 for about in told]))
        print(
            f"\n{kind}, errs on {error:.0%}, {differ:.0%} differ, margin {margin * 100:.0f}: {exact} labels settle it; "
            f"planned {planned}; by {FEW} labels in {near:.1%} of seeds near, {proven / SEEDS:.1%} proven"
        )
        assert near >= 0.8
        assert proven <= 0.35 * SEEDS
        assert planned is not None
        assert exact / 1.5 <= planned <= exact * 1.5
