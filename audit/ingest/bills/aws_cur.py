"""AWS Cost and Usage Reports: CUR 2.0 of Data Exports and the classic one, of which the lines of Bedrock are taken.

Each class of tokens is a line of its own: `USE1-Claude3Sonnet-input-tokens`, `...-cache-read-input-token-count`.
Models sold through the Marketplace are named by the product: `Claude 3.5 Sonnet (Amazon Bedrock Edition)`. The cost is
the unblended one. Accounts with discounts have a net cost beside it: what that is less by is a credit, and lines of
discounts, which say it again, are taken at their net cost. Times are UTC. CUR 2.0 has the product's attributes in one
column, a map.
Source: docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html and
docs.aws.amazon.com/bedrock/latest/userguide/cost-mgmt-understanding-cur-data.html; read 2026-11-28.
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
from audit.ingest.values import obj, text, unpacked

_KINDS = {
    "usage": ChargeKind.USAGE,
    "discountedusage": ChargeKind.USAGE,
    "savingsplancoveredusage": ChargeKind.USAGE,
    "credit": ChargeKind.CREDIT,
    "refund": ChargeKind.CREDIT,
    "bundleddiscount": ChargeKind.CREDIT,
    "discount": ChargeKind.CREDIT,
    "edpdiscount": ChargeKind.CREDIT,
    "privateratediscount": ChargeKind.CREDIT,
    "savingsplannegation": ChargeKind.CREDIT,
    "tax": ChargeKind.TAX,
}
_REGION = re.compile(r"^(?:[A-Z]{2,4}\d?-)?(?:MP:[A-Z0-9]+_)?")


def detects(record: Mapping[str, Any], _settings: ReconcileSettings) -> str | None:
    """Why a record is a line of such a report."""
    for cost in ("line_item_unblended_cost", "lineItem/UnblendedCost"):
        if cost in record:
            return f"`{cost}` of the lines of Bedrock, by usage type or product"
    return None


_DISCOUNTS = frozenset(("edpdiscount", "privateratediscount", "bundleddiscount", "discount"))
"""Lines that say apart what the net costs of others have taken off already."""
_COST = ("line_item_unblended_cost", "lineItem/UnblendedCost")
LEAST_USD = 1e-12
"""What is less is no amount, but what is left of subtracting two."""
_NET = ("line_item_net_unblended_cost", "lineItem/NetUnblendedCost")


def open_reader(_settings: ReconcileSettings, first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one line per record."""
    has_net = any(either(record, *_NET) is not None for record in first)

    def read(record: Mapping[str, Any]) -> Charges:
        currency = either(record, "line_item_currency_code", "lineItem/CurrencyCode")
        cost, net = either(record, *_COST), either(record, *_NET)
        product, usage = _product(record), text(either(record, "line_item_usage_type", "lineItem/UsageType")) or ""
        if "bedrock" not in _about(record, product).lower():
            return (LeftOutLine(amount(cost, currency)),)
        usd = amount(cost, currency)
        start, end = period(
            either(record, "line_item_usage_start_date", "lineItem/UsageStartDate"),
            either(record, "line_item_usage_end_date", "lineItem/UsageEndDate"),
        )
        word = text(either(record, "line_item_line_item_type", "lineItem/LineItemType")) or "Usage"
        kind = _KINDS.get(word.lower(), ChargeKind.OTHER)
        off = amount(net, currency) - usd if net is not None else 0.0
        if has_net and word.lower() in _DISCOUNTS:
            usd, off = usd + off if net is not None else 0.0, 0.0
        if kind is ChargeKind.USAGE:
            kind = metered_kind(usage, usd)
        item = product if "edition" in product.lower() else _REGION.sub("", usage)
        line = BillLine(start=start, end=end, usd=usd, item=item, kind=kind, cached=is_cached(usage))
        return (line, replace(line, usd=off, kind=ChargeKind.CREDIT)) if abs(off) > LEAST_USD else (line,)

    return read


def _product(record: Mapping[str, Any]) -> str:
    """The name of the product, from the map of CUR 2.0 or the column of the classic report."""
    named = text(either(record, "product_product_name", "product/ProductName"))
    return named or text(obj(unpacked(record.get("product"))).get("product_name")) or ""


def _about(record: Mapping[str, Any], product: str) -> str:
    """What a line may say of its service."""
    columns = ("line_item_product_code", "lineItem/ProductCode", "product_servicecode", "product/servicecode")
    told = (text(record.get(column)) or "" for column in (*columns, "line_item_line_item_description"))
    return " ".join((product, *told))


BILL = BillFormat(
    name="aws-cur",
    summary="AWS Cost and Usage Report, 2.0 or classic (CSV, Parquet): its lines of Bedrock",
    detects=detects,
    open=open_reader,
)
