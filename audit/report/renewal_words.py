"""The sentences of a renewal, for the report and the terminal: what to sign comes first."""

from __future__ import annotations

from audit.core.display import (
    listing,
    percent,
    percent_brief,
    percent_interval,
    percent_share,
    plural,
    usd,
    usd_interval,
)
from audit.core.renewal import CommitOption, Renewal, RenewalDecision, VendorRenewal

SHOWN = 4
SMALL_USD = 0.005
LARGEST = "Largest within the risk"


def headline(renewal: Renewal) -> str:
    """What to sign, in one sentence."""
    parts = [_step(vendor) for vendor in renewal.vendors[:SHOWN]]
    if len(renewal.vendors) > SHOWN:
        parts.append(f"see below for {plural(len(renewal.vendors) - SHOWN, 'more vendor')}")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _step(vendor: VendorRenewal) -> str:
    if vendor.decision is RenewalDecision.NOTHING_NEEDED:
        return f"nothing is needed from {vendor.name}"
    if vendor.commit_usd is None:
        return f"do not sign with {vendor.name} at these terms"
    if vendor.commit_usd.est < SMALL_USD:
        return f"take {vendor.name}’s prices and commit to nothing"
    return f"sign {usd(vendor.commit_usd.est)} with {vendor.name}"


def advice(vendor: VendorRenewal, renewal: Renewal) -> str:
    """The decision about one vendor, with its figures."""
    chosen, without = vendor.recommended, usd(vendor.without_usd.est)
    term = plural(renewal.months, "month")
    if chosen is None:
        return f"No use is expected in {term}, so nothing is needed."
    paid = usd(chosen.cost_usd.est)
    if vendor.commit_usd is None:
        return (
            f"Do not sign. With a commitment of {usd(chosen.commit_usd)} it is expected to cost {paid} "
            f"over {term}, without a contract {without}."
        )
    if vendor.commit_usd.est < SMALL_USD:
        return (
            f"Sign for the prices, and commit to nothing. Expected cost {paid} over {term}, without a "
            f"contract {without}."
        )
    risk = percent_share(chosen.unused_risk)
    limit = "within" if vendor.within_risk else "above"
    return (
        f"Sign {usd_interval(vendor.commit_usd)} for {term}. Expected cost {paid}, without a contract "
        f"{without}. A part stays unused with probability {risk}, {limit} the {percent(renewal.risk)} that you accept."
    )


def totals(renewal: Renewal) -> list[tuple[str, str]]:
    """Figures over all vendors."""
    begins = f" from {renewal.starts}" if renewal.starts else ""
    rows = [
        ("Expected cost", f"{usd_interval(renewal.cost_usd)} over {plural(renewal.months, 'month')}{begins}"),
        ("Saved by moving", f"{usd_interval(renewal.saved_usd)} against the best commitments if nothing moved"),
    ]
    if renewal.outside_usd >= SMALL_USD:
        rows.append(("No contract", f"{usd(renewal.outside_usd)} of it is for models that no vendor here bills"))
    return rows


