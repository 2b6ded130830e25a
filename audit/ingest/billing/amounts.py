"""Amounts and times of bills, as bills write them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
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
_SIGNS = {"€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR", "₩": "KRW", "₽": "RUB", "₺": "TRY", "₪": "ILS", "zł": "PLN"}
_DOLLARS = re.compile(r"(?<![A-Za-z])(?!US\$)[A-Z]{1,3}\$")
"""Dollars of others: `CA$`, `A$`, `NT$`, and reals, `R$`."""
_CODE = re.compile(r"(?<![A-Za-z])([A-Z]{3})(?![A-Za-z])")
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+\u2212])?\s*(?:US)?\$?\s*(?P<inner>[-\u2212])?\s*"
    r"(?P<digits>[\d,.]*\d[\d,.]*?(?:[eE][-+]?\d+)?)\s*\$?\s*(?P<behind>[-\u2212])?\s*\)?"
)
_BETWEEN = re.compile("(?<=\\d)['\u2019 \u00a0\u2009\u202f](?=\\d{3}(?:\\D|$))")
"""What parts thousands and is no comma and no point."""
_POINT = re.compile(r"\d*\.?\d+(?:[eE][-+]?\d+)?|[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?|[1-9]\d?(?:,\d\d)+,\d{3}(?:\.\d+)?")
_COMMA = re.compile(r"\d*,?\d+|[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?")
_EITHER = re.compile(r"[1-9]\d{0,2}[,.]\d{3}")
"""Digits that are one number with a decimal point and another with a decimal comma."""


def amount(value: Any, currency: Any = None, decimal: str = ".") -> float:
    """An amount in USD: a number, or `$1,234.50`, `-12.00`, `(12.00)`, `12 USD`.

    Args:
        value: As the bill has it.
        currency: What the bill says of its currency.
        decimal: What stands before the decimals in texts, `.` or `,`.

    Raises:
        Unusable: It is no amount.
        InputError: It is in another currency, or is written with the other decimal sign.
    """
    refuse_other_currency(text(currency))
    if (decimal == "." or not isinstance(value, str)) and (found := number(value)) is not None:
        return _possible(found)
    match = _read(value)
    digits = match["digits"]
    if not (_POINT if decimal == "." else _COMMA).fullmatch(digits):
        if (_COMMA if decimal == "." else _POINT).fullmatch(digits):
            raise _both_signs()
        raise Unusable("no amount")
    plain = digits.replace(",", "") if decimal == "." else digits.replace(".", "").replace(",", ".")
    negative = match["open"] or match["inner"] or match["behind"] or match["sign"] in ("-", "\u2212")
    return _possible(-float(plain) if negative else float(plain))


def decimal_sign(values: Iterable[Any]) -> str:
    """Which sign a bill writes before decimals, `.` or `,`, by those of its amounts that can be read in one way alone.

    Special cases: `1,234` beside `950` is a thousand, as nobody writes some of a column's decimals; where every amount
    is like `1,234`, or some are like `1.234` and others whole, nothing tells.

    Raises:
        InputError: Both signs are used, or nothing tells which is.
    """
    point = comma = whole = False
    either: set[str] = set()
    for value in values:
        try:
            digits = _read(value)["digits"]
        except Unusable:
            continue
        if _EITHER.fullmatch(digits):
            either.add("," if "," in digits else ".")
        elif digits.isdigit():
            whole = True
        else:
            point, comma = point or bool(_POINT.fullmatch(digits)), comma or bool(_COMMA.fullmatch(digits))
    if point and comma:
        raise _both_signs()
    if point or comma or not either:
        return "," if comma else "."
    if (either == {","} and whole) or (either == {"."} and not whole):
        return "."
    raise InputError(
        "amounts like 1,234 or 1.234 may be of a thousand or of one, and no amount of the bill tells which",
        code="reconcile.decimals",
        hint='say in audit.yaml what stands before the decimals:  reconcile: {columns: {..., decimal: ","}}',
    )


def _read(value: Any) -> re.Match[str]:
    """The parts of an amount's text, its currency taken off.

    Raises:
        Unusable: It is none.
        InputError: It is in another currency.
    """
    if not isinstance(value, str) or not any(sign.isdigit() for sign in value):
        raise Unusable("no amount")  # `n/a`, `-`, `#REF!`, which is no currency either
    plain = value.strip()
    refuse_other_currency(next((code for sign, code in _SIGNS.items() if sign in plain), None))
    if (foreign := _DOLLARS.search(plain)) is not None:
        refuse_other_currency(foreign[0])
    if (code := _CODE.search(plain)) is not None:
        refuse_other_currency(code[1])
        plain = plain.replace(code[1], "").strip()
    match = _AMOUNT.fullmatch(_BETWEEN.sub("", plain))
    if match is None:
        raise Unusable("no amount")
    return match


def _both_signs() -> InputError:
    return InputError(
        "some amounts of the bill have a decimal point and others a decimal comma",
        code="reconcile.decimals",
        hint="export it in one notation; `reconcile.columns.decimal` says which it is",
    )


def _possible(usd: float) -> float:
    """The amount, where a bill may have it."""
    if abs(usd) > LARGEST_USD:
        raise Unusable("no amount")
    return usd


def refuse_other_currency(currency: str | None) -> None:
    """Raises `InputError` for a currency other than USD."""
    if currency and currency.strip().upper() not in ("USD", "US$", "$", "US DOLLAR", "US DOLLARS"):
        named = re.sub(r"[^A-Za-z$ ]", "", currency).strip().upper()[:12]
        raise InputError(
            "the bill is in another currency than USD, and the log's dollars cannot be held against it",
            code="reconcile.currency",
            notes=[f"currency: {named}"] if named else [],
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


def ends_are_days(spans: Iterable[tuple[Any, Any]], pattern: str | None = None) -> bool:
    """Whether the ends of a bill's times are last days, as people write them, and not the days after, as programs do.

    Ends that are the next line's beginning are days after; ends that are the day before it, or the line's own
    beginning, are last days. Where no line tells, one that ends on the last day of a month does.

    Args:
        spans: Beginning and end of lines, as the bill has them. With an hour an end is a moment, and no day.
        pattern: As `period` takes it.
    """
    found: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        try:
            found.append((moment(start, pattern), moment(end, pattern)))
        except Unusable:
            continue
    if not found or any(end.time() != time(0) for _, end in found):
        return False
    starts = {start for start, _ in found}
    if any(start == end for start, end in found):
        return True
    if any(end in starts for _, end in found):
        return False
    return any(end + DAY in starts or (end + DAY).day == 1 for _, end in found)


def either(record: Mapping[str, Any], *names: str) -> Any:
    """The first of some columns that holds anything."""
    return next((value for name in names if (value := record.get(name)) not in (None, "")), None)
