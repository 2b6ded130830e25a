"""Labels of randomly drawn pairs: how often the interval holds the truth, and how often a claim at the edge passes.

    pytest -m slow -s tests/simulations/test_random_labels.py

prints the tables. Worlds at the edge lose exactly the margin, so that every verdict for the candidate is a wrong one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.core.criteria import Grade
from audit.stats.random_labels import change_limits, p_noninferior
from tests.shared import needs_shared
from tests.simulations.test_recorded_judge import (
    KINDS,
    LABELS,
    LEVEL,
    PAIRS,
    RECORDED,
    SEEDS,
    WORLDS,
    Judge,
    deltas,
    labelled,
    seeds,
)
from tests.stats.labelled_worlds import EDGES, SELDOM_NOTHING, drawn, partly_labelled

pytestmark = pytest.mark.slow

AUDITS = 400
"""Of each world at the edge."""


@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1])
def test_a_claim_at_the_edge_passes_in_five_of_a_hundred_and_the_interval_holds_the_truth(margin: float) -> None:
    """Whatever the judge gets wrong, on whose answers, and however few losses there are."""
    print(f"\na loss of {margin:.0%}, the margin: wrong verdicts (5 % allowed) and intervals that hold the truth, in %")
    wrong, held = [], []
    for draws in (200, 800):
        for labels in (50, 100, 150, 250):
            if labels > draws:
                continue
            line = []
            for name, world in EDGES.items():
                rng = np.random.default_rng([draws, labels, round(margin * 1000)])
                passed = holds = 0
                for _ in range(AUDITS):
                    made = partly_labelled(*drawn(world(margin), draws, rng), labels)
                    passed += change_limits(made, error=0.05).low > -margin
                    both = change_limits(made, error=0.025)
                    holds += both.low <= -margin <= both.high
                wrong.append(passed / AUDITS)
                held.append(holds / AUDITS)
                line.append(f"{name} {passed / AUDITS:.1%} {holds / AUDITS:.1%}")
            print(f"{labels:4} of {draws}  " + "   ".join(line))
    print(f"worst {max(wrong):.1%} and {min(held):.1%}; on average {np.mean(wrong):.1%} and {np.mean(held):.1%}")
    assert max(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / AUDITS)
    assert np.mean(wrong) <= 0.05
    assert min(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / AUDITS)
    assert np.mean(held) >= 0.95


def test_a_judge_that_seldom_says_nothing_is_not_given_up() -> None:
    """Few labels of pairs that it calls alike go with the nearest stratum: intervals hold the truth as often as one
    stratum of all does, and are narrower."""
    print("\nwrong verdicts (5 % allowed), truth held, median width in points; in brackets the width as one stratum")
    wrong, held, ratios = [], [], []
    for name, world in SELDOM_NOTHING.items():
        for margin in (0.05, 0.1):
            for labels in (100, 150, 250):
                rng = np.random.default_rng([labels, round(margin * 1000)])
                passed, holds, widths = 0, 0, []
                for _ in range(AUDITS):
                    made = partly_labelled(*drawn(world(margin), 800, rng), labels)
                    both = [change_limits(one, error=0.025) for one in (made, replace(made, said=0 * made.said))]
                    passed += change_limits(made, error=0.05).low > -margin
                    holds += both[0].low <= -margin <= both[0].high
                    widths.append([one.high - one.low for one in both])
                wrong.append(passed / AUDITS)
                held.append(holds / AUDITS)
                apart, one = np.median(widths, axis=0) * 100
                ratios.append(apart / one)
                print(
                    f"{name}, loses {margin:.0%}, {labels} labels: {wrong[-1]:.1%} {held[-1]:.1%} {apart:.1f} "
                    f"({one:.1f})"
                )
    print(f"worst {max(wrong):.1%} and {min(held):.1%}; {np.mean(ratios):.2f} of the width on average")
    assert max(wrong) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / AUDITS)
    assert min(held) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / AUDITS)
    assert np.mean(ratios) < 1


@needs_shared(RECORDED)
@pytest.mark.parametrize(("name", "grade", "judge"), KINDS, ids=[name for name, _, _ in KINDS])
def test_the_recorded_judge_with_random_labels_against_the_same_labels_as_a_correction(
    name: str, grade: Grade, judge: Judge
) -> None:
    """The truth is held in 95 % of 200 seeds, and wherever the judge errs the interval is less than half as wide."""
    print(f"\n{name}, {PAIRS} pairs, {LABELS} labels, {SEEDS} seeds; shares of seeds in %, median widths in points")
    print("error  bias   random labels   width   correction   width")
    for error, bias in WORLDS if name == "judge-pairwise" else [(e, b) for e, b in WORLDS if not b]:
        held, widths = np.zeros(2), []
        for rng, said, truth in seeds(judge, error, bias):
            _, corrected = deltas(said, labelled(said, LABELS, rng), grade, rng)
            places = rng.integers(said.right.size, size=PAIRS)
            change = said.right[places].astype(float) - 1.0
            words = said.passes[places].astype(float) - said.own[places]
            found = change_limits(partly_labelled(change, words, LABELS), error=(1 - LEVEL) / 2)
            low, high = (
                (-1.0 if corrected.lo is None else corrected.lo),
                (1.0 if corrected.hi is None else corrected.hi),
            )
            held += [found.low <= truth <= found.high, low <= truth <= high]
            widths.append([found.high - found.low, high - low])
        share, width = held / SEEDS, np.median(widths, axis=0) * 100
        print(f"{error:5.0%} {bias:5.0%} {share[0]:15.1%} {width[0]:7.1f} {share[1]:12.1%} {width[1]:7.1f}")
        assert share[0] >= 0.95
        assert width[0] < (0.5 * width[1] if error else width[1] * 1.2)


def test_p_values_of_claims_at_the_edge_are_no_smaller_than_chance() -> None:
    """At every level that a look may have, not at 5 % alone."""
    rng = np.random.default_rng(7)
    for name, world in EDGES.items():
        found = np.array(
            [p_noninferior(partly_labelled(*drawn(world(0.08), 400, rng), 150), margin=0.08) for _ in range(400)]
        )
        shares = [float(np.mean(found <= level)) for level in (0.01, 0.02, 0.05)]
        print(name, *(f"{share:.1%}" for share in shares))
        for level, share in zip((0.01, 0.02, 0.05), shares, strict=True):
            assert share <= level + 3 * np.sqrt(level * (1 - level) / 400)
