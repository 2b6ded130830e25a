"""Worked cases whose answers were computed by hand; they stand in the docstrings.

Verdicts have an error rate of 5 %, so a proven move stands in 95 % of the draws and is taken back in 5 %.
"""

from dataclasses import replace

import pytest

from audit.core.exchange import Usage
from audit.core.finding import Findings, Verdict
from audit.core.renewal import Billed, RenewalDecision
from audit.core.tier import Price, Tier
from audit.flow.provenance import tier_facts
from audit.renewal.rates import charged_share
from audit.renewal.run import renew
from tests.renewal.world import LARGE, OTHER, audited, contract, exact, kept, moved, renewed
from tests.report.fixtures import changed

NEAR = 0.02


def near(value: float) -> object:
    """Equal to two cents."""
    return pytest.approx(value, abs=NEAR)


def test_a_floor_above_the_need() -> None:
    """Need 100,000, 10 % off: 90,000. The floor is 120,000, so 30,000 would be unused: go without, for 100,000."""
    (vendor,) = renewed(audited(kept("/a", 100_000.0)), contract(discount="10%", minimum_usd="$120000")).vendors
    assert vendor.decision is RenewalDecision.GO_WITHOUT
    assert vendor.need_usd.est == near(90_000)
    assert vendor.without_usd.est == near(100_000)
    assert vendor.recommended is not None
    assert vendor.recommended.cost_usd.est == near(120_000)
    assert vendor.recommended.unused_usd == near(30_000)
    assert vendor.recommended.unused_risk == 1.0
    assert not vendor.within_risk
    assert vendor.at_risk is None
    assert vendor.commit_usd is None
    assert vendor.break_even is None  # 120,000 is more than 100,000 at any price


def test_what_moving_saves_is_held_against_what_would_be_signed_if_nothing_moved() -> None:
    """Need 110,000, of which 100,000 move and cost 10,000 elsewhere; 20 % off, floor 60,000.

    Unmoved: 88,000 signed, 110,000 without: sign. Moved: the need is 8,000, the floor 60,000 and 10,000 without a
    contract: go without, for 20,000 with the other vendor. So moving saves 68,000, not the 90,000 of two worlds that
    both go without. In 5 % of the draws the move is taken back, and without a contract it is 110,000: 22,000 lost.
    """
    saves = moved("/b", 100_000.0, exact(90_000.0))
    found = renewed(audited(kept("/a", 10_000.0), saves), contract(discount="20%", minimum_usd="$60000"))
    (vendor,) = found.vendors
    assert vendor.decision is RenewalDecision.GO_WITHOUT
    assert found.cost_before_usd.est == near(88_000)
    assert found.cost_usd.est == near(0.95 * 20_000 + 0.05 * 110_000)
    assert found.saved_usd.est == near(0.95 * 68_000 - 0.05 * 22_000)
    assert found.warnings == ()


def test_what_is_signed_today_is_no_reason_to_call_it_best() -> None:
    """Need 100,000 and 150,000 signed: if nothing moved, 100,000 would be best, and nothing is saved by no move."""
    found = renewed(audited(kept("/a", 100_000.0)), contract(committed_usd="$150000"))
    assert found.cost_before_usd.est == near(100_000)
    assert found.saved_usd.est == near(0)


def test_what_is_not_proven_is_the_spend_that_a_commitment_may_lock_in() -> None:
    """25,000 of the log's spend is on a route without a verdict, whatever the part of it that could be avoided."""
    unsettled = changed(kept("/a", 25_000.0), verdict=Verdict.NOT_PROVEN, up_to_usd=400.0)
    found = renewed(audited(unsettled, kept("/b", 75_000.0), not_proven_usd=400.0), contract())
    (warning,) = [text for text in found.warnings if "not proven" in text]
    assert warning.startswith("$25,000 of the log's spend")


def test_a_floor_above_the_need_that_is_worth_it() -> None:
    """Without a contract 140,000: the floor of 120,000 is signed, and breaks even at prices 140/90 of the offer's."""
    terms = contract(discount="10%", minimum_usd="$120000", without_contract="140%")
    (vendor,) = renewed(audited(kept("/a", 100_000.0)), terms).vendors
    assert vendor.decision is RenewalDecision.SIGN
    assert vendor.commit_usd is not None
    assert vendor.commit_usd.est == near(120_000)
    assert vendor.break_even == pytest.approx(140 / 90, abs=1e-3)


