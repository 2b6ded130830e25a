"""Every assumption behind a renewal as a named line with its origin, and what to know before signing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from audit.core.contract import ContractSettings, ModelPrice, Scenario, VendorSettings, probabilities
from audit.core.criteria import proven_by
from audit.core.display import count, listing, percent, percent_brief, percent_share, plural, usd, usd_interval
from audit.core.finding import Findings, Verdict
from audit.core.levers import LeverLine, LeverName
from audit.core.renewal import Assumption, Origin, RenewalDecision, VendorRenewal
from audit.renewal.demand import Demand, freed_usd, is_move
from audit.renewal.rates import Rate, charged_share

ROUTES_SHOWN = 12
TOLD_SHARE = 0.01
"""Of the log's spend: levers that nobody pulls are told from there on."""


def assumptions_of(
    findings: Findings, contract: ContractSettings, demand: Demand, rates: Mapping[str, Rate]
) -> tuple[Assumption, ...]:
    """All lines, in the order of `audit.yaml`, then what was measured."""
    return (
        *_term(findings, contract, demand),
        *_growth(contract),
        *(line for index, vendor in enumerate(contract.vendors) for line in _vendor(index, vendor, contract)),
        *_outside(demand, rates),
        *_measured(findings, contract),
    )


def lines_of(findings: Findings, levers: Collection[LeverName]) -> list[LeverLine]:
    """The ledger's lines of some levers that take something."""
    lines = () if findings.mix.levers is None else findings.mix.levers.lines
    return [line for line in lines if line.lever in levers and line.usd > 0]


def _line(key: str, value: str, said: bool) -> Assumption:
    return Assumption(key=key, value=value, origin=Origin.CONTRACT if said else Origin.ASSUMED)


def _term(findings: Findings, contract: ContractSettings, demand: Demand) -> Iterator[Assumption]:
    said = contract.model_fields_set
    yield _line("contract.months", plural(contract.months, "month"), "months" in said)
    starts = demand.starts.isoformat() if demand.starts else "unknown: the log has no dates"
    yield _line("contract.starts", starts, "starts" in said)
    months = contract.moves_after
    after = f"{plural(months, 'month')} into the term" if months else "when the term starts"
    yield _line("contract.risk", f"{percent(contract.risk)} to pay for unused commitment", "risk" in said)
    yield _line(
        "contract.moves_after",
        f"the proven moves are made {after}",
        "moves_after" in said,
    )
    names = listing([lever.words for lever in contract.levers])
    yield _line("contract.levers", f"{names}: pulled {after}" if names else "none is pulled", "levers" in said)
    if not findings.days:
        yield _line("log window", "the log has no dates: it is taken for one month", said=False)


def _growth(contract: ContractSettings) -> Iterator[Assumption]:
    said = "growth" in contract.model_fields_set
    for scenario, chance in zip(contract.growth, probabilities(contract.growth), strict=True):
        yield _line(f"contract.growth.{scenario.name}", f"{percent(chance)}: {_course(scenario)}", said)


def _course(scenario: Scenario) -> str:
    parts = [f"volume {_signed(scenario.monthly)} a month" if scenario.monthly else "the log's volume"]
    if scenario.spread:
        parts.append(f"spread {percent(scenario.spread)}")
    parts += [f"{entry.match} at {percent(entry.volume)}" for entry in scenario.routes]
    return ", ".join(parts)


def _signed(change: float) -> str:
    return ("+" if change > 0 else "") + percent_brief(change)


