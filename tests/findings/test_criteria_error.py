"""Criteria that miss a part of the faults: a true loss passes as a small one, unless people have judged answers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.findings.planted import Audited, audit_of, blind_criteria

SEEDS = range(5)


def audited(seed: int, **planted: float) -> Audited:
    """One audit of a world of criteria that see a part of the faults."""
    return audit_of(blind_criteria(np.random.default_rng([seed, 78]), **planted), seed)  # type: ignore[arg-type]


def mean_delta(found: list[Audited]) -> float:
    """Of the estimates of the whole route's delta."""
    tested = [one.certified.policies.static("small") for one in found]
    return float(np.mean([one.delta.est for one in tested if one is not None and one.delta is not None]))


def test_a_measured_delta_is_corrected_by_what_labels_show() -> None:
    """A true -4.5 is measured as -2.7; with labels it is told as -4.5, and the interval holds it."""
    assert mean_delta([audited(seed, labels=0) for seed in SEEDS]) == pytest.approx(-0.027, abs=0.007)
    judged = [audited(seed, labels=400) for seed in SEEDS]
    assert mean_delta(judged) == pytest.approx(-0.045, abs=0.012)
    assert sum(one.holds_delta for one in judged) >= len(SEEDS) - 1
    assert not any(one.wrong for one in judged)


def test_blind_criteria_certify_a_loss_unless_answers_were_judged() -> None:
    """A true loss of 3.5 points shows as 1.0 where criteria see 30 % of the faults: a wrong Switch, or Not proven."""
    blind = [audited(seed, labels=0, loss=0.035, sees=0.3) for seed in SEEDS]
    assert sum(one.wrong for one in blind) >= len(SEEDS) / 2
    judged = [audited(seed, labels=400, loss=0.035, sees=0.3) for seed in SEEDS]
    assert not any(one.certified.policies.best for one in judged)


def test_more_pairs_are_planned_where_criteria_see_less_and_a_switch_stays_possible() -> None:
    """The margin that pairs are tested against is what a loss of the route's margin shows at least."""
    sharp, blunt = [audited(0, loss=-0.01, sees=sees, n=20_000, labels=800) for sees in (1.0, 0.7)]
    assert sharp.certified.terms.least_counted < blunt.certified.terms.least_counted
    assert sharp.certified.terms.schedule.stages[-1] < blunt.certified.terms.schedule.stages[-1]
    for one in (sharp, blunt):
        assert one.certified.policies.best is not None
        assert not one.wrong
