"""FOCUS cost exports, versions 1.0 to 1.2: CSV or Parquet of any provider, of which the lines of AI services are taken.

`BilledCost` is what the invoice asks for; where it is in another currency, Azure has it in dollars beside it. Usage
that a commitment covers is billed at 0 and has an `EffectiveCost`: that is held against the log, and a line of its own
takes it off again, so that the sum is the invoice's. The model stands in the meter (`SkuMeter`), in a provider's own
column (`x_UsageType`, `x_SkuMeterName`) or in the description.
Source: focus.finops.org/focus-specification/v1-2, columns of the Cost and Usage dataset (Billed Cost: usage charges
leave out what a purchase covers); read 2026-11-30.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
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
_BILLED, _EFFECTIVE = "BilledCost", "EffectiveCost"
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
        usd = _usd(record, _BILLED)
        service, category = text(record.get("ServiceName")) or "", text(record.get("ServiceCategory"))
        if category and category.lower() != _AI and not _MODELS.search(service):
            return (LeftOutLine(usd),)
        start, end = period(record.get("ChargePeriodStart"), record.get("ChargePeriodEnd"))
        meter = _REGION.sub("", text(either(record, *_ITEMS)) or "")
        kind = _KINDS.get((text(record.get("ChargeCategory")) or "usage").lower(), ChargeKind.OTHER)
        if kind is ChargeKind.USAGE:
            kind = metered_kind(meter, usd)
        item = service if "edition" in service.lower() else meter
        line = BillLine(start=start, end=end, usd=usd, item=item, kind=kind, cached=is_cached(meter))
        covered = _covered(record) if kind is ChargeKind.USAGE and usd == 0 else 0.0
        if not covered:
            return (line,)
        return replace(line, usd=covered), replace(line, usd=-covered, kind=ChargeKind.COVERED)

    return read


def _usd(record: Mapping[str, Any], column: str) -> float:
    """An amount in dollars; Azure has it beside one in another currency."""
    in_usd = record.get(f"x_{column}InUsd")
    if in_usd not in (None, ""):
        return amount(in_usd)
    return amount(record.get(column), record.get("BillingCurrency"))


def _covered(record: Mapping[str, Any]) -> float:
    """What a commitment paid for a row's usage; what it left unused is no usage."""
    if record.get(_EFFECTIVE) in (None, "") or (text(record.get("CommitmentDiscountStatus")) or "").lower() == "unused":
        return 0.0
    return max(_usd(record, _EFFECTIVE), 0.0)


BILL = BillFormat(
    name="focus",
    summary="FOCUS 1.0 to 1.2 cost export of any provider (CSV, Parquet): its AI services",
    detects=detects,
    open=open_reader,
)
