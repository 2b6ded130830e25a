"""Anthropic's cost report: `GET /v1/organizations/cost_report`, page or bucket.

Amounts are decimal texts in cents; a bucket is a day of UTC. `model` and `token_type` are there where the report was
grouped by description. Costs of the priority tier are not in the report.
Source: platform.claude.com/docs/en/api/admin/cost_report; read 2026-11-28.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.reconciliation import BillLine, ChargeKind
from audit.core.settings import ReconcileSettings
from audit.ingest.billing.amounts import amount, period
from audit.ingest.bills import BillFormat, ChargeReader, Charges
from audit.ingest.row import Unusable
from audit.ingest.values import obj, text

CENTS = 100


def detects(record: Mapping[str, Any], _settings: ReconcileSettings) -> str | None:
    """Why a record is a bucket of the cost report."""
    if {"starting_at", "ending_at"} <= record.keys() and isinstance(record.get("results"), list):
        return "`starting_at`, `results[].amount` (cents), `results[].model`"
    return None


def open_reader(_settings: ReconcileSettings, _first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one bucket per record."""

    def read(record: Mapping[str, Any]) -> Charges:
        start, end = period(record.get("starting_at"), record.get("ending_at"))
        results = record.get("results")
        if not isinstance(results, list):
            raise Unusable("no `results`")
        return [_line(start, end, obj(one)) for one in results] or (BillLine(start=start, end=end, usd=0.0),)

    return read


def _line(start: Any, end: Any, one: Mapping[str, Any]) -> BillLine:
    usd = amount(one.get("amount"), one.get("currency")) / CENTS
    tokens = one.get("cost_type") in (None, "tokens")
    return BillLine(
        start=start,
        end=end,
        usd=usd,
        item=(text(one.get("model")) or "") if tokens else "",
        kind=ChargeKind.CREDIT if usd < 0 else ChargeKind.USAGE,
        cached="cache_read" in (text(one.get("token_type")) or ""),
    )


BILL = BillFormat(
    name="anthropic-costs",
    summary="Anthropic's cost report, from the Admin API (JSON)",
    detects=detects,
    open=open_reader,
)