def test_a_floor_below_the_need_with_overage() -> None:
    """Floor 80,000, need 100,000, overage 125 %: at the floor 80,000 + 1.25 x 20,000 = 105,000; sign 100,000 instead.

    Without a contract it is 110 % of the log's prices: 110,000.
    """
    terms = contract(minimum_usd="$80000", committed_usd="$80000", overage="125%", without_contract="110%")
    (vendor,) = renewed(audited(kept("/a", 100_000.0)), terms).vendors
    assert vendor.committed is not None
    assert vendor.committed.cost_usd.est == near(105_000)
    assert vendor.committed.overage_usd == near(25_000)
    assert vendor.recommended is not None
    assert vendor.recommended.commit_usd == near(100_000)
    assert vendor.recommended.cost_usd.est == near(100_000)
    assert vendor.recommended.unused_risk == 0.0
    assert vendor.without_usd.est == near(110_000)


def test_risk_against_expected_cost() -> None:
    """Need 100,000 or 150,000, equally likely, overage 300 %: the critical ratio 2/3 says 150,000, the risk 100,000.

    At 150,000 the bill is 150,000 with 25,000 expected to be unused, with probability 1/2; at 100,000 it is
    100,000 + 3 x 1/2 x 50,000 = 175,000, and nothing is ever unused.
    """
    growth = [{"name": "low"}, {"name": "high", "routes": [{"match": "*", "volume": "150%"}]}]
    (vendor,) = renewed(
        audited(kept("/a", 100_000.0)), contract(overage="300%", without_contract="200%", growth=growth)
    ).vendors
    assert vendor.cheapest is not None
    assert vendor.cheapest.commit_usd == near(150_000)
    assert vendor.cheapest.cost_usd.est == near(150_000)
    assert vendor.cheapest.unused_usd == near(25_000)
    assert vendor.cheapest.unused_risk == 0.5
    assert vendor.recommended is not None
    assert vendor.recommended.commit_usd == near(100_000)
    assert vendor.recommended.cost_usd.est == near(175_000)
    assert vendor.at_risk is not None
    assert vendor.at_risk.commit_usd == near(100_000)


def test_a_discount_tier_lost() -> None:
    """Need 110,000, of which 30,000 move and cost 10,000 elsewhere; 10 % off from 100,000 on.

    Unmoved: 110,000 x 0.9 = 99,000. Moved: 80,000 without discount, so the vendor's bill falls by 19,000. The moved
    part cost 30,000 x 0.9 = 27,000: 8,000 of it is not saved, which is the discount lost on the 80,000. Committing to
    100,000 would secure the discount, and costs 100,000. Over all: 99,000 before, 80,000 + 10,000 after.

    All of that in 95 % of the draws; in 5 % the move is taken back, as if unmoved. The need is 0.95 x 80,000 +
    0.05 x 110,000 = 81,500; avoidable 0.95 x 27,000 = 25,650, not saved and lost 0.95 x 8,000 = 7,600 each; elsewhere
    0.95 x 10,000 = 9,500; paid 0.95 x 90,000 + 0.05 x 99,000 = 90,450, which saves 0.95 x 9,000 = 8,550.
    """
    found = renewed(
        audited(kept("/a", 80_000.0), moved("/b", 30_000.0, exact(20_000.0))),
        contract(discounts=[{"from": "$100000", "discount": "10%"}]),
    )
    (vendor,) = found.vendors
    assert vendor.need_before_usd.est == near(110_000)
    assert vendor.need_usd.est == near(81_500)
    assert vendor.avoidable_usd == near(25_650)
    assert vendor.not_saved_usd == near(7_600)
    assert vendor.tier_lost_usd == near(7_600)
    assert [(tier.reached_before, tier.reached_after) for tier in vendor.tiers] == [(1.0, pytest.approx(0.05))]
    assert vendor.recommended is not None
    assert vendor.recommended.commit_usd == 0.0
    secured = min(vendor.curve, key=lambda point: abs(point.commit_usd - 100_000))
    assert secured.cost_usd == near(100_000)
    assert found.outside_usd == near(9_500)
    assert found.cost_before_usd.est == near(99_000)
    assert found.cost_usd.est == near(90_450)
    assert found.saved_usd.est == near(8_550)