def _vendor(index: int, vendor: VendorSettings, contract: ContractSettings) -> Iterator[Assumption]:
    key, said = f"contract.vendors[{index}] {vendor.name}", vendor.model_fields_set
    yield _line(f"{key}.models", listing(vendor.models), said=True)
    yield _line(f"{key}.discount", f"{percent_brief(vendor.discount)} off the log's prices", "discount" in said)
    for entry in vendor.prices:
        yield _line(f"{key}.prices {entry.model}", _price(entry), said=True)
    yield _line(f"{key}.minimum_usd", f"{usd(vendor.minimum_usd)} at least", "minimum_usd" in said)
    if vendor.committed_usd is not None:
        yield _line(f"{key}.committed_usd", f"{usd(vendor.committed_usd)} signed, or on the table", said=True)
    yield _line(f"{key}.overage", f"{percent(vendor.overage)} of the price beyond the commitment", "overage" in said)
    without = f"{percent(vendor.without_contract)} of the log's prices without a contract"
    yield _line(f"{key}.without_contract", without, "without_contract" in said)
    for tier in vendor.discounts:
        yield _line(f"{key}.discounts", f"{percent_brief(tier.discount)} from {usd(tier.from_usd)} on", said=True)
    for part in vendor.classes:
        value = f"{percent(part.share)} of the spend at {percent(part.price)} of the price"
        yield _line(f"{key}.classes {part.name}", value, said=True)
    if vendor.capacity is not None:
        fee, limit = usd(vendor.capacity.monthly_usd), usd(vendor.capacity.covers_usd)
        yield _line(f"{key}.capacity", f"{fee} a month covers use worth {limit}", said=True)
    for retiring in vendor.retires:
        own = f"{key}.retires {retiring.model}"
        yield _line(own, f"switched off on {retiring.on}", said=True)
        value = f"its successor costs {percent(retiring.price)} of it"
        yield _line(f"{own}.price", value, "price" in retiring.model_fields_set)


def _price(entry: ModelPrice) -> str:
    if entry.discount is not None:
        return f"{percent_brief(entry.discount)} off the log's prices"
    cached = "" if entry.cached_input is None else f", {entry.cached_input:g} cached"
    return f"${entry.input:g} in, ${entry.output:g} out{cached} per million tokens"


def _outside(demand: Demand, rates: Mapping[str, Rate]) -> Iterator[Assumption]:
    names = sorted(model for model in demand.monthly if rates[model].vendor is None)
    if names:
        yield _line("no vendor", f"{listing(names)}: no contract, at the log's prices", said=False)


def _measured(findings: Findings, contract: ContractSettings) -> Iterator[Assumption]:
    days = plural(findings.days, "day")
    value = f"{usd(findings.spend_usd)} for {count(findings.requests)} requests in {days}"
    yield Assumption(key="spend of the log", value=value, origin=Origin.MEASURED)
    for line in lines_of(findings, contract.levers):
        value = f"{usd(line.usd)} of the log's spend, {line.basis}"
        yield Assumption(key=f"lever {line.lever.words}", value=value, origin=Origin.MEASURED)
    moving = [route for route in findings.routes if is_move(route)]
    for route in moving[:ROUTES_SHOWN]:
        value = f"{usd_interval(route.avoidable_usd)} avoidable, to {route.candidate}"
        value += f", proven by {proven_by(route.recommendation.grade)}"
        yield Assumption(key=f"route {route.route or '(no route)'}", value=value, origin=Origin.MEASURED)
        if route.verdict is Verdict.SPLIT:
            value = f"{usd(freed_usd(route))} of the log's spend moves"
            yield Assumption(key=f"route {route.route or '(no route)'}", value=value, origin=Origin.MEASURED)
    if moving:
        error, together = percent_brief(1 - findings.confidence), findings.guarantee == "portfolio"
        wrong = "they are wrong, all at once," if together else "each is wrong, by itself,"
        value = f"{wrong} in {error} of the draws: the move is taken back for the whole term"
        yield Assumption(key="verdicts of the moves", value=value, origin=Origin.ASSUMED)
    if len(moving) > ROUTES_SHOWN:
        value = f"{usd_interval(findings.avoidable_usd)} avoidable over all routes"
        yield Assumption(key=f"{len(moving) - ROUTES_SHOWN} more routes", value=value, origin=Origin.MEASURED)
    rest = len(findings.routes) - len(moving)
    if rest:
        value = f"{plural(rest, 'route')} without a proven move: unchanged, $0 saved"
        yield Assumption(key="other routes", value=value, origin=Origin.MEASURED)
    for name in sorted({route.candidate for route in moving if route.candidate}):
        if (tier := findings.provenance.tiers.get(name)) is not None:
            price, vendor, charged = tier["price"], contract.vendor_of(tier["model"]), charged_share(tier)
            full = 1.0 if vendor is None else charged
            source = price.get("source", "audit.yaml")
            own = source == "audit.yaml"
            value = f"${price['input'] / full:g} in, ${price['output'] / full:g} out per million tokens"
            value += "" if own else f", {source}"
            value += f", of {day}" if (day := price.get("as_of")) else ""
            if charged < 1:
                off = f"its discount of {percent_brief(1 - charged)} in `tiers`"
                value += f"; {off} is taken off" if vendor is None else f"; {vendor.name}'s terms replace {off}"
            origin = Origin.CONTRACT if own else Origin.LIST_PRICE
            yield Assumption(key=f"price of tier {name}", value=value, origin=origin)


