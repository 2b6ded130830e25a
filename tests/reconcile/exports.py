"""The same charges as each vendor exports them, by the pages that the readers cite.

With what stands beside them on bills: other services, credits inside and outside of rows, taxes, support, totals, empty
lines, another currency.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

from audit.core.reconciliation import Cause, ChargeKind, Uncounted

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Charge = tuple[datetime, str, float]
"""The hour, the model as the log has it, and USD."""


@dataclass(frozen=True, slots=True)
class Export:
    """A vendor's file.

    Attributes:
        suffix: Of the file.
        models: The log's names of the three models of the planted world.
        text: The file with these charges.
        named: What stands on it beside them, as steps.
        left_out: Of its lines, those that are in no sum.
    """

    suffix: str
    models: dict[str, str]
    text: Callable[[list[Charge]], str]
    named: frozenset[Cause | ChargeKind] = frozenset()
    left_out: frozenset[Uncounted] = frozenset()


def summed(charges: list[Charge], step: timedelta) -> Iterator[Charge]:
    """The charges by hour or day, and model."""
    found: dict[tuple[datetime, str], float] = defaultdict(float)
    for at, model, usd in charges:
        start = at.replace(minute=0, second=0, microsecond=0, **({"hour": 0} if step == DAY else {}))
        found[start, model] += usd
    yield from ((start, model, usd) for (start, model), usd in sorted(found.items()))


def table(head: list[str], rows: list[list[Any]], above: str = "") -> str:
    """CSV."""
    out = StringIO()
    csv.writer(out).writerows([head, *rows])
    return above + out.getvalue()


def cur(charges: list[Charge]) -> str:
    """AWS: hours of each usage type, input and output apart, of two accounts; a month's support, tax and credit."""
    head = ["line_item_usage_start_date", "line_item_usage_end_date", "line_item_line_item_type"]
    head += ["line_item_product_code", "line_item_usage_type", "line_item_unblended_cost", "line_item_currency_code"]
    head += ["line_item_usage_account_id", "bill_invoice_id", "product"]
    rows: list[list[Any]] = []
    names = {"claude-3-sonnet": "Claude3Sonnet", "claude-3-haiku": "Claude3Haiku", "nova-lite": "NovaLite"}

    def row(start: datetime, end: datetime, kind: str, code: str, usage: str, usd: float) -> list[Any]:
        times = [f"{moment:%Y-%m-%d %H:%M:%S}" for moment in (start, end)]
        product = json.dumps({"product_name": "Amazon Bedrock" if code == "AmazonBedrock" else code})
        return [*times, kind, code, usage, f"{usd:.10f}", "USD", f"{len(rows) % 2:012}", "7", product]

    for at, model, usd in summed(charges, HOUR):
        for part, word in ((0.25, "input-tokens"), (0.75, "output-tokens")):
            rows.append(row(at, at + HOUR, "Usage", "AmazonBedrock", f"USE1-{names[model]}-{word}", usd * part))
    first, last = charges[0][0].replace(day=1, hour=0, minute=0, second=0, microsecond=0), charges[-1][0]
    month = first, (last + 31 * DAY).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows.append(row(*month, "Credit", "AmazonBedrock", "USE1-Claude3Sonnet-input-tokens", -3.5))
    rows.append(row(*month, "Tax", "AmazonBedrock", "", 12.25))
    rows.append(row(*month, "Fee", "AWSSupportBusiness", "", 100.0))
    rows.append(row(first, first + HOUR, "Usage", "AmazonEC2", "BoxUsage:m7g.large", 40.0))
    return table(head, rows)


def focus(charges: list[Charge]) -> str:
    """FOCUS 1.2: half of the usage is covered by a commitment, whose unused part and price stand there too."""
    head = ["BilledCost", "EffectiveCost", "BillingCurrency", "ChargeCategory", "ChargeClass", "ChargeDescription"]
    head += ["ChargePeriodStart", "ChargePeriodEnd", "CommitmentDiscountStatus", "InvoiceId", "ServiceCategory"]
    head += ["ServiceName", "SkuMeter", "SubAccountId"]
    ai, rows = "AI and Machine Learning", []

    def row(
        start: datetime, usd: float, effective: float, kind: str, status: str, meter: str, category: str = ai
    ) -> None:
        times = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (start, start + DAY)]
        service = "Azure OpenAI" if category == ai else category
        rows.append([usd, effective, "USD", kind, "", meter, *times, status, "I-1", category, service, meter, "s"])

    for at, model, usd in summed(charges, DAY):
        row(at, 0.0, usd / 2, "Usage", "Used", f"{model.replace('-', ' ')} Inp glbl Tokens")
        row(at, usd / 2, usd / 2, "Usage", "", f"{model.replace('-', ' ')} Outp glbl Tokens")
        row(at, 0.0, 0.3, "Usage", "Unused", f"{model.replace('-', ' ')} Inp glbl Tokens")
    row(charges[0][0], 500.0, 0.0, "Purchase", "", "Commitment")
    row(charges[0][0], -4.0, -4.0, "Credit", "", "Promotional credit")
    row(charges[0][0], 7.0, 7.0, "Usage", "", "Disk", "Storage")
    return table(head, rows)


