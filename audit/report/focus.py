"""The audit as cost rows for FinOps tools: one CSV row per route and model that serves it; all columns of FOCUS 1.0.

FOCUS (FinOps Open Cost and Usage Specification): https://focus.finops.org/focus-specification/v1-0/, dataset Cost and
Usage. A log knows neither invoices nor contracts: what the specification lets be empty is empty, list and contracted
cost are what was billed, and names that must be there and are in no log are `unknown`. A billing period is the months
that the log touches; the model stands for the SKU. Columns of our own have the prefix `x_`, as the specification wants.
Five columns stand twice: as the specification spells them, and as `focus-validator` 1.0.0 looks for them.

What was billed and counted is each model's own. What a verdict says is about the whole route, and stands on each of its
rows; but the avoidable cost stands on one, that of the model of most spend that would be replaced, so that the column
adds up to what the report says.

A cost that nobody knows is no cost of 0, and the specification lets none be empty: a model of which no request has a
known cost has no row, and `x_UnpricedRequests` says of how many requests a row's cost does not tell.

`EffectiveCost` equals `BilledCost`: the log knows no amortized commitment. `ChargePeriodEnd` is exclusive. Numbers are
plain decimals; text that a spreadsheet would run as a formula starts with an apostrophe.
"""

from __future__ import annotations

import csv
import json
import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from io import StringIO

from audit.core.display import visible
from audit.core.finding import Findings, RouteFinding
from audit.core.interval import Estimate
from audit.core.mixture import MixRow
from audit.core.policy import bare
from audit.core.rates import SELF_HOSTED

# Full-width forms are read as the plain signs by some spreadsheets. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_CUT = re.compile(rf"(;\s*)(?=[{re.escape(''.join(_FORMULA))}])")

VERSION = "1.0"
UNKNOWN = "unknown"
_NO_VENDORS = SELF_HOSTED | {"openai-compatible", "local", "cassette", "simulated", "simulated-judge"}
"""Providers that say how a model is asked, and not who is paid for it."""
_AS_VALIDATED = {
    "ChargeType": "ChargeCategory",
    "InvoiceIssuer": "InvoiceIssuerName",
    "Provider": "ProviderName",
    "Publisher": "PublisherName",
    "ResourceID": "ResourceId",
}
"""Names under which focus-validator 1.0.0 looks for columns of the specification."""
SPECIFIED = (
    *("AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency"),
    *("BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription"),
    *("ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId"),
    *("CommitmentDiscountName", "CommitmentDiscountStatus", "CommitmentDiscountType", "ConsumedQuantity"),
    *("ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceIssuerName", "ListCost"),
    *("ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName"),
    *("RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName"),
    *("SkuId", "SkuPriceId", "SubAccountId", "SubAccountName", "Tags"),
)
"""Every column of the version."""
COLUMNS = (
    *SPECIFIED,
    *_AS_VALIDATED,
    *("x_AvoidableCost", "x_AvoidableCostHigh", "x_AvoidableCostLow", "x_Candidate", "x_Criteria", "x_Data"),
    *("x_Margin", "x_QualityDelta", "x_QualityDeltaHigh", "x_QualityDeltaLow", "x_Route", "x_RunId"),
    *("x_ShareMoved", "x_UnpricedRequests", "x_Verdict"),
)
"""In the order of the file: the specification's names first, then the others."""

Value = str | float | int | None

_AVOIDABLE = ("x_AvoidableCost", "x_AvoidableCostHigh", "x_AvoidableCostLow")