def warnings_of(findings: Findings, contract: ContractSettings, vendors: Sequence[VendorRenewal]) -> tuple[str, ...]:
    """What to know before signing, what matters most first."""
    found = []
    if not any(is_move(route) for route in findings.routes):
        found.append("Nothing was proven to move, so the need is today's traffic.")
    for vendor in vendors:
        if not vendor.within_risk and vendor.recommended is not None and vendor.decision is RenewalDecision.SIGN:
            chance = percent_share(vendor.recommended.unused_risk)
            found.append(
                f"{vendor.name}: the floor of {usd(vendor.minimum_usd)} is not used up in {chance} of the draws, "
                f"more than the accepted {percent(contract.risk)}."
            )
        found += [
            f"{vendor.name}: {entry.model} is switched off on {entry.on}, and {usd(entry.spend_usd)} of use has no "
            "proven successor; audit one before you sign."
            for entry in vendor.retirements
            if not entry.proven
        ]
        if vendor.capacity is not None and vendor.capacity.saves_usd < 0:
            found.append(
                f"{vendor.name}: the capacity costs {usd(vendor.capacity.fees_usd)} and replaces use worth "
                f"{usd(vendor.capacity.replaces_usd)}; paying by token is cheaper."
            )
        signs = vendor.decision is RenewalDecision.SIGN
        if signs and vendor.tier_lost_usd >= 0.005:
            found.append(f"{vendor.name}: the moves lose discount worth {usd(vendor.tier_lost_usd)}.")
    found += _billed_above(findings, contract)
    found += _idle_levers(findings, contract)
    if (unsettled := sum(route.spend_usd for route in findings.routes if route.verdict is Verdict.NOT_PROVEN)) > 0:
        found.append(f"{usd(unsettled)} of the log's spend is not proven either way; a commitment may lock it in.")
    unknown = [
        route.route
        for route in findings.routes
        if is_move(route) and (route.avoidable_usd.lo is None or route.avoidable_usd.hi is None)
    ]
    if unknown:
        found.append(f"{listing(unknown)}: the saving has an open interval; $0 and all of the spend are its ends.")
    return tuple(found)


def _billed_above(findings: Findings, contract: ContractSettings) -> Iterator[str]:
    """A word on models that two vendors name: the first of them bills, and the other's terms count for nothing."""
    models = {model for route in findings.routes for model in route.incumbents}
    models |= {model for route in findings.routes if is_move(route) and (model := route.recommendation.model)}
    for vendor in contract.vendors:
        taken: dict[str, list[str]] = {}
        for model in sorted(filter(vendor.bills, models)):
            first = contract.vendor_of(model)
            if first is not None and first is not vendor:
                taken.setdefault(first.name, []).append(model)
        for name, named in taken.items():
            verb = "is" if len(named) == 1 else "are"
            yield (
                f"{vendor.name}: {listing(named)} {verb} billed by {name}, which stands above it; these terms do not "
                "count."
            )


def _idle_levers(findings: Findings, contract: ContractSettings) -> Iterator[str]:
    """A word on levers that would lower the need and are not pulled: a commitment is hard to take back."""
    idle = lines_of(findings, [lever for lever in LeverName if lever not in contract.levers])
    taken = sum(line.usd for line in idle)
    if idle and taken >= TOLD_SHARE * findings.spend_usd:
        names = listing([line.lever.words for line in idle])
        yield (
            f"The lever ledger takes {usd(taken)} of the log's spend ({names}), and no commitment here allows for it; "
            "name those that you will pull in `levers` of `contract:`."
        )
