"""Declared looks: known boundaries, levels that add up, both promises held in simulation, prospects of a decision."""

import numpy as np
import pytest

from audit.core.errors import LineageError
from audit.stats.group_sequential import MAX_LOOKS, chance_after_pilot, declare_looks, prospects
from audit.stats.risk_control import LookTest, PolicyOrder, TunedPolicy, certify_in_looks, order_by_loss
from audit.stats.sequential import log_e_pass
from audit.stats.tango import PairCounts, tango_z, tango_z_many


def test_one_look_is_the_fixed_test() -> None:
    """A single look has the usual quantile, the whole level, and the declared interval."""
    (look,) = declare_looks(1, alpha=0.05, confidence=0.95)
    assert look.critical == pytest.approx(1.96, abs=1e-3)
    assert look.alpha == pytest.approx(0.05)
    assert look.level == pytest.approx(0.95, abs=1e-3)


def test_the_boundary_is_the_published_one() -> None:
    """Shape 0.25 at a two-sided level of 5 %: the constants of Jennison & Turnbull (2000), table 2.9."""
    for count, constant in ((2, 2.038), (3, 2.083), (4, 2.113), (5, 2.136)):
        assert declare_looks(count)[-1].critical == pytest.approx(constant, abs=1.5e-3)


@pytest.mark.parametrize("count", range(1, MAX_LOOKS + 1))
def test_levels_add_up_and_boundaries_relax(count: int) -> None:
    """The exact tests spend alpha, no more; each look is less strict than the one before it."""
    looks = declare_looks(count, alpha=0.05)
    assert sum(look.alpha for look in looks) == pytest.approx(0.05)
    assert [look.critical for look in looks] == sorted((look.critical for look in looks), reverse=True)
    assert looks[-1].last


def test_looks_out_of_range_are_refused() -> None:
    """None, or more than people can be told."""
    for count in (0, MAX_LOOKS + 1):
        with pytest.raises(ValueError, match="looks must lie in"):
            declare_looks(count)


def test_intervals_of_all_looks_hold_at_once() -> None:
    """On 4,000 paths of 1,000 pairs the truth stays inside every look's interval in 94 to 96.5 % of them."""
    rng, looks, truth = np.random.default_rng(5), declare_looks(5), -0.03
    draws = rng.choice([-1, 1, 0], p=[0.07, 0.04, 0.89], size=(4000, 1000))
    b, c = np.cumsum(draws == -1, axis=1), np.cumsum(draws == 1, axis=1)
    left = np.zeros(len(draws), dtype=bool)
    for look in looks:
        n = look.number * 200
        left |= np.abs(tango_z_many(b[:, n - 1] / n, c[:, n - 1] / n, n, truth)) > look.critical
    assert 0.94 <= 1 - left.mean() <= 0.965


def test_prospects_follow_the_trend() -> None:
    """No loss so far: it will pass. A loss of ten points: it will fail. At the margin: neither. Nothing seen: both."""
    last = declare_looks(5)[-1]
    good = prospects(PairCounts(b=4, c=4, n=400), margin=0.03, fraction=0.4, last=last)
    bad = prospects(PairCounts(b=44, c=4, n=400), margin=0.03, fraction=0.4, last=last)
    level = prospects(PairCounts(b=36, c=24, n=400), margin=0.03, fraction=0.8, last=last)
    none = prospects(PairCounts(b=0, c=0, n=0), margin=0.03, fraction=0.2, last=last)
    assert good.passing > 0.95 > 0.01 > good.failing
    assert bad.failing > 0.95 > 0.01 > bad.passing
    assert max(level.passing, level.failing) < 0.1
    assert (none.passing, none.failing) == (1.0, 1.0)


def test_a_pilot_foretells_how_often_the_next_sample_passes() -> None:
    """Where the pilot shows no more than chance, its forecast is right on average: by simulation over truths."""
    rng = np.random.default_rng(5)
    (last,) = declare_looks(1)
    margin, n, times, forecast, passed = 0.05, 300, 2, [], []
    for _ in range(4000):
        # Truths spread evenly far beyond what a pilot can tell apart: no prior opinion.
        delta = rng.uniform(-0.3, 0.2)
        shares = np.array([0.3 - delta / 2, 0.3 + delta / 2])
        pilot, further = (rng.multinomial(size, [*shares, 1 - shares.sum()]) for size in (n, n * times))
        chance = chance_after_pilot(PairCounts(b=pilot[0], c=pilot[1], n=n), margin=margin, times=times, last=last)
        z = tango_z(PairCounts(b=further[0], c=further[1], n=n * times), -margin)
        forecast.append(chance)
        passed.append(z >= last.critical)
    found, known = np.array(forecast), np.array(passed)
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.0)):
        some = (found >= low) & (found <= high)
        assert known[some].mean() == pytest.approx(found[some].mean(), abs=0.04)


def test_a_pilot_without_pairs_speaks_against_nothing() -> None:
    """Nothing seen is no reason to drop anybody; a pilot of losses alone is."""
    (last,) = declare_looks(1)
    assert chance_after_pilot(PairCounts(b=0, c=0, n=0), margin=0.03, times=2, last=last) == 1.0
    assert chance_after_pilot(PairCounts(b=60, c=0, n=60), margin=0.03, times=2, last=last) < 1e-6


def test_at_the_end_there_is_nothing_left_to_hope_for() -> None:
    """With the whole sample seen, the prospect is the decision."""
    last = declare_looks(2)[-1]
    assert prospects(PairCounts(b=2, c=2, n=400), margin=0.03, fraction=1.0, last=last).passing == 1.0
    assert prospects(PairCounts(b=20, c=10, n=400), margin=0.03, fraction=1.0, last=last).passing == 0.0