def facts(vendor: VendorRenewal) -> list[tuple[str, str]]:
    """What stands behind the advice."""
    if vendor.recommended is None:
        return []
    rows = [
        (
            "Need",
            f"{usd_interval(vendor.need_usd)} at the offer’s prices; "
            f"{usd(vendor.need_before_usd.est)} if nothing moved",
        ),
        ("Break-even", _break_even(vendor)),
    ]
    if vendor.walk_away is not None:
        rows.append(("Walk-away", _walk_away(vendor)))
    if vendor.avoidable_usd >= SMALL_USD:
        kept = vendor.not_saved_usd
        basis = f"at a commitment of {usd(vendor.basis_usd)}" if vendor.basis_usd else "without a commitment"
        rows.append(
            (
                "Avoidable",
                f"{usd(vendor.avoidable_usd)} leaves the need; "
                + (
                    f"{usd(kept)} of that is lost to the commitment, {basis}"
                    if kept >= SMALL_USD
                    else f"all is saved {basis}"
                ),
            )
        )
    if vendor.tier_lost_usd >= SMALL_USD:
        rows.append(("Discount lost", f"{usd(vendor.tier_lost_usd)}, because the moves fall short of a tier"))
    rows += [("Discount tier", tier_text(vendor, index)) for index in range(len(vendor.tiers))]
    if vendor.capacity is not None:
        saves = vendor.capacity.saves_usd
        verdict = f"saves {usd(saves)}" if saves >= 0 else f"costs {usd(-saves)} more than paying by token"
        rows.append(
            (
                "Capacity",
                f"{usd(vendor.capacity.fees_usd)} of fees for use worth {usd(vendor.capacity.replaces_usd)}: {verdict}",
            )
        )
    rows += [
        (
            "Switched off",
            f"{entry.model} on {entry.on}: {usd(entry.moved_usd)} of later use moves by proof, "
            + ("nothing is left" if entry.proven else f"{usd(entry.spend_usd)} has no proven successor"),
        )
        for entry in vendor.retirements
    ]
    return rows


def tier_text(vendor: VendorRenewal, index: int) -> str:
    """How often a discount tier is reached, before and after the moves."""
    tier = vendor.tiers[index]
    before, after = percent_share(tier.reached_before), percent_share(tier.reached_after)
    return (
        f"{percent_brief(tier.discount)} from {usd(tier.from_usd)}: reached in {before} of draws unmoved, {after} moved"
    )


def _break_even(vendor: VendorRenewal) -> str:
    if vendor.break_even is None:
        return "none: the floor costs more than going without, at any price"
    if vendor.break_even >= 10:
        return "above ten times the offered prices"
    price = percent(vendor.break_even, 1)
    if vendor.decision is RenewalDecision.SIGN:
        above = percent(vendor.break_even - 1, 1)
        limit = "sign at the offered prices" if above == percent(0, 1) else f"sign up to {above} above the offer"
        return f"{limit}; beyond that, pay as you go"
    return f"sign only if the prices fall to {price} of the offered ones"


def _walk_away(vendor: VendorRenewal) -> str:
    assert vendor.walk_away is not None
    names = [name or "(no route)" for name in vendor.walk_away_routes[:SHOWN]]
    more = len(vendor.walk_away_routes) - len(names)
    routes = listing([*names, *([f"{more} more"] if more else [])])
    price = percent_interval(vendor.walk_away)
    ahead = "the offer is above that, so move" if vendor.walk_away.est < 1 else "the offer is below that, so stay"
    return f"{routes}: staying pays only below {price} of the offered prices; {ahead}"


def options(vendor: VendorRenewal) -> list[tuple[str, str, str, str, str]]:
    """Commitments side by side: name, commitment, expected cost, unused, risk of it; equal ones in one row."""
    named = [
        ("Recommended" if vendor.decision is RenewalDecision.SIGN else "Best of the offer", vendor.recommended),
        ("Least cost", vendor.cheapest),
        (LARGEST, vendor.at_risk),
        ("Signed, or on the table", vendor.committed),
    ]
    merged: list[tuple[list[str], CommitOption]] = []
    for name, found in named:
        if found is None:
            continue
        same = next((names for names, other in merged if abs(other.commit_usd - found.commit_usd) < SMALL_USD), None)
        if same is None:
            merged.append(([name], found))
        elif name != LARGEST:
            same.append(name.lower())
    rows = [
        (
            ", ".join(names),
            usd(found.commit_usd),
            usd(found.cost_usd.est),
            usd(found.unused_usd),
            percent_share(found.unused_risk),
        )
        for names, found in merged
    ]
    return [*rows, ("No contract", "–", usd(vendor.without_usd.est), "–", "–")] if rows else []
