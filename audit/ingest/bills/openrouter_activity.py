"""OpenRouter's activity: `GET /api/v1/activity` as JSON, a row a day, model and endpoint, or the CSV of generations.

What is spent are credits, a dollar each. Calls with a key of one's own (BYOK) cost a fee here; what they cost at their
provider is on the provider's bill and left out. Days are UTC.
Source: openrouter.ai/docs, schema `ActivityItem`, and the columns of the activity page's export; read 2026-11-30.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reconciliation import BillLine, ChargeKind
from audit.core.settings import ReconcileSettings
from audit.ingest.billing.amounts import amount, either, period
from audit.ingest.bills import BillFormat, ChargeReader, Charges
from audit.ingest.values import text


def detects(record: Mapping[str, Any], _settings: ReconcileSettings) -> str | None:
    """Why a record is a row of activity, or a generation."""
    if {"generation_id", "created_at", "cost_total"} <= record.keys():
        return "`created_at`, `cost_total`, `model_permaslug`"
    if {"date", "model_permaslug", "usage"} <= record.keys():
        return "`date`, `usage`, `model_permaslug`"
    return None


def open_reader(_settings: ReconcileSettings, _first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one row per record."""

    def read(record: Mapping[str, Any]) -> Charges:
        usd = amount(either(record, "cost_total", "usage"))
        start, end = period(either(record, "created_at", "date"))
        item = text(either(record, "model_permaslug", "model")) or ""
        kind = ChargeKind.CREDIT if usd < 0 else ChargeKind.USAGE
        return (BillLine(start=start, end=end, usd=usd, item=item, kind=kind),)

    return read


BILL = BillFormat(
    name="openrouter-activity",
    summary="OpenRouter's activity, from the API (JSON) or its page (CSV)",
    detects=detects,
    open=open_reader,
)
