"""Google Cloud's costs: the billing export of BigQuery (JSON, CSV, Parquet), and reports downloaded from the console.

In the export a row is an hour, a project and a SKU; credits are a list within it, and amounts in another currency are
made dollars by the row's own rate. A report has a row a day and a SKU (`Subtotal ($)`), a cost table one a SKU and time
(`Cost ($)`), with a total below. The model stands in the SKU's description: `Gemini 2.5 Flash GA Text Input -
Predictions`.
Source: docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/standard-usage, and the columns of reports
as downloaded in August 2026; read 2026-11-30.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from audit.core.reconciliation import BillLine, ChargeKind, Uncounted
from audit.core.settings import ReconcileSettings
from audit.ingest.billing.amounts import amount, either, period
from audit.ingest.billing.charges import is_cached, metered_kind
from audit.ingest.bills import BillFormat, ChargeReader, Charges, LeftOutLine
from audit.ingest.row import Unusable
from audit.ingest.values import number, obj, text, unpacked

_SUBTOTALS = ("unrounded_subtotal_($)", "subtotal_($)", "unrounded_cost_($)", "cost_($)")
_SERVICES = frozenset(("gemini api", "generative language api"))
"""Services that are models alone; Vertex AI is more than that."""
_MODELS = re.compile(
    r"(?i)gemini|gemma|claude|llama|mi[sx]tral|codestral|deepseek|qwen|grok|gpt|jamba|kimi|embedding|imagen|veo"
)
_MODALITY = re.compile(
    r"(?i)\b(?:text|audio|video)\b|\bimage (?=input|output|caching)|(?<=input )image|(?<=output )image"
)
"""What an amount of tokens was of, which is not part of a model's name."""
_KINDS = {"tax": ChargeKind.TAX, "adjustment": ChargeKind.CREDIT, "rounding_error": ChargeKind.CREDIT}


def detects(record: Mapping[str, Any], _settings: ReconcileSettings) -> str | None:
    """Why a record is a row of the export, or of a report."""
    if {"cost", "usage_start_time"} <= record.keys() and _described(record, "sku"):
        return "`cost` and `credits` of models, by `usage_start_time` and `sku.description`"
    row = _plain(record)
    subtotal, day = (next((name for name in names if name in row), None) for names in (_SUBTOTALS, _DAYS))
    if subtotal and day and "sku_description" in row:
        said = {_named(column): column for column in record}
        return f"`{said[subtotal]}`, taken for US dollars, of models, by `{said[day]}` and `{said['sku_description']}`"
    return None


_DAYS = ("date", "usage_start_date")


def _named(column: str) -> str:
    return column.strip().lower().replace(" ", "_")


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """A row under names of one spelling: `SKU description` and `sku_description` are one."""
    return {_named(column): value for column, value in record.items()}


def open_reader(_settings: ReconcileSettings, _first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one row per record."""

    def read(record: Mapping[str, Any]) -> Charges:
        row = _plain(record)
        service, sku = (_described(row, what) or "" for what in ("service", "sku"))
        exported = "cost" in row
        charges = list(_exported(row)) if exported else [(_of_report(row), _of_table(row))]
        if not exported and not sku:
            return (LeftOutLine(charges[0][0], Uncounted.TOTAL),)
        if service.lower() not in _SERVICES and not _MODELS.search(sku):
            return tuple(LeftOutLine(usd) for usd, _ in charges)
        start, end = period(either(row, "usage_start_time", *_DAYS), row.get("usage_end_time"))
        if (last := row.get("usage_end_date")) is not None:
            end = period(last)[1]
        item, cached = _MODALITY.sub("", sku).strip(), is_cached(sku)
        return [
            BillLine(start=start, end=end, usd=usd, item=item, kind=_kind(word, sku, usd), cached=cached)
            for usd, word in charges
        ]

    return read


def _of_table(row: Mapping[str, Any]) -> str:
    """What a row of a report or a table is, in the words of the export."""
    return "credit" if row.get("credit_type") else (text(row.get("cost_type")) or "usage").lower()


def _described(record: Mapping[str, Any], what: str) -> str | None:
    """`sku.description`, nested as in JSON or flat as in CSV."""
    nested = obj(unpacked(record.get(what))).get("description")
    return text(nested) or text(either(record, f"{what}.description", f"{what}_description"))


def _exported(record: Mapping[str, Any]) -> Iterator[tuple[float, str]]:
    """What a row costs, and each of its credits, in USD with what it is."""
    rate, currency = number(record.get("currency_conversion_rate")), text(record.get("currency"))
    if not rate or not currency or currency.upper() == "USD":
        rate = 1.0
        usd = amount(record.get("cost"), currency)
    else:
        usd = amount(record.get("cost")) / rate
    yield usd, text(record.get("cost_type")) or "regular"
    granted = unpacked(record.get("credits"))
    for credit in granted if isinstance(granted, list) else []:
        yield amount(obj(credit).get("amount")) / rate, "credit"


def _of_report(record: Mapping[str, Any]) -> float:
    for name in _SUBTOTALS:
        if record.get(name) not in (None, ""):
            return amount(record[name])
    raise Unusable("no amount")


def _kind(word: str, sku: str, usd: float) -> ChargeKind:
    return ChargeKind.CREDIT if word == "credit" else _KINDS.get(word) or metered_kind(sku, usd)


BILL = BillFormat(
    name="google-billing",
    summary="Google Cloud's billing export of BigQuery (JSON, CSV, Parquet) or a report as CSV: its models",
    detects=detects,
    open=open_reader,
)
