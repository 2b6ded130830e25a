"""`read_bill`: an invoice or a cost export, in any of the formats of `ingest.bills`, to its lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from audit.core.errors import InputError, Place
from audit.core.reconciliation import Bill, BillLine, ChargeKind, Uncounted, UncountedLines
from audit.core.settings import ReconcileSettings
from audit.core.traffic import exact_sum
from audit.ingest.bill_parts import BillParts, check_columns, parted
from audit.ingest.billing.amounts import decimals, refuse_other_currency
from audit.ingest.billing.preamble import table_of
from audit.ingest.bills import BILLS, BillFormat, Charges, LeftOutLine, UndatedCharge, sample_of
from audit.ingest.files.source import Source, find_sources, pieces
from audit.ingest.reissued import Source as Origin
from audit.ingest.reissued import invoice_of, with_replaced
from audit.ingest.row import Unusable
from audit.ingest.values import obj, parse

SAMPLE_ROWS = 100
"""Rows looked at to tell the format, and how its amounts are written."""
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
    read = _Read()
    sources = find_sources(paths)
    for number, source in enumerate(sources):
        read.file = number
        records = _records(source.path, read.notes)
        first = list(islice(records, SAMPLE_ROWS))
        if not first:
            read.notes.append(f"{source.name} holds no line below its header")
            continue
        kind, why = _told(source.path, sample_of(first), settings)
        read.format[kind.name] = why
        charges_of = kind.open(settings, first)
        check_columns(first, settings.where, source.path)
        for record in chain(first, records):
            if _is_empty(record):
                continue
            mine, others = parted(record, settings.where)
            try:
                if mine:
                    read.take(mine, charges_of(mine))
                if others:
                    read.leave(charges_of(others))
            except Unusable:
                read.unread += 1
    return read.bill(sources)


@dataclass(slots=True)
class _Read:
    """What was read of a bill's files so far.

    Attributes:
        format: Why a file was taken for one of a format, by its name.
        file: The number of the file that is read.
        sources: Where each of `lines` is from.
    """

    format: dict[str, str] = field(default_factory=dict)
    file: int = 0
    lines: list[BillLine] = field(default_factory=list)
    sources: list[Origin] = field(default_factory=list)
    undated: list[UndatedCharge] = field(default_factory=list)
    left_out: list[LeftOutLine] = field(default_factory=list)
    unread: int = 0
    notes: list[str] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    parts: BillParts = field(default_factory=BillParts)

    def take(self, record: Mapping[str, Any], charges: Charges) -> None:
        """Put what a record holds where it belongs; a record that was there before is told."""
        key = hashlib.blake2b(msgspec.json.encode(record, order="sorted"), digest_size=12).digest()
        repeated = key in self.seen
        self.seen.add(key)
        self.parts.add(record, charges)
        invoice = invoice_of(record)
        for charge in charges:
            if isinstance(charge, BillLine):
                self.lines.append(replace(charge, repeated=True) if repeated else charge)
                self.sources.append((self.file, invoice))
            elif isinstance(charge, UndatedCharge):
                self.undated.append(charge)
            else:
                self.left_out.append(charge)

    def leave(self, charges: Charges) -> None:
        """Put what a record of another account holds aside."""
        kept = (one for one in charges if not isinstance(one, LeftOutLine))
        self.left_out += [LeftOutLine(one.usd, Uncounted.ELSEWHERE) for one in kept]
        self.left_out += [one for one in charges if isinstance(one, LeftOutLine)]

    def bill(self, sources: Sequence[Source]) -> Bill:
        """The bill.

        Raises:
            InputError: It has no usage, is of too long a time, or most of it could not be read.
        """
        usage = self._usage()
        undated_usage = sum(one.why is Uncounted.NO_DAY for one in self.left_out)
        if not usage or self.unread + undated_usage > len(self.lines):
            raise _nothing_read(sources[0].path, self.unread + undated_usage, len(self.left_out) - undated_usage)
        start, end = min(line.start for line in usage), max(line.end for line in usage)
        if (days := (end - start).days) > MOST_DAYS:
            raise InputError(
                f"the bill is of {days:,} days, which is more than {MOST_DAYS:,}",
                code="reconcile.too-long",
                place=Place(file=str(sources[0].path)),
                hint="look at its days, or give the part of it that is of the log's time",
            )
        whole = [BillLine(start=start, end=end, usd=one.usd, item=one.item, kind=one.kind) for one in self.undated]
        lines = (*with_replaced(self.lines, self.sources), *whole)
        return Bill(
            name=", ".join(source.name for source in sources),
            format=", ".join(self.format),
            read_as="; ".join(self.format.values()),
            lines=lines,
            unit_usd=_unit(lines),
            unread=self.unread,
            left_out=tuple(self._left_out()),
            notes=tuple(dict.fromkeys(self.notes)),
            parts=self.parts.sentence(),
        )

    def _usage(self) -> list[BillLine]:
        """The lines of usage; a bill that has totals alone, one a day, has them as its usage."""
        usage = [line for line in self.lines if line.kind is ChargeKind.USAGE]
        totals = [one.line for one in self.left_out if one.line is not None]
        if usage or not totals:
            return usage
        self.lines += totals
        self.sources += [(0, "")] * len(totals)
        self.left_out = [one for one in self.left_out if one.line is None]
        return totals

    def _left_out(self) -> Iterator[UncountedLines]:
        for why in Uncounted:
            usd = [one.usd for one in self.left_out if one.why is why]
            if usd:
                yield UncountedLines(why=why, lines=len(usd), usd=exact_sum(usd))


def _records(path: Path, notes: list[str]) -> Iterator[Mapping[str, Any]]:
    """The records of a file; a page of an API is its buckets."""
    with table_of(path) as (table, said):
        refuse_other_currency(said.get("Currency"))
        for piece in pieces(Source(table, path.name), BILL_COLUMNS):
            for _, record in piece.records():
                try:
                    value = obj(parse(record))
                except Unusable:
                    yield {}
                    continue
                if isinstance(value.get("data"), list):
                    if value.get("has_more") is True:
                        notes.append("a page says that more follow: what they hold is missing unless it is given too")
                    yield from map(obj, value["data"])
                else:
                    yield value


def _is_empty(record: Mapping[str, Any]) -> bool:
    """Whether a record is a line that says nothing: one of empty cells, or the table's head again, as where months were
    put together."""
    return bool(record) and all(value in (None, "", name) for name, value in record.items())


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
    said = "the bill has no line of usage with a day and an amount that can be read"
    if left_out:
        said = "no line of the bill is for a model: all are of other services"
    elif not unread:
        said = "the bill has no line below its header"
    return InputError(
        said,
        code="reconcile.empty",
        place=Place(file=str(path)),
        notes=[f"lines without a day or an amount: {unread:,}; of other services: {left_out:,}"],
        hint="days are ISO 8601, or as `reconcile.columns.day_format` says; amounts are like 1234.50 or $1,234.50",
    )
