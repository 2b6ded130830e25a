"""OpenAI's costs: `GET /v1/organization/costs` as JSON, page or bucket, and the CSV export of the usage dashboard.

A bucket is a day of UTC. `line_item` is there where the costs were grouped by it: `gpt-4o-2024-08-06, cached input`.
Source: the OpenAPI document of platform.openai.com/docs/api-reference, schemas `UsageTimeBucket` and `CostsResult`; the
columns of the CSV (`amount_value`, `amount_currency`, `line_item`) as exported in October 2025; read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reconciliation import BillLine, ChargeKind
from audit.core.settings import ReconcileSettings
from audit.ingest.billing.amounts import amount, period
from audit.ingest.bills import BillFormat, ChargeReader, Charges
from audit.ingest.values import obj, text


def detects(record: Mapping[str, Any], _settings: ReconcileSettings) -> str | None:
    """Why a record is a bucket of costs."""
    if record.get("object") == "bucket" and isinstance(record.get("results"), list):
        return "`start_time`, `results[].amount.value`, `results[].line_item`"
    if {"start_time", "end_time", "amount_value"} <= record.keys() or _is_empty_day(record):
        return "`start_time`, `amount_value`, `line_item`"
    return None


def _is_empty_day(record: Mapping[str, Any]) -> bool:
    """A row of the CSV for a day without costs: its other cells are empty."""
    filled = {name for name, value in record.items() if value not in (None, "")}
    return filled == {"start_time", "end_time", "start_time_iso", "end_time_iso"}


def open_reader(_settings: ReconcileSettings, _first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one bucket, or of one row, per record."""

    def read(record: Mapping[str, Any]) -> Charges:
        start, end = period(record.get("start_time"), record.get("end_time"))
        if isinstance(record.get("results"), list):
            results = [(obj(obj(one).get("amount")), obj(one).get("line_item")) for one in record["results"]]
        elif _is_empty_day(record):
            results = []
        else:
            told = {"value": record.get("amount_value"), "currency": record.get("amount_currency")}
            results = [(told, record.get("line_item"))]
        if not results:
            return (BillLine(start=start, end=end, usd=0.0),)
        return [_line(start, end, paid, text(item) or "") for paid, item in results]

    return read


def _line(start: Any, end: Any, paid: Mapping[str, Any], item: str) -> BillLine:
    usd = amount(paid.get("value"), paid.get("currency"))
    kind = ChargeKind.CREDIT if usd < 0 or "credit" in item.lower() else ChargeKind.USAGE
    return BillLine(start=start, end=end, usd=usd, item=item, kind=kind, cached="cached" in item.lower())


BILL = BillFormat(
    name="openai-costs",
    summary="OpenAI's costs, from the API (JSON) or the usage dashboard (CSV)",
    detects=detects,
    open=open_reader,
)
