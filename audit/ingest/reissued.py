"""Lines of an invoice or file of which a later one has the same days and models: a corrected one beside the first.

Whether it takes the first one's place, or is another account's, the log tells when the bill is held against it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from audit.core.reconciliation import BillLine, ChargeKind
from audit.ingest.values import text

SHARED = 0.9
"""Part of an invoice's days and models that a later one must have to be beside it."""
LEAST = 3
"""Days and models that must be in both: fewer are alike by chance."""
_COLUMNS = frozenset(
    (
        *("invoiceid", "invoicenumber", "invoiceno", "invoice", "billinvoiceid", "documentnumber", "documentno"),
        *("rechnungsnummer", "rechnungsnr", "numerodefacture"),
    )
)
"""What bills call the number of an invoice, without signs between the words."""

Key = tuple[datetime, datetime, str, bool]
Source = tuple[int, str]
"""The number of a file and of an invoice in it."""


def invoice_of(record: Mapping[str, Any]) -> str:
    """The number of the invoice that a record is of; "" where it says none."""
    return next((said for column, value in record.items() if _is_number(str(column)) and (said := text(value))), "")


@lru_cache(256)
def _is_number(column: str) -> bool:
    """Whether a column is of invoices' numbers."""
    return "".join(sign for sign in column.lower() if sign.isalnum()) in _COLUMNS


def with_replaced(lines: Sequence[BillLine], sources: Sequence[Source]) -> list[BillLine]:
    """The lines with those marked for which a later invoice or file has a line for the same.

    Args:
        lines: Of the bill, in its order.
        sources: Where each of them is from.
    """
    of_source: dict[Source, dict[Key, list[int]]] = defaultdict(lambda: defaultdict(list))
    for at, (line, source) in enumerate(zip(lines, sources, strict=True)):
        if line.kind is ChargeKind.USAGE:
            of_source[source][line.start, line.end, line.item, line.cached].append(at)
    found = list(lines)
    in_order = list(of_source.values())
    for number, first in enumerate(in_order):
        for later in in_order[number + 1 :]:
            both = first.keys() & later.keys()
            if len(both) < max(LEAST, SHARED * len(first)) or all(
                found[at].repeated for key in both for at in later[key]
            ):
                continue  # what is there again word for word is marked as such
            for key in both:
                for at in first[key]:
                    found[at] = replace(found[at], replaced=True)
                for at in later[key]:
                    found[at] = replace(found[at], repeated=False)
            break
    return found