def focus_csv(findings: Findings) -> str:
    """Render the rows, in the order of the findings; the sum of `BilledCost` is the spend of the log.

    Where nothing was replayed, the columns of the verdict are empty and `x_Verdict` is `not_tested`.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    mixes = {row.name: row for row in findings.mix.by_route}
    for route in findings.routes:
        served = [one for one in _served(route, mixes.get(route.route)) if one.unpriced < max(one.requests, 1)]
        if not served:
            continue
        replaced = next((one for one in served if bare(one.model) != bare(route.recommendation.model or "")), served[0])
        for one in served:
            row = {**dict.fromkeys(SPECIFIED), **_charge(findings, route, one), **_verdict(findings, route)}
            if one is not replaced:
                row |= dict.fromkeys(_AVOIDABLE)
            row |= {validated: row[name] for validated, name in _AS_VALIDATED.items()}
            writer.writerow([_cell(row[column]) for column in COLUMNS])
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Served:
    """What one model served of a route; `unpriced` of its requests are in no dollars."""

    model: str
    requests: int
    spend_usd: float
    unpriced: int


def _served(route: RouteFinding, mix: MixRow | None) -> list[_Served]:
    """What each model served, largest spend first; one row for the whole route where the mix does not add up to it."""
    models = () if mix is None or mix.requests != route.requests else mix.models
    if not math.isclose(sum(one.spend_usd for one in models), route.spend_usd, rel_tol=1e-9, abs_tol=1e-9):
        models = ()
    if models:
        return [_Served(one.model, one.requests, one.spend_usd, one.unpriced_requests) for one in models]
    return [_Served(route.incumbent, route.requests, route.spend_usd, mix.unpriced_requests if mix else 0)]


def _charge(findings: Findings, route: RouteFinding, served: _Served) -> dict[str, Value]:
    start, end = _period(findings)
    first, after = _months(start, end)
    provider = _provider(findings, served.model)
    return {
        "BilledCost": served.spend_usd,
        "BillingAccountId": UNKNOWN,
        "BillingCurrency": "USD",
        "BillingPeriodEnd": after,
        "BillingPeriodStart": first,
        "ChargeCategory": "Usage",
        "ChargeDescription": f"LLM requests of {route.route}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": end,
        "ChargePeriodStart": start,
        "ConsumedQuantity": float(served.requests),
        "ConsumedUnit": "Requests",
        "ContractedCost": served.spend_usd,
        "EffectiveCost": served.spend_usd,
        "InvoiceIssuerName": provider,
        "ListCost": served.spend_usd,
        "PricingCategory": "Other",
        "PricingQuantity": float(served.requests),
        "PricingUnit": "Requests",
        "ProviderName": provider,
        "PublisherName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": served.model,
        "SkuId": served.model,
        "SkuPriceId": served.model,
        "Tags": json.dumps({"route": route.route}, ensure_ascii=False),
        "x_Data": "demo" if findings.demo else "simulated" if findings.simulated else "logged",
        "x_Margin": route.margin,
        "x_Route": route.route,
        "x_RunId": findings.run_id,
        "x_UnpricedRequests": served.unpriced,
    }


def _provider(findings: Findings, model: str) -> str:
    """Who served a model, as the log says, else a tier that asks for it; some only say how it is asked."""
    asked = (tier.get("provider") for tier in findings.provenance.tiers.values() if tier.get("model") == model)
    named = (str(provider) for provider in (findings.mix.providers.get(model), *asked) if provider)
    return next((provider for provider in named if provider not in _NO_VENDORS), UNKNOWN)


def _verdict(findings: Findings, route: RouteFinding) -> dict[str, Value]:
    tested = findings.tested
    return {
        **_ends("x_AvoidableCost", route.avoidable_usd if tested else None),
        **_ends("x_QualityDelta", route.recommendation.deciding_delta if tested else None),
        "x_Criteria": route.recommendation.grade.value if tested and route.recommendation.grade else None,
        "x_Candidate": route.candidate if tested else None,
        "x_ShareMoved": route.share_moved if tested else None,
        "x_Verdict": route.verdict.value if tested else "not_tested",
    }


def _ends(name: str, estimate: Estimate | None) -> dict[str, Value]:
    """An estimate as three columns; an open end is empty."""
    if estimate is None:
        return {name: None, f"{name}High": None, f"{name}Low": None}
    return {name: estimate.est, f"{name}High": estimate.hi, f"{name}Low": estimate.lo}


def _period(findings: Findings) -> tuple[str | None, str | None]:
    """The window as UTC times, the end exclusive; nothing for a log without dates."""
    first, last = findings.window.get("from"), findings.window.get("to")
    if not first or not last:
        return None, None
    after = date.fromisoformat(last[:10]) + timedelta(days=1)
    return f"{first[:10]}T00:00:00Z", f"{after.isoformat()}T00:00:00Z"


def _months(start: str | None, end: str | None) -> tuple[str | None, str | None]:
    """The months that a period touches, the end exclusive."""
    if start is None or end is None:
        return None, None
    first = date.fromisoformat(start[:10]).replace(day=1)
    last = date.fromisoformat(end[:10]) - timedelta(days=1)
    after = (last.replace(day=1) + timedelta(days=31)).replace(day=1)
    return f"{first.isoformat()}T00:00:00Z", f"{after.isoformat()}T00:00:00Z"


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = f"{round(value, 6) + 0.0:.6f}".rstrip("0")  # adding 0.0 turns -0.0 into 0.0
        return f"{text}0" if text.endswith(".") else text
    plain = visible(" ".join(value.split()))
    # Where `;` parts cells, as in many countries, a line is cut there, whatever stands in quotes.
    plain = _CUT.sub(r"\1'", plain)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
