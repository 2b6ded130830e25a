"""FOCUS cost exports, versions 1.0 to 1.2: CSV or Parquet of any provider, of which the lines of AI services are taken.

`BilledCost` is what the invoice asks for; where it is in another currency, Azure has it in dollars beside it. The model
stands in the meter (`SkuMeter`), in a provider's own column (`x_UsageType`, `x_SkuMeterName`) or in the description.
Source: focus.finops.org/focus-specification/v1-2, columns of the Cost and Usage dataset; read 2026-11-28.
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

_AI = "ai and machine learning"
_KINDS = {
    "usage": ChargeKind.USAGE,
    "credit": ChargeKind.CREDIT,
    "adjustment": ChargeKind.CREDIT,
    "tax": ChargeKind.TAX,
    "purchase": ChargeKind.OTHER,
}
_ITEMS = ("x_UsageType", "SkuMeter", "x_SkuMeterName", "ChargeDescription", "ResourceName")
_IN_USD = "x_BilledCostInUsd"
_MODELS = re.compile(r"(?i)bedrock|openai|foundry models|gemini|anthropic|claude")
"""Services that sell models and that a provider may put into another category, as marketplaces do."""
_REGION = re.compile(r"^(?:[A-Z]{2,4}\d?-)?(?:MP:[A-Z0-9]+_)?")


def detects(record: Mapping[str, Any], _settings: ReconcileSettings) -> str | None:
    """Why a record is a line of FOCUS."""
    if {"BilledCost", "ChargePeriodStart"} <= record.keys():
        return "`BilledCost` of AI services, by `ChargePeriodStart` and " + listed_items(record)
    return None


def listed_items(record: Mapping[str, Any]) -> str:
    """The columns of a record that may name a model."""
    return ", ".join(f"`{name}`" for name in _ITEMS if record.get(name)) or "nothing that names a model"


def open_reader(_settings: ReconcileSettings, _first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one line per record."""

    def read(record: Mapping[str, Any]) -> Charges:
        in_usd = record.get(_IN_USD) not in (None, "")
        usd = amount(record.get(_IN_USD if in_usd else "BilledCost"), None if in_usd else record.get("BillingCurrency"))
        service, category = text(record.get("ServiceName")) or "", text(record.get("ServiceCategory"))
        if category and category.lower() != _AI and not _MODELS.search(service):
            return (LeftOutLine(usd),)
        start, end = period(record.get("ChargePeriodStart"), record.get("ChargePeriodEnd"))
        meter = _REGION.sub("", text(either(record, *_ITEMS)) or "")
        kind = _KINDS.get((text(record.get("ChargeCategory")) or "usage").lower(), ChargeKind.OTHER)
        if kind is ChargeKind.USAGE:
            kind = metered_kind(meter, usd)
        item = service if "edition" in service.lower() else meter
        return (BillLine(start=start, end=end, usd=usd, item=item, kind=kind, cached=is_cached(meter)),)

    return read


BILL = BillFormat(
    name="focus",
    summary="FOCUS 1.0 to 1.2 cost export of any provider (CSV, Parquet): its AI services",
    detects=detects,
    open=open_reader,
)
