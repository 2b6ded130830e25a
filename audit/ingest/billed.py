"""Amounts and times of bills, as bills write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from audit.core.errors import InputError
from audit.ingest.row import Unusable
from audit.ingest.values import microseconds, number, text

DAY = timedelta(days=1)
LARGEST_USD = 1e12
"""An amount above this is none: no bill is so large."""
FIRST_YEAR, LAST_YEAR = 2000, 2100
"""Years of bills: what lies outside is no day of one."""
_MONTH = re.compile(r"\s*(20\d\d)-(0[1-9]|1[0-2])\s*")
_SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW"}
_CODE = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+\u2212])?\s*\$?\s*(?P<inner>[-\u2212])?(?P<digits>[\d,]*\.?\d+(?:[eE][-+]?\d+)?)\s*\)?"
)
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


def amount(value: Any, currency: Any = None) -> float:
    """An amount in USD: a number, or `$1,234.50`, `-12.00`, `(12.00)`, `12 USD`.

    Raises:
        Unusable: It is no amount. A comma that may be a decimal one makes it none.
        InputError: It is in another currency.
    """
    _refuse_other(text(currency))
    if (found := number(value)) is not None:
        return _possible(found)
    if not isinstance(value, str) or not value.strip():
        raise Unusable("no amount")
    plain = value.strip()
    _refuse_other(next((code for sign, code in _SIGNS.items() if sign in plain), None))
    if (code := _CODE.search(plain)) is not None:
        _refuse_other(code[1])
        plain = plain.replace(code[1], "").strip()
    match = _AMOUNT.fullmatch(plain)
    if match is None or ("," in match["digits"] and not _GROUPED.fullmatch(match["digits"])):
        raise Unusable("no amount")
    size = float(match["digits"].replace(",", ""))
    return _possible(-size if match["open"] or match["inner"] or match["sign"] in ("-", "\u2212") else size)


def _possible(usd: float) -> float:
    """The amount, where a bill may have it."""
    if abs(usd) > LARGEST_USD:
        raise Unusable("no amount")
    return usd


def _refuse_other(currency: str | None) -> None:
    if currency and currency.strip().upper() not in ("USD", "US$", "$"):
        raise InputError(
            "the bill is in another currency than USD, and the log's dollars cannot be held against it",
            code="reconcile.currency",
            notes=[f"currency: {currency.strip().upper()[:8]}"] if currency.strip().isalpha() else [],
            hint="export it in USD, or add a column with the USD that were paid and name it in `reconcile.columns`",
        )


def decimals(usd: float) -> int:
    """Digits behind the point of an amount; 0 for a whole one."""
    return max(-int(Decimal(repr(usd)).normalize().as_tuple().exponent), 0)


def moment(value: Any, pattern: str | None = None) -> datetime:
    """A point in time, UTC where the text has no zone.

    Args:
        value: ISO 8601 or RFC 2822 text, or a number since 1970.
        pattern: As `datetime.strptime` takes it, for what is written otherwise.

    Raises:
        Unusable: It is none.
    """
    if pattern is not None and isinstance(value, str):
        try:
            found = datetime.strptime(value.strip(), pattern)
        except ValueError:
            raise Unusable("no day") from None
        return _of_a_bill(found.replace(tzinfo=UTC) if found.tzinfo is None else found)
    at, _ = microseconds(value.strip() if isinstance(value, str) else value)
    if at is None:
        raise Unusable("no day")
    return _of_a_bill(datetime.fromtimestamp(at / 1e6, UTC))


def _of_a_bill(found: datetime) -> datetime:
    """The time in UTC, where a bill may be of it."""
    if not FIRST_YEAR <= found.year < LAST_YEAR:
        raise Unusable("no day")
    return found.astimezone(UTC)


def period(start: Any, end: Any = None, pattern: str | None = None) -> tuple[datetime, datetime]:
    """The time that a line is for: what it says, else the day, or for `2026-10` the month, that it begins with.

    Raises:
        Unusable: It begins at no time, or ends before.
    """
    if end in (None, "") and isinstance(start, str) and (month := _MONTH.fullmatch(start)):
        first = datetime(int(month[1]), int(month[2]), 1, tzinfo=UTC)
        return first, (first + 31 * DAY).replace(day=1)
    begins = moment(start, pattern)
    if end in (None, ""):
        return begins, begins + DAY
    ends = moment(end, pattern)
    if ends <= begins:
        raise Unusable("it ends before it begins")
    return begins, ends


def either(record: Mapping[str, Any], *names: str) -> Any:
    """The first of some columns that holds anything."""
    return next((value for name in names if (value := record.get(name)) not in (None, "")), None)
