"""PASS, FAIL, INCONCLUSIVE."""

import itertools

import numpy as np
import pytest

from audit.stats.exact import region_probability, rejection_region
from audit.stats.noninferiority import GateDecision, decide, decide_graded
from audit.stats.planning import pairs_needed
from tests.stats.populations import counts, pair


@pytest.mark.acceptance(18)
@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((0, 0, 40), GateDecision.INCONCLUSIVE),
        ((0, 0, 59), GateDecision.PASS),
        ((20, 0, 100), GateDecision.FAIL),
        ((0, 0, 0), GateDecision.INCONCLUSIVE),
        ((0, 10, 40), GateDecision.PASS),
        ((40, 14, 1319), GateDecision.PASS),
    ],
)
def test_decisions_at_five_points(table: tuple[int, int, int], expected: GateDecision) -> None:
    """The decisions of the specification's examples, at a margin of five points."""
    assert decide(counts(*table), margin=0.05, alpha=0.05).decision is expected


def test_never_pass_below_thirty_pairs() -> None:
    """Under 30 pairs only FAIL is a verdict, whatever the p-value of a PASS."""
    assert decide(counts(0, 12, 29), margin=0.1).decision is GateDecision.INCONCLUSIVE
    assert decide(counts(0, 12, 29), margin=0.1).p_pass < 0.05
    assert decide(counts(15, 0, 29), margin=0.1).decision is GateDecision.FAIL


def test_inconclusive_says_how_many_pairs_would_decide() -> None:
    """The wanted number is the planner's at what was seen, more than there are, and None once decided."""
    open_case = decide(counts(5, 5, 100), margin=0.05)
    assert open_case.decision is GateDecision.INCONCLUSIVE
    assert open_case.needed_n == pairs_needed(discordance=0.1, delta=0.0, margin=0.05, alpha=0.05)
    assert decide(counts(0, 0, 59), margin=0.05).needed_n is None
    assert decide(counts(0, 0, 0), margin=0.05).needed_n == pairs_needed(margin=0.05, alpha=0.05)
    losing = decide(counts(9, 1, 100), margin=0.05)
    assert losing.decision is GateDecision.INCONCLUSIVE
    assert losing.needed_n is not None
    assert losing.needed_n > 100
    assert decide(counts(5, 0, 100), margin=0.05).needed_n is None
    for b, c, n in itertools.product((0, 2, 6), (0, 2, 6), (12, 40, 90)):
        found = decide(counts(b, c, n), margin=0.05)
        assert found.needed_n is None or found.needed_n > n


def test_floor_is_a_warning_not_a_refusal() -> None:
    """Gains can carry a PASS below the floor; the decision says that it is below."""
    found = decide(counts(0, 10, 40), margin=0.05)
    assert found.decision is GateDecision.PASS
    assert found.below_floor
    assert found.floor_n == 59


@pytest.mark.acceptance(17)
def test_exact_error_rates_at_the_margin() -> None:
    """At a true delta of exactly -margin (psi .10, n 200) PASS and FAIL each happen in at most 5 % of runs."""
    passing = rejection_region(200, margin=0.05, alpha=0.05)
    failing = rejection_region(200, margin=-0.05, alpha=0.05)
    p_b, p_c = 0.075, 0.025
    pass_rate = region_probability(passing, p_b, p_c)
    fail_rate = region_probability(failing, p_c, p_b)
    print(f"\nat delta = -margin, psi .10, n 200: PASS {pass_rate:.4f}, FAIL {fail_rate:.4f}")
    assert 0.03 < pass_rate <= 0.05
    assert 0.03 < fail_rate <= 0.05


def test_pass_and_fail_exclude_each_other() -> None:
    """No table of 60 pairs is both; more regressions never turn FAIL into anything else."""
    order = {GateDecision.PASS: 0, GateDecision.INCONCLUSIVE: 1, GateDecision.FAIL: 2}
    for c in (0, 3, 9):
        ranks = []
        for b in range(0, 30, 2):
            found = decide(counts(b, c, 60), margin=0.05)
            assert not (found.p_pass <= 0.05 and found.p_fail <= 0.05)
            ranks.append(order[found.decision])
        assert ranks == sorted(ranks)


@pytest.mark.acceptance(29)
def test_row_order_does_not_matter() -> None:
    """Shuffling and chunking the records leaves every pass/fail number as it is."""
    data = pair("gsm 4o/mini")
    whole = data.counts
    shuffled = np.random.default_rng(0).permutation(whole.n)
    from audit.stats.tango import PairCounts

    chunks = [PairCounts.of(data.incumbent[part], data.candidate[part]) for part in np.array_split(shuffled, 7)]
    total = chunks[0]
    for chunk in chunks[1:]:
        total = total + chunk
    assert total == whole
    assert decide(total, margin=0.03) == decide(whole, margin=0.03)


def test_graded_decisions() -> None:
    """Graded scores decide too: equal arms pass, a large loss fails, few differences decide nothing."""
    rng = np.random.default_rng(2)
    noise = np.clip(rng.normal(0, 0.1, 800), -1, 1)
    assert decide_graded(noise, margin=0.05).decision is GateDecision.PASS
    assert decide_graded(np.clip(noise - 0.15, -1, 1), margin=0.05).decision is GateDecision.FAIL
    few = decide_graded(noise[:60] - 0.01, margin=0.05)
    assert few.decision is GateDecision.INCONCLUSIVE
    assert few.needed_n is not None
    assert few.needed_n > 60
    assert decide_graded([], margin=0.05).decision is GateDecision.INCONCLUSIVE


def test_arguments_are_checked() -> None:
    """A margin or an alpha that is no fraction is refused."""
    for margin, alpha in ((0.0, 0.05), (3.0, 0.05), (0.05, 0.0), (0.05, 5.0)):
        with pytest.raises(ValueError, match=r"must lie in \(0, 1\)"):
            decide(counts(1, 1, 50), margin=margin, alpha=alpha)
