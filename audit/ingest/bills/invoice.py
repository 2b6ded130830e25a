"""Any bill with a line a row: an invoice as CSV, by the columns that `reconcile.columns` names or by their usual names.

Times without a zone are the bill's own, whatever they are: comparing finds out by how many hours they are off.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.core.errors import InputError
from audit.core.reconciliation import BillLine, ChargeKind
from audit.core.settings import BillColumns, ReconcileSettings
from audit.ingest.billed import amount, period
from audit.ingest.bills import BillFormat, ChargeReader, Charges
from audit.ingest.values import text

_USUAL = {
    "day": ("day", "date", "usage_date", "usage_date_utc", "usage_day", "start", "start_date", "start_time",
            "period_start", "timestamp", "time", "month", "billing_month"),
    "end": ("end", "end_date", "end_time", "period_end"),
    "amount": ("amount_usd", "cost_usd", "usd", "amount", "cost", "total_cost", "total_usd", "charge", "price", "spend",
               "net_amount", "total"),
    "model": ("model", "model_name", "model_id", "sku", "item", "line_item", "product", "description"),
    "kind": ("type", "kind", "category", "charge_type", "line_type"),
    "currency": ("currency", "currency_code", "amount_currency"),
}  # fmt: skip
_KINDS = (
    (("credit", "discount", "refund", "promo", "rebate", "adjust"), ChargeKind.CREDIT),
    (("tax", "vat", "gst", "mwst"), ChargeKind.TAX),
    (("fee", "commit", "purchase", "subscription", "support", "seat", "minimum", "surcharge"), ChargeKind.OTHER),
)


def columns_of(record: Mapping[str, Any], told: BillColumns | None) -> dict[str, str]:
    """Which column is taken for what: as `reconcile.columns` says, else by the usual names."""
    said = {name: column for name, column in (told.model_dump() if told else {}).items() if column}
    said.pop("day_format", None)
    if said:
        return said
    plain = {column.lower().replace(" ", "_").replace("(", "").replace(")", ""): column for column in map(str, record)}
    found = {name: next((plain[usual] for usual in names if usual in plain), None) for name, names in _USUAL.items()}
    return {name: column for name, column in found.items() if column}


def detects(record: Mapping[str, Any], settings: ReconcileSettings) -> str | None:
    """Why a record is a line of an invoice: it has a day and an amount."""
    found = columns_of(record, settings.columns)
    if not {"day", "amount"} <= found.keys():
        return None
    return ", ".join(f"{name} from `{column}`" for name, column in found.items())


def open_reader(settings: ReconcileSettings, first: Mapping[str, Any]) -> ChargeReader:
    """A reader of one line per record.

    Raises:
        InputError: A column that `reconcile.columns` names is not in the file.
    """
    column = columns_of(first, settings.columns)
    pattern = settings.columns.day_format if settings.columns else None
    for name in ("day", "amount"):
        if settings.columns is not None and column.get(name) not in first:
            raise InputError(
                f"the bill has no column `{column.get(name)}`, which `reconcile.columns.{name}` names",
                code="reconcile.column",
                notes=[f"columns seen: {', '.join(sorted(map(str, first))[:20])}"],
            )

    def read(record: Mapping[str, Any]) -> Charges:
        cell = {name: record.get(place) for name, place in column.items()}
        usd = amount(cell.get("amount"), cell.get("currency"))
        start, end = period(cell.get("day"), cell.get("end"), pattern)
        item, word = text(cell.get("model")) or "", text(cell.get("kind")) or ""
        return (BillLine(start=start, end=end, usd=usd, item=item, kind=_kind(word, item, usd)),)

    return read


def _kind(word: str, item: str, usd: float) -> ChargeKind:
    """What a line is for, by its type, else by its text; an amount below zero is a credit."""
    for said in (word, item):
        for parts, kind in _KINDS:
            if any(part in said.lower() for part in parts):
                return kind
    return ChargeKind.CREDIT if usd < 0 else ChargeKind.USAGE


BILL = BillFormat(
    name="invoice",
    summary="any bill with a day and an amount a row (CSV), by `reconcile.columns`",
    detects=detects,
    open=open_reader,
)
