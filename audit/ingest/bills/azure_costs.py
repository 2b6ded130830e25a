"""Azure's cost and usage details: the file of Cost Management, of every kind of account.

Columns are written `CostInBillingCurrency` (EA), `costInBillingCurrency` (MCA) or `PreTaxCost` (pay-as-you-go); days
like 09/30/2026. Where the file has dollars beside another currency (`costInUsd`), those are taken. The model stands in
the meter, which leaves the family out where the product has it: `5.4 cd inp Gl 1M Tokens` of `Azure OpenAI GPT5`.
Source: learn.microsoft.com/azure/cost-management-billing/dataset-schema, versions 2024-08-01 (EA), 2023-12-01-preview
(MCA) and 2019-11-01 (pay-as-you-go); read 2026-11-30.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reconciliation import BillLine, ChargeKind
from audit.core.settings import ReconcileSettings
from audit.ingest.billing.amounts import amount, either, period
from audit.ingest.billing.charges import is_cached, metered_kind
from audit.ingest.bills import BillFormat, ChargeReader, Charges, LeftOutLine
from audit.ingest.values import text

_COSTS = ("costinusd", "costinbillingcurrency", "pretaxcost", "cost")
_DAYS = ("date", "usagedatetime", "usagedate")
_CURRENCIES = ("billingcurrencycode", "billingcurrency", "currency")
_MODELS = re.compile(r"(?i)openai|foundry models|deepseek|grok|mistral|llama|cohere|claude|anthropic|phi-|kimi|mai-")
_FAMILIES = {"openai": "gpt", "deepseek": "deepseek", "grok": "grok", "mistral": "mistral", "llama": "llama"}
_SLASHED = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
_KINDS = {
    "purchase": ChargeKind.OTHER,
    "unusedreservation": ChargeKind.OTHER,
    "unusedsavingsplan": ChargeKind.OTHER,
    "refund": ChargeKind.CREDIT,
    "adjustment": ChargeKind.CREDIT,
    "roundingadjustment": ChargeKind.CREDIT,
    "tax": ChargeKind.TAX,
}


def detects(record: Mapping[str, Any], _settings: ReconcileSettings) -> str | None:
    """Why a record is a line of such a file."""
    names = {column.lower(): column for column in record}
    cost = next((names[one] for one in _COSTS if one in names), None)
    if cost is None or not {"metername", "metercategory"} <= names.keys():
        return None
    return f"`{cost}` of the lines of Azure OpenAI and Foundry models, by `{names['metername']}`"


def open_reader(_settings: ReconcileSettings, _first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one line per record."""

    def read(record: Mapping[str, Any]) -> Charges:
        row = {column.lower(): value for column, value in record.items()}
        currency = "USD" if row.get("costinusd") not in (None, "") else either(row, *_CURRENCIES)
        usd = amount(either(row, *_COSTS), currency)
        product = " ".join(text(row.get(name)) or "" for name in ("metersubcategory", "productname", "product"))
        meter = text(row.get("metername")) or ""
        if not _MODELS.search(f"{row.get('metercategory')} {product} {meter} {row.get('publishername')}"):
            return (LeftOutLine(usd),)
        day = either(row, *_DAYS)
        start, end = period(day, None, "%m/%d/%Y" if _SLASHED.fullmatch(str(day)) else None)
        word = (text(row.get("chargetype")) or "usage").lower()
        kind = _KINDS.get(word) or metered_kind(meter, usd)
        return (
            BillLine(start=start, end=end, usd=usd, item=named(meter, product), kind=kind, cached=is_cached(meter)),
        )

    return read


def named(meter: str, product: str) -> str:
    """The meter with the model's family before it, where the product alone has that."""
    family = next((name for word, name in _FAMILIES.items() if word in product.lower()), "")
    starts_bare = re.match(r"(?i)(\d|v\d)", meter) is not None
    return f"{family} {meter}" if family and starts_bare else meter


BILL = BillFormat(
    name="azure-costs",
    summary="Azure's cost and usage details (CSV, Parquet): its models",
    detects=detects,
    open=open_reader,
)