def azure(charges: list[Charge]) -> str:
    """Azure, MCA: days like 09/30/2026, euros with dollars beside them, capacity by the hour, a refund."""
    head = ["invoiceId", "date", "consumedService", "meterName", "meterCategory", "meterSubCategory", "ProductName"]
    head += ["SubscriptionId", "chargeType", "pricingModel", "billingCurrency", "costInBillingCurrency", "costInUsd"]
    rows: list[list[Any]] = []

    def row(at: datetime, meter: str, category: str, kind: str, usd: float) -> None:
        product = "Azure OpenAI" if category == "Foundry Models" else category
        cells = [meter, category, product, product, "s1", kind, "OnDemand", "EUR", usd * 0.9, usd]
        rows.append(["E1", f"{at:%m/%d/%Y}", "Microsoft.CognitiveServices", *cells])

    for at, model, usd in summed(charges, DAY):
        row(at, f"{model.replace('-', ' ')} Inp glbl Tokens", "Foundry Models", "Usage", usd)
    row(charges[0][0], "Provisioned Managed Global Unit", "Foundry Models", "Usage", 24.0)
    row(charges[0][0], f"{charges[0][1].replace('-', ' ')} Inp glbl Tokens", "Foundry Models", "Refund", -2.0)
    row(charges[0][0], "P10 LRS Disk", "Storage", "Usage", 10.0)
    return table(head, rows)


def google_export(charges: list[Charge]) -> str:
    """Google's export: hours in another currency by the row's own rate, a credit in each tenth row, a tax for all."""
    lines = []
    for number, (at, model, usd) in enumerate(summed(charges, HOUR)):
        title = model.replace("-", " ").title()
        granted = [{"name": "Promotion", "amount": -0.5 * 31.5, "type": "PROMOTION"}] if number % 10 == 0 else []
        lines.append(
            {
                "service": {"description": "Vertex AI"},
                "sku": {"description": f"{title} GA Text Input - Predictions"},
                "usage_start_time": f"{at:%Y-%m-%d %H:%M:%S} UTC",
                "usage_end_time": f"{at + HOUR:%Y-%m-%d %H:%M:%S} UTC",
                "project": {"id": "p"},
                "cost": usd * 31.5,
                "currency": "TWD",
                "currency_conversion_rate": 31.5,
                "credits": granted,
                "invoice": {"month": f"{at:%Y%m}"},
                "cost_type": "regular",
            }
        )
    tax = {"service": {"description": "Invoice"}, "sku": {"description": "Tax"}, "cost": 300.0, "cost_type": "tax"}
    lines.append(lines[-1] | tax | {"credits": []})
    return "".join(json.dumps(line) + "\n" for line in lines)


def google_report(charges: list[Charge]) -> str:
    """Google's report: days, amounts to six digits, other services, and a line of totals."""
    head = ["Date", "Service description", "Service ID", "SKU description", "SKU ID", "Usage amount", "Usage unit"]
    head += ["List cost ($)", "Other savings ($)", "Unrounded subtotal ($)", "Subtotal ($)"]
    rows = []
    for at, model, usd in summed(charges, DAY):
        sku = f"Generate content output token count {model.replace('-', ' ')} short input text"
        rows.append(
            [f"{at:%Y-%m-%d}", "Gemini API", "A", sku, "S", "622,403", "count", usd, 0, f"{usd:.6f}", round(usd, 2)]
        )
    rows.append(
        [f"{charges[0][0]:%Y-%m-%d}", "Cloud Storage", "B", "Standard Storage", "T", "1", "gib", 3, 0, "3.000000", 3]
    )
    total = sum(float(row[-2]) for row in rows)
    return table(head, [*rows, ["", "", "", "", "", "", "", total, 0, f"{total:.6f}", round(total, 2)]])