def order() -> PolicyOrder:
    """Three policies, safe to bold."""
    return order_by_loss([TunedPolicy(name=name, loss=i / 100, saving=1.0 + i) for i, name in enumerate("abc")])


def test_every_policy_is_tested_at_every_look_that_it_has_been_replayed_to() -> None:
    """A certificate at the second look lets the next policy be tested at once, at its first look if that is enough."""
    p_values = {("a", 1): 0.0001, ("b", 1): 0.3, ("b", 2): 0.001, ("c", 1): 0.0002}
    asked: list[tuple[str, int]] = []

    def test(name: str, look: object) -> LookTest | None:
        number = look.number  # type: ignore[attr-defined]
        if (name, number) not in p_values:
            return None
        asked.append((name, number))
        return LookTest(p=p_values[name, number], above=True)

    found = certify_in_looks(order(), declare_looks(3), test)
    assert [(one.name, one.look, one.certified) for one in found] == [("a", 1, True), ("b", 2, True), ("c", 1, True)]
    assert asked == list(p_values)


def test_a_sequence_ends_at_its_first_failure() -> None:
    """What fails at all of its looks ends the sequence; nothing behind it is looked at."""
    found = certify_in_looks(order(), declare_looks(3), lambda name, look: LookTest(p=float(name != "a"), above=True))
    assert [(one.name, one.look, one.certified) for one in found] == [("a", 1, True), ("b", 3, False)]


def test_an_interval_across_the_margin_certifies_nothing() -> None:
    """The exact test alone is not enough: no report may show a certified bar across the line."""
    found = certify_in_looks(order(), declare_looks(1), lambda name, look: LookTest(p=1e-9, above=False))
    assert [(one.name, one.certified) for one in found] == [("a", False)]


def test_what_was_not_replayed_so_far_is_not_tested() -> None:
    """A policy whose answers end at an earlier look keeps what it had, and later ones wait behind it."""
    found = certify_in_looks(
        order(), declare_looks(3), lambda name, look: LookTest(p=0.9, above=False) if look.number == 1 else None
    )
    assert [(one.name, one.look, one.certified) for one in found] == [("a", 1, False)]


def test_an_order_that_was_not_sealed_is_refused() -> None:
    """The digest is that of the names in their order."""
    forged = PolicyOrder(names=("c", "a", "b"), digest=order().digest)
    with pytest.raises(LineageError):
        certify_in_looks(forged, declare_looks(2), lambda name, look: None)


@pytest.mark.slow
def test_wrong_certificates_stay_below_alpha() -> None:
    """A policy that loses exactly the margin is certified at any of five looks in at most 5 % of 6,000 paths."""
    rng, looks = np.random.default_rng(7), declare_looks(5)
    for p_b, p_c in ((0.04, 0.01), (0.09, 0.06), (0.03, 0.0)):
        draws = rng.choice([-1, 1, 0], p=[p_b, p_c, 1 - p_b - p_c], size=(6000, 1000))
        b, c = np.cumsum(draws == -1, axis=1), np.cumsum(draws == 1, axis=1)
        passed = np.zeros(len(draws), dtype=bool)
        for look in looks:
            n = look.number * 200
            # The interval is the stricter of the two conditions, so it bounds the rate by itself.
            passed |= tango_z_many(b[:, n - 1] / n, c[:, n - 1] / n, n, p_c - p_b) >= look.critical
        print(f"\nloss of {100 * (p_b - p_c):.0f} points, discordance {p_b + p_c:.2f}: certified {passed.mean():.4f}")
        assert passed.mean() <= 0.05


@pytest.mark.slow
def test_looks_keep_the_power_of_the_fixed_sample() -> None:
    """At a loss of 1.1 points and a margin of 3, with 1,000 pairs: the looks lose little power, the e-process much."""
    rng, looks, runs = np.random.default_rng(0), declare_looks(5), 1000
    draws = rng.choice([-1, 1, 0], p=[0.0265, 0.0152, 0.9583], size=(runs, 1000))
    b, c = np.cumsum(draws == -1, axis=1), np.cumsum(draws == 1, axis=1)
    decided = np.zeros(runs, dtype=int)
    for look in looks:
        n = look.number * 200
        z = tango_z_many(b[:, n - 1] / n, c[:, n - 1] / n, n, -0.03)
        decided = np.where((decided == 0) & (z >= look.critical), n, decided)
    fixed = tango_z_many(b[:, -1] / 1000, c[:, -1] / 1000, 1000, -0.03) >= declare_looks(1)[0].critical
    watched = np.zeros(runs, dtype=bool)
    for n in range(100, 1001, 100):
        counts = [PairCounts(b=int(x), c=int(y), n=n) for x, y in zip(b[:, n - 1], c[:, n - 1], strict=True)]
        watched |= np.array([log_e_pass(one, margin=0.03) >= np.log(40) for one in counts])
    spent = np.where(decided > 0, decided, 1000).mean() / 1000
    print(
        f"\npower: fixed sample {fixed.mean():.2f}, five looks {(decided > 0).mean():.2f} on {spent:.2f} of the pairs, "
        f"e-process at the same level {watched.mean():.2f}"
    )
    assert (decided > 0).mean() >= fixed.mean() - 0.06
    assert watched.mean() <= fixed.mean() - 0.25
    assert spent <= 0.85