def test_what_is_committed_already_is_not_saved() -> None:
    """110,000 are signed and 30,000 of the use leave: the bill is 110,000 before and after, so nothing is saved.

    In 95 % of the draws; in 5 % nothing leaves and nothing is avoidable: 28,500 on average.
    """
    (vendor,) = renewed(
        audited(kept("/a", 80_000.0), moved("/b", 30_000.0, exact(20_000.0))), contract(committed_usd="$110000")
    ).vendors
    assert vendor.basis_usd == 110_000
    assert vendor.avoidable_usd == near(28_500)
    assert vendor.not_saved_usd == near(28_500)


def test_walk_away() -> None:
    """30,000 of use cost 10,000 elsewhere. At 10 % off, staying is worth 10,000 / 27,000 of the offer.

    The question is put to a move that is made, so the chance that it is taken back is not in it.
    """
    (vendor,) = renewed(
        audited(kept("/a", 80_000.0), moved("/b", 30_000.0, exact(20_000.0))), contract(discount="10%")
    ).vendors
    assert vendor.walk_away is not None
    assert vendor.walk_away.est == pytest.approx(10 / 27)
    assert vendor.walk_away_routes == ("/b",)


def test_a_move_to_the_vendors_own_smaller_model_is_no_reason_to_walk_away() -> None:
    """Its offer is for both models: at any level of its prices 10,000 of the small one are less than 30,000."""
    vendors = [{"name": "aurora", "models": [LARGE, OTHER], "discount": "10%"}]
    (vendor,) = renewed(audited(moved("/b", 30_000.0, exact(20_000.0))), contract(vendors=vendors)).vendors
    assert vendor.models == tuple(sorted((LARGE, OTHER)))
    assert (vendor.walk_away, vendor.walk_away_routes) == (None, ())
    assert vendor.avoidable_usd == near(0.95 * 18_000)


def test_a_model_that_two_vendors_name_is_told() -> None:
    """The first of them bills it; without a word the second's terms would seem to need nothing."""
    vendors = [{"name": "aurora", "models": ["*"]}, {"name": "second", "models": [LARGE]}]
    found = renewed(audited(kept("/a", 100_000.0)), contract(vendors=vendors))
    assert found.vendors[1].decision is RenewalDecision.NOTHING_NEEDED
    (warning,) = [text for text in found.warnings if text.startswith("second: ")]
    assert warning == f"second: {LARGE} is billed by aurora, which stands above it; these terms do not count."
    apart = [{"name": "aurora", "models": [LARGE]}, {"name": "second", "models": [OTHER]}]
    assert not [text for text in renewed(audited(kept("/a", 1.0)), contract(vendors=apart)).warnings if "above" in text]


def test_the_new_vendors_prices_count() -> None:
    """With half price at the other vendor, what moves costs 5,000 there, and the walk-away price halves.

    It comes to the other vendor in 95 % of the draws, and stays in 5 %: 4,750 and 1,500 on average.
    """
    vendors = [
        {"name": "aurora", "models": [LARGE]},
        {"name": "birch", "models": [OTHER], "prices": [{"model": "birch-*", "discount": "50%"}]},
    ]
    found = renewed(audited(moved("/b", 30_000.0, exact(20_000.0))), contract(vendors=vendors))
    aurora, birch = found.vendors
    assert birch.need_usd.est == near(4_750)
    assert aurora.need_usd.est == near(1_500)
    assert aurora.decision is RenewalDecision.SIGN
    assert aurora.walk_away is not None
    assert aurora.walk_away.est == pytest.approx(1 / 6)


def test_capacity() -> None:
    """6,000 a month of use, of which a fee of 4,000 covers 5,000: 4,000 + 1,000 a month, 12,000 saved in a year."""
    (vendor,) = renewed(
        audited(kept("/a", 72_000.0)), contract(capacity={"monthly_usd": "$4000", "covers_usd": "$5000"})
    ).vendors
    assert vendor.need_usd.est == near(60_000)
    assert vendor.capacity is not None
    assert vendor.capacity.fees_usd == 48_000
    assert vendor.capacity.replaces_usd == near(60_000)
    assert vendor.capacity.saves_usd == near(12_000)