def openai(charges: list[Charge]) -> str:
    """OpenAI's page: a bucket a day, input and output apart, tools without a model, a day without anything."""
    buckets: dict[datetime, list[dict[str, Any]]] = defaultdict(list)
    for at, model, usd in summed(charges, DAY):
        for part, word in ((0.3, "input"), (0.7, "output")):
            paid = {"value": usd * part, "currency": "usd"}
            line = {"object": "organization.costs.result", "amount": paid, "line_item": f"{model}, {word}"}
            buckets[at].append(line | {"project_id": "proj"})
    data = [
        {
            "object": "bucket",
            "start_time": int(at.timestamp()),
            "end_time": int((at + DAY).timestamp()),
            "results": held,
        }
        for at, held in sorted(buckets.items())
    ]
    after = data[-1]["end_time"]
    data.append({"object": "bucket", "start_time": after, "end_time": after + 86_400, "results": []})
    return json.dumps({"object": "page", "data": data, "has_more": False, "next_page": None})


def anthropic(charges: list[Charge]) -> str:
    """Anthropic's report: decimal texts in cents, classes of tokens apart, a search without a model."""
    buckets: dict[datetime, list[dict[str, Any]]] = defaultdict(list)
    for at, model, usd in summed(charges, DAY):
        for part, word in ((0.3, "uncached_input_tokens"), (0.7, "output_tokens")):
            line = {"currency": "USD", "amount": f"{usd * part * 100:.10f}", "workspace_id": None, "model": model}
            buckets[at].append(line | {"cost_type": "tokens", "token_type": word})
    first = min(buckets)
    buckets[first].append({"currency": "USD", "amount": "250", "model": None, "cost_type": "web_search"})
    data = [
        {"starting_at": f"{at:%Y-%m-%dT00:00:00Z}", "ending_at": f"{at + DAY:%Y-%m-%dT00:00:00Z}", "results": held}
        for at, held in sorted(buckets.items())
    ]
    return json.dumps({"data": data, "has_more": False, "next_page": None})


def european(charges: list[Charge]) -> str:
    """A reseller's invoice: lines above the table, decimal commas, thousands, empty lines, subtotals, a total."""
    rows, sums = [], defaultdict(float)
    for at, model, usd in summed(charges, DAY):
        usd = round(usd * 1000, 2)
        rows.append([f"{at:%Y-%m-%d}", model, _comma(usd)])
        sums[model] += usd
    last = rows[-1][0]
    rows += [["", "", ""], *([last, f"Subtotal {model}", _comma(usd)] for model, usd in sums.items())]
    rows += [[last, "Rabatt", _comma(-50.0)], ["", "MwSt. 19%", _comma(190.0)], ["", "", ""]]
    rows += [[last, "Rechnungsbetrag", _comma(sum(sums.values()) + 140.0)]]
    above = "Rechnung;4711\nKunde;Acme\nWährung;USD\n\n"
    return table(["Date", "Model", "Amount (USD)"], rows, above.replace(";", ","))


def _comma(usd: float) -> str:
    return f"{usd:,.2f}".translate(str.maketrans(",.", ".,"))


OPENAI = {"large": "gpt-4o", "small": "gpt-4o-mini", "other": "gpt-4.1"}
CLAUDE = {
    "large": "claude-opus-4-1-20250805",
    "small": "claude-3-5-haiku-20241022",
    "other": "claude-sonnet-4-20250514",
}
BEDROCK = {"large": "claude-3-sonnet", "small": "claude-3-haiku", "other": "nova-lite"}
GEMINI = {"large": "gemini-2.5-pro", "small": "gemini-2.5-flash-lite", "other": "gemini-2.5-flash"}
CREDIT, TAX, OTHER = ChargeKind.CREDIT, ChargeKind.TAX, ChargeKind.OTHER
ELSE = frozenset({Uncounted.OTHER_SERVICE})

EXPORTS: dict[str, Export] = {
    "aws": Export(".csv", BEDROCK, cur, frozenset({CREDIT, TAX}), ELSE),
    "focus": Export(".csv", OPENAI, focus, frozenset({CREDIT, OTHER, ChargeKind.COVERED}), ELSE),
    "azure": Export(".csv", OPENAI, azure, frozenset({CREDIT, ChargeKind.CAPACITY}), ELSE),
    "google export": Export(".jsonl", GEMINI, google_export, frozenset({CREDIT}), ELSE),
    "google report": Export(".csv", GEMINI, google_report, frozenset(), ELSE | {Uncounted.TOTAL}),
    "openai": Export(".json", OPENAI, openai),
    "anthropic": Export(".json", CLAUDE, anthropic, frozenset({ChargeKind.USAGE})),
    "european": Export(".csv", OPENAI, european, frozenset({CREDIT, TAX}), frozenset({Uncounted.TOTAL})),
}
