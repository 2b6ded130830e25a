"""`read_bill`: an invoice or a cost export, in any of the formats of `ingest.bills`, to its lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from audit.core.errors import InputError, Place
from audit.core.reconciliation import Bill, BillLine, ChargeKind
from audit.core.settings import ReconcileSettings
from audit.ingest.billed import decimals
from audit.ingest.bills import BILLS, BillFormat, OtherService
from audit.ingest.row import Unusable
from audit.ingest.source import find_sources, pieces
from audit.ingest.values import obj, parse

SAMPLE_ROWS = 100
"""Rows looked at to tell the format: in CSV a cell that is empty in one row may be filled in the next."""
BILL_COLUMNS = 2
"""Least number of columns of a bill: a day and an amount."""
MOST_DAYS = 1100
"""Days that a bill is of at most: three years."""
CENTS = 2
"""Decimals of most bills."""
FINEST_DIGITS = 12
"""Amounts with more digits than this are not rounded."""


def read_bill(paths: Sequence[Path], settings: ReconcileSettings) -> Bill:
    """The lines of a bill.

    Args:
        paths: One file or several of one format: the months or pages of an export.
        settings: Says which columns of an invoice are what.

    Raises:
        InputError: A file is missing, empty, damaged, no bill, in another currency, or mostly unreadable.
    """
    lines: list[BillLine] = []
    unread = left_out = 0
    left_out_usd = 0.0
    notes: list[str] = []
    kind, why = None, ""
    sources = find_sources(paths)
    for source in sources:
        records = _records(source.path, notes)
        first = list(islice(records, SAMPLE_ROWS))
        sample = {name: value for record in reversed(first) for name, value in record.items()}
        kind, why = _told(source.path, sample, settings)
        read = kind.open(settings, sample)
        for record in chain(first, records):
            try:
                charges = read(record)
            except Unusable:
                unread += 1
                continue
            for charge in charges:
                if isinstance(charge, OtherService):
                    left_out, left_out_usd = left_out + 1, left_out_usd + charge.usd
                else:
                    lines.append(charge)
    usage = [line for line in lines if line.kind is ChargeKind.USAGE]
    if kind is None or not usage or unread > len(lines):
        raise _nothing_read(sources[0].path, unread, left_out)
    if (days := (max(line.end for line in usage) - min(line.start for line in usage)).days) > MOST_DAYS:
        raise InputError(
            f"the bill is of {days:,} days, which is more than {MOST_DAYS:,}",
            code="reconcile.too-long",
            place=Place(file=str(sources[0].path)),
            hint="look at its days, or give the part of it that is of the log's time",
        )
    return Bill(
        name=", ".join(source.name for source in sources),
        format=kind.name,
        read_as=why,
        lines=tuple(lines),
        unit_usd=_unit(lines),
        unread=unread,
        left_out=left_out,
        left_out_usd=left_out_usd,
        notes=tuple(dict.fromkeys(notes)),
    )


def _records(path: Path, notes: list[str]) -> Iterator[Mapping[str, Any]]:
    """The records of a file; a page of an API is its buckets."""
    (source,) = find_sources([path])
    for piece in pieces(source, BILL_COLUMNS):
        for _, record in piece.records():
            try:
                value = obj(parse(record))
            except Unusable:
                yield {}
                continue
            if isinstance(value.get("data"), list):
                if value.get("has_more") is True:
                    notes.append("a page says that more pages follow: what they hold is missing unless it is given too")
                yield from map(obj, value["data"])
            else:
                yield value


def _told(path: Path, sample: Mapping[str, Any], settings: ReconcileSettings) -> tuple[BillFormat, str]:
    """The format of a file, and which columns it takes for what.

    Raises:
        InputError: It is none.
    """
    mapped = ("invoice",) if settings.columns is not None else ()
    for name in (*mapped, *BILLS.installed(), *BILLS.names):
        if (why := BILLS.get(name).detects(sample, settings)) is not None:
            return BILLS.get(name), why
    raise InputError(
        "this is no bill that is known",
        code="reconcile.unknown-bill",
        place=Place(file=str(path)),
        notes=[f"columns seen: {', '.join(sorted(map(str, sample))[:20])}", f"known bills: {', '.join(BILLS)}"],
        hint="say in audit.yaml which columns it has: "
        "reconcile: {columns: {day: Date, amount: Cost, model: Model, kind: Type, currency: Currency}}",
    )


def _unit(lines: Sequence[BillLine]) -> float:
    """The step in which amounts are written; 0 where they have so many digits that nothing was rounded."""
    digits = max(decimals(line.usd) for line in lines)
    digits = CENTS if digits == 1 else digits  # 12.50 is 12.5 as a number, and nobody rounds to tenths of a dollar
    return 0.0 if digits > FINEST_DIGITS else 10.0**-digits


def _nothing_read(path: Path, unread: int, left_out: int) -> InputError:
    return InputError(
        "the bill has no line of usage with a day and an amount that can be read"
        if not left_out
        else "no line of the bill is for a model: all are of other services",
        code="reconcile.empty",
        place=Place(file=str(path)),
        notes=[f"lines without a day or an amount: {unread:,}; of other services: {left_out:,}"],
        hint="days are ISO 8601, or as `reconcile.columns.day_format` says; amounts are like 1234.50 or $1,234.50",
    )