def test_classes_growth_and_moves_after() -> None:
    """Half of the use at half price is 75 %; 10 % growth a month for two months is 1 + 1.1; one month unmoved.

    1,100 a month of which 100 leave in the second, but for the 5 % of draws in which they do not: 1,005 stay.
    """
    terms = contract(
        months=2,
        moves_after=1,
        growth=[{"name": "up", "monthly": "10%"}],
        classes=[{"name": "batch", "share": "50%", "price": "50%"}],
    )
    (vendor,) = renewed(audited(kept("/a", 12_000.0), moved("/b", 1_200.0, exact(600.0))), terms).vendors
    assert vendor.need_usd.est == near(0.75 * (1_100 + 1.1 * 1_005))
    assert vendor.need_before_usd.est == near(0.75 * 2.1 * 1_100)


def test_a_model_that_is_switched_off() -> None:
    """In the second half of the year 50,000 of use must move; 15,000 of it was proven to; the successor costs 80 %.

    With 5 % of the draws taking it back, 14,250 move on average, and 35,750 are left in each half.
    """
    terms = contract(starts="2027-01-01", retires=[{"model": LARGE, "on": "2027-07-02", "price": "80%"}])
    found = renewed(audited(kept("/a", 70_000.0), moved("/b", 30_000.0, exact(20_000.0))), terms)
    (vendor,) = found.vendors
    (entry,) = vendor.retirements
    assert (entry.spend_usd, entry.moved_usd, entry.proven) == (near(35_750), near(14_250), False)
    assert vendor.need_usd.est == near(35_750 + 0.8 * 35_750)
    assert any("no proven successor" in warning for warning in found.warnings)


def test_prices_per_token() -> None:
    """The offered rates are held against the model's own tokens: 4 + 2 of the 12 dollars that the log was billed."""
    usage = Usage(prompt_tokens=4_000_000, completion_tokens=1_000_000)
    terms = contract(prices=[{"model": LARGE, "input": 1.0, "output": 2.0}])
    found = renew(audited(kept("/a", 100.0)), terms, {LARGE: Billed(spend_usd=12.0, usage=usage)}, 0)
    assert found.vendors[0].need_usd.est == near(50)


def test_what_is_not_proven_counts_as_nothing() -> None:
    """A route whose verdict is Not proven moves nothing, whatever it could save."""
    (vendor,) = renewed(audited(kept("/a", 100.0)), contract()).vendors
    assert vendor.need_usd == vendor.need_before_usd
    assert vendor.walk_away is None


def test_a_wrong_verdict_is_in_the_commitment() -> None:
    """40,000 stay and 60,000 leave for 20,000 at a vendor with overage 300 % and a risk of 2 %.

    The other vendor's need is 20,000 in 95 % of the draws and nothing in 5 %. That is more than the accepted risk, so
    nothing is committed there, although nearly all draws need it: 0.95 x 3 x 20,000 = 57,000 of overage. With a risk of
    10 % it is committed: 20,000, a twentieth of it unused on average.

    At the vendor that is left, 40,000 or, with 5 %, 100,000 are needed. Committing to 40,000 leaves nothing unused and
    costs 40,000 + 0.05 x 3 x 60,000 = 49,000.
    """
    vendors = [
        {"name": "aurora", "models": [LARGE], "overage": "300%", "without_contract": "300%"},
        {"name": "birch", "models": [OTHER], "overage": "300%", "without_contract": "300%"},
    ]
    found = audited(kept("/a", 40_000.0), moved("/b", 60_000.0, exact(40_000.0)))
    for risk, commit, cost, unused in (("2%", 0.0, 57_000, 0.0), ("10%", 20_000, 20_000, 1_000)):
        aurora, birch = renewed(found, contract(vendors=vendors, risk=risk)).vendors
        assert birch.recommended is not None
        assert birch.recommended.commit_usd == near(commit)
        assert birch.recommended.cost_usd.est == near(cost)
        assert birch.recommended.unused_usd == near(unused)
        assert aurora.recommended is not None
        assert aurora.recommended.commit_usd == near(40_000)
        assert aurora.recommended.cost_usd.est == near(49_000)
        assert aurora.need_usd.est == near(43_000)


def test_two_verdicts_are_wrong_each_by_itself_or_all_at_once() -> None:
    """Two moves of 30,000: with an error rate each, both are rarely wrong; with one for all, all are at once."""
    two = audited(moved("/a", 30_000.0, exact(20_000.0)), moved("/b", 30_000.0, exact(20_000.0)))
    share = {}
    for guarantee in ("route", "portfolio"):
        (vendor,) = renewed(replace(two, guarantee=guarantee), contract()).vendors
        # Of the vendor whose routes leave, as much is needed as was not moved.
        assert vendor.need_usd.est == near(0.05 * 60_000)
        share[guarantee] = vendor.need_usd.hi
    assert share == {"route": near(30_000), "portfolio": near(60_000)}


