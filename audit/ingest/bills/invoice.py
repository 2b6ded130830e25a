"""Any bill with a line a row: an invoice as CSV, by the columns that `reconcile.columns` names or by their usual names.

Times without a zone are the bill's own, whatever they are: comparing finds out by how many hours they are off. Lines of
totals and balances repeat others and are left out; a credit or a tax at the foot needs no day.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from audit.core.errors import InputError
from audit.core.reconciliation import BillLine, ChargeKind, Uncounted
from audit.core.settings import ReconcileSettings
from audit.ingest.billing.amounts import DAY, amount, decimal_sign, ends_are_days, moment, period, refuse_other_currency
from audit.ingest.billing.charges import is_total, kind_of
from audit.ingest.billing.columns import UNITS, columns_of, currency_of, is_amount, units_per_usd
from audit.ingest.bills import BillFormat, ChargeReader, Charges, LeftOutLine, UndatedCharge, sample_of
from audit.ingest.row import Unusable
from audit.ingest.values import text


def detects(record: Mapping[str, Any], settings: ReconcileSettings) -> str | None:
    """Why a record is a line of an invoice: it has a day and an amount."""
    found = columns_of(record, settings.columns)
    if not {"day", "amount"} <= found.keys():
        return None
    unit = settings.columns.unit if settings.columns else None
    units = unit or {100.0: "cents", 1e6: "micros"}.get(units_per_usd(found["amount"]))
    said = [f"{name} from `{column}`" for name, column in found.items()]
    if others := [f"`{column}`" for column in map(str, record) if is_amount(column) and column not in found.values()]:
        said.append(f"nothing from {', '.join(others)}")
    return ", ".join(f"{one} in {units}" if units and one.startswith("amount ") else one for one in said)


def open_reader(settings: ReconcileSettings, first: Sequence[Mapping[str, Any]]) -> ChargeReader:
    """A reader of one line per record.

    Raises:
        InputError: A column that `reconcile.columns` names is not in the file, its amounts are in another currency, or
            nothing tells how they are written.
    """
    sample, told = sample_of(first), settings.columns
    column = columns_of(sample, told)
    for name in ("day", "amount"):
        if told is not None and column.get(name) not in sample:
            raise InputError(
                f"the bill has no column `{column.get(name)}`, which `reconcile.columns.{name}` names",
                code="reconcile.column",
                notes=[f"columns seen: {', '.join(sorted(map(str, sample))[:20])}"],
            )
    refuse_other_currency(currency_of(column["amount"]))
    _check_days([row.get(column["day"]) for row in first], column, told.day_format if told else None)
    per_usd = {"usd": 1.0, **UNITS}[told.unit] if told and told.unit else units_per_usd(column["amount"])
    decimal = told.decimal if told and told.decimal else decimal_sign(row.get(column["amount"]) for row in first)

    pattern = told.day_format if told else None
    spans = [(row.get(column["day"]), row.get(column.get("end", ""))) for row in first]
    last_day = ends_are_days((span for span in spans if None not in span), pattern)

    def read(record: Mapping[str, Any]) -> Charges:
        cell = {name: record.get(place) for name, place in column.items()}
        usd = amount(cell.get("amount"), cell.get("currency"), decimal) / per_usd
        item, word = text(cell.get("model")) or "", text(cell.get("kind")) or ""
        if last_day and cell.get("end"):
            cell["end"] = _day_after(cell["end"], pattern)
        return (_charge(cell, usd, item, kind_of(word, item, usd), pattern),)

    return read


def _check_days(days: Sequence[Any], column: Mapping[str, str], pattern: str | None) -> None:
    """Raises `InputError` where the first rows have days and none can be read, with the way they are written."""
    written = [day for day in days if day not in (None, "")]
    if not written or any(_is_day(day, pattern) for day in written):
        return
    shapes = [re.sub(r"[^\W\d_]", "a", re.sub(r"\d", "9", str(day)))[:30] for day in written[:1]]
    # 13/09 begins with the day, 09/13 with the month; of 09/10 nobody knows, and the first way is an example.
    fits = [way for way in _WAYS if all(_is_day(day, way) for day in written)]
    said = ", ".join(f"{name}: {place}" for name, place in column.items())
    hint = "days are ISO 8601; say otherwise how they are written, for example\n"
    hint += f'reconcile: {{columns: {{{said}, day_format: "{fits[0] if fits else _WAYS[0]}"}}}}'
    if all(str(day).isdigit() for day in written):
        hint = "days are ISO 8601; where a spreadsheet has them as numbers, give the column the form of a date"
    raise InputError(
        "no day of the bill can be read",
        code="reconcile.empty",
        notes=[f"they are written like {shape}" for shape in shapes],
        hint=hint,
    )


_WAYS = (
    *("%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%y", "%d/%m/%y"),
    *("%d.%m.%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y"),
)
"""How people write days; the first that fits all of a bill's stands in the hint."""


def _day_after(day: Any, pattern: str | None) -> str:
    """The end of a time of which this is the last day, as the bill's days are written."""
    end = moment(day, pattern) + DAY
    return end.strftime(pattern) if pattern else end.isoformat()


def _is_day(day: Any, pattern: str | None) -> bool:
    try:
        period(day, None, pattern)
    except Unusable:
        return False
    return True


def _charge(
    cell: Mapping[str, Any], usd: float, item: str, kind: ChargeKind, pattern: str | None
) -> BillLine | LeftOutLine | UndatedCharge:
    """What a row is, by its time and its words."""
    total = any(is_total(text(cell.get(name)) or "") for name in ("kind", "model", "day"))
    try:
        start, end = period(cell.get("day"), cell.get("end"), pattern)
    except Unusable:
        if total:
            return LeftOutLine(usd, Uncounted.TOTAL)
        if kind is ChargeKind.USAGE or cell.get("day"):
            return LeftOutLine(usd, Uncounted.NO_DAY)
        return UndatedCharge(usd, kind, item)
    if total:
        return LeftOutLine(usd, Uncounted.TOTAL, BillLine(start=start, end=end, usd=usd))
    return BillLine(start=start, end=end, usd=usd, item=item, kind=kind)


BILL = BillFormat(
    name="invoice",
    summary="any bill with a day and an amount a row (CSV), by `reconcile.columns`",
    detects=detects,
    open=open_reader,
)
