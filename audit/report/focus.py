"""The audit as cost rows for FinOps tools: one CSV row per route, with the columns of FOCUS 1.x that a log can fill.

FOCUS (FinOps Open Cost and Usage Specification): https://focus.finops.org/focus-specification/, dataset Cost and Usage;
the names here are the same in versions 1.0 to 1.4. A request log knows no invoice, so the columns of billing account,
billing period, list price, contract and provider are left out: this is a file to join or to load beside a bill, not a
conforming bill. Columns of our own have the prefix `x_`, as the specification wants.

`EffectiveCost` equals `BilledCost`: the log knows no amortized commitment. `ChargePeriodEnd` is exclusive. Numbers are
plain decimals; text that a spreadsheet would run as a formula starts with an apostrophe.
"""

from __future__ import annotations

import csv
import json
import re
from datetime import date, timedelta
from io import StringIO

from audit.core.display import visible
from audit.core.finding import Findings, RouteFinding
from audit.core.interval import Estimate

# Full-width forms are read as the plain signs by some spreadsheets. https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_CUT = re.compile(rf"(;\s*)(?=[{re.escape(''.join(_FORMULA))}])")

COLUMNS = (
    *("BilledCost", "BillingCurrency", "ChargeCategory", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd"),
    *("ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "EffectiveCost", "ServiceCategory", "ServiceName"),
    *("ServiceSubcategory", "Tags", "x_AvoidableCost", "x_AvoidableCostHigh", "x_AvoidableCostLow", "x_Candidate"),
    *(
        "x_Criteria",
        "x_Data",
        "x_Margin",
        "x_QualityDelta",
        "x_QualityDeltaHigh",
        "x_QualityDeltaLow",
        "x_Route",
        "x_RunId",
    ),
    *("x_ShareMoved", "x_Verdict"),
)
"""In the order of the file: the specification's names first, each part by the alphabet."""

Value = str | float | int | None


def focus_csv(findings: Findings) -> str:
    """Render the rows, in the order of the findings; the sum of `BilledCost` is the spend of the log.

    Where nothing was replayed, the columns of the verdict are empty and `x_Verdict` is `not_tested`.
    """
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for route in findings.routes:
        row = {**_charge(findings, route), **_verdict(findings, route)}
        writer.writerow([_cell(row[column]) for column in COLUMNS])
    return out.getvalue()


def _charge(findings: Findings, route: RouteFinding) -> dict[str, Value]:
    start, end = _period(findings)
    return {
        "BilledCost": route.spend_usd,
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
        "ChargeDescription": f"LLM requests of {route.route}",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": end,
        "ChargePeriodStart": start,
        "ConsumedQuantity": route.requests,
        "ConsumedUnit": "Requests",
        "EffectiveCost": route.spend_usd,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": route.incumbent,
        "ServiceSubcategory": "Generative AI",
        "Tags": json.dumps({"route": route.route}, ensure_ascii=False),
        "x_Data": "demo" if findings.demo else "simulated" if findings.simulated else "logged",
        "x_Margin": route.margin,
        "x_Route": route.route,
        "x_RunId": findings.run_id,
    }


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


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = f"{round(value, 6) + 0.0:.6f}"  # adding 0.0 turns -0.0 into 0.0
        return text.rstrip("0").rstrip(".")
    plain = visible(" ".join(value.split()))
    # Where `;` parts cells, as in many countries, a line is cut there, whatever stands in quotes.
    plain = _CUT.sub(r"\1'", plain)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