def test_equal_seeds_give_equal_renewals() -> None:
    """And another seed does not."""
    saving = exact(20_000.0)
    found = audited(moved("/b", 30_000.0, type(saving)(est=2e4, lo=1.8e4, hi=2.1e4, level=0.95)))
    assert renewed(found, contract(), 3) == renewed(found, contract(), 3)
    assert renewed(found, contract(), 3) != renewed(found, contract(), 4)


def test_the_risk_that_is_accepted_does_not_hang_on_the_seed() -> None:
    """Growth has two scenarios with a spread each: whatever the seed, the commitment is the exact quantile.

    A tenth of the need lies below it: 0.3 of the scenario without growth and 0.7 of the one with 3 % a month.
    """
    growth = [
        {"name": "low", "probability": "30%", "monthly": "0%"},
        {"name": "high", "probability": "70%", "monthly": "3%", "spread": "5%"},
    ]
    found = audited(kept("/a", 120_000.0))
    terms = contract(growth=growth, risk="10%", minimum_usd="$1")
    needs = {seed: renewed(found, terms, seed).vendors[0].need_usd for seed in range(4)}
    assert {need.lo for need in needs.values()} == {needs[0].lo}
    assert {need.hi for need in needs.values()} == {needs[0].hi}


def discounted(discount: float) -> Findings:
    """Half of the log moves to a tier whose own contract takes a share off: 100,000 at full price."""
    saving = exact(150_000.0 - 100_000.0 * (1 - discount))
    found = audited(moved("/b", 150_000.0, saving), kept("/a", 150_000.0))
    tier = {**found.provenance.tiers["local"], "model": OTHER}
    tier["price"] = {"input": 1.0 * (1 - discount), "output": 2.0 * (1 - discount), "discount": discount}
    tiers = {**found.provenance.tiers, "local": tier}
    return replace(found, provenance=replace(found.provenance, tiers=tiers))


@pytest.mark.parametrize("discount", [0.0, 0.2])
def test_a_tiers_own_discount_is_not_taken_off_twice(discount: float) -> None:
    """The offer's terms start from the full price: 100,000 less 10 % is 90,000, whatever `tiers[].discount` was.

    Per million tokens it is the same: 0.50 in, 1 out are half of the full price, so 50,000. Of all of it 95 %: in the
    other draws the move is taken back, and nothing arrives.
    """
    terms = [
        ({"discount": "10%"}, 85_500),
        ({"prices": [{"model": OTHER, "input": 0.5, "output": 1.0}]}, 47_500),
    ]
    billed = {LARGE: Billed(spend_usd=300_000.0, usage=Usage(prompt_tokens=10**6, completion_tokens=10**6))}
    for offer, need in terms:
        vendors = [{"name": "birch", "models": [OTHER], **offer}, {"name": "aurora", "models": [LARGE]}]
        made = renew(discounted(discount), contract(vendors=vendors), billed, 0)
        birch = made.vendors[0]
        assert birch.need_usd.est == near(need)
        assert birch.without_usd.est == near(95_000)
        (line,) = [line.value for line in made.assumptions if line.key == "price of tier local"]
        assert line.startswith("$1 in, $2 out per million tokens")
        assert ("birch's terms replace its discount of 20%" in line) == (discount > 0)


def test_the_findings_say_what_a_tiers_discount_was() -> None:
    """What the audit notes of a tier is what the renewal works the full price out from."""
    plain = Tier(name="a", model="m", provider="simulated", price=Price(input=2.0, output=4.0))
    dear, cheap = tier_facts(plain), tier_facts(replace(plain, price=plain.price.less(0.25)))
    assert (charged_share(dear), charged_share(cheap)) == (1.0, 0.75)
    assert cheap["price"]["input"] / charged_share(cheap) == dear["price"]["input"]


def test_a_tiers_own_discount_counts_where_the_contract_has_no_terms() -> None:
    """Nobody of the contract bills the new model: it costs what the audit charged, 80,000, in 95 % of the draws."""
    made = renewed(discounted(0.2), contract())
    assert made.outside_usd == near(76_000)
    (line,) = [line.value for line in made.assumptions if line.key == "price of tier local"]
    assert line == "$0.8 in, $1.6 out per million tokens; its discount of 20% in `tiers` is taken off"
