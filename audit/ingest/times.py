"""Times as text: ISO 8601 and what stands in its place in exports, from Java and .NET to mail and access logs.

A time is microseconds since 1970 with its resolution; without a zone it is UTC, and what is no time is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

EARLIEST_S, LATEST_S = 1_420_070_400, 4_102_444_800
"""2015 and 2100: a time outside is none of a call, but what stands for none (1970, 9999), or is something else."""

_ISO_SPACE = re.compile(r"^(\d{4}-\d\d-\d\d) (\d\d:)")
_ZONE_NAME = re.compile(r"\[[\w/+-]+\]$| (?:UTC|GMT)$|(?<=[+-]\d{4}) [A-Z]{3,4}$")
"""What Java, BigQuery and Go write behind a time: a name that repeats its offset, or UTC."""
_BEFORE_OFFSET = re.compile(r" (?=(?:[+-]\d\d:?\d\d|Z)$)")
"""A space before the zone, as PostgreSQL and Snowflake have it."""
_HALF_DAY = re.compile(r"[\s\u202f]*([AaPp])\.?[Mm]\.?$")
_COMPACT = re.compile(r"(?:19|20)\d{6}(?:\d{6}(?:\d{3})?)?")
_NET_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_ACCESS_LOG = re.compile(r"\[?(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([+-]\d{4})\]?")
_EUROPEAN = re.compile(r"(\d\d?)\.(\d\d?)\.(\d{4})[ T](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?")
"""`02.11.2026 10:00:05`, as spreadsheets show a time where days come first and dots stand between."""
_ORACLE = re.compile(
    r"(\d\d)-([A-Z]{3})-(\d\d|\d{4}) (\d\d)[.:](\d\d)[.:](\d\d)(?:[.,](\d{1,9}))?"
    r"(?: ([AP])M)?(?: ([+-]\d\d:\d\d|UTC|GMT))?"
)
"""`02-NOV-26 10.00.00.123000 AM +00:00`, as Oracle writes a TIMESTAMP by itself.

Source: https://docs.oracle.com/en/database/oracle/oracle-database/23/refrn/NLS_TIMESTAMP_FORMAT.html
"""
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_LAST_WORD = re.compile(r":\d\d\s+([A-Za-z]+)\s*(?:\(.*\))?$")

Time = tuple[int | None, str]
_NONE: Time = (None, "us")


def written_time(value: str) -> Time:
    """The time that a text tells."""
    value = value.strip()
    if (found := _iso(value))[0] is not None:
        return found
    if (net := _NET_DATE.fullmatch(value)) is not None:
        return _plausible(int(net[1]) * 1000), "ms"
    if (line := _ACCESS_LOG.fullmatch(value)) is not None:
        return _mail_date(f"{line[1]} {line[2]} {line[3]} {line[4]} {line[5]}")
    if (shown := _EUROPEAN.fullmatch(value)) is not None:
        day, month, year, hour, minute, second, fraction = shown.groups()
        rest = "." * bool(fraction) + (fraction or "")
        return _iso(f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{second or '00'}{rest}")
    if (stamp := _ORACLE.fullmatch(value)) is not None and stamp[2] in _MONTHS:
        return _iso(_oracle(stamp))
    return _NONE if value[:1].isdigit() else _mail_date(value)


def _oracle(stamp: re.Match[str]) -> str:
    """A time of Oracle's in ISO 8601; 12 AM is 0, 12 PM is 12."""
    day, month, year, hour, minute, second, fraction, half, zone = stamp.groups()
    hours = int(hour) % 12 + 12 * (half == "P") if half else int(hour)
    date = f"{year if len(year) == 4 else '20' + year}-{_MONTHS.index(month) + 1:02}-{day}"
    offset = zone if zone and zone[0] in "+-" else ""
    return f"{date}T{hours:02}:{minute}:{second}{'.' * bool(fraction)}{(fraction or '')[:6]}{offset}"


def date_of_digits(digits: str) -> Time:
    """The time that digits alone tell: `20261102`, `20261102100000`, with milliseconds behind."""
    if not _COMPACT.fullmatch(digits):
        return _NONE
    fraction = "." * bool(digits[14:]) + digits[14:]
    return _iso(f"{digits[:8]}T{digits[8:14]}{fraction}" if digits[8:] else digits)


def _iso(value: str) -> Time:
    try:
        plain = _BEFORE_OFFSET.sub("", _ZONE_NAME.sub("", value))
        moment = datetime.fromisoformat(_ISO_SPACE.sub(r"\1T\2", plain))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        found = round(moment.timestamp() * 1e6)
    except (ValueError, OverflowError):
        return _NONE
    fraction = value.partition(".")[2].rstrip("Z")
    return _plausible(found), "us" if len(fraction) > 3 else "ms" if fraction else "s"


def _mail_date(value: str) -> Time:
    """The date of a mail, as JavaScript and Python write it too: `Mon, 02 Nov 2026 10:00:00 GMT`, with AM and PM."""
    half = _HALF_DAY.search(value)
    plain = value[: half.start()] if half else value
    try:
        moment = parsedate_to_datetime(plain)
        if moment.tzinfo is None:
            if (zone := _LAST_WORD.search(plain)) and zone[1] not in ("UTC", "GMT", "Z"):
                return _NONE  # an hour in a place that nobody knows
            moment = moment.replace(tzinfo=UTC)
        if half:  # 12 AM is 0, 12 PM is 12
            moment = moment.replace(hour=moment.hour % 12 + (12 if half[1] in "Pp" else 0))
        return _plausible(round(moment.timestamp() * 1e6)), "s"
    except (ValueError, TypeError, OverflowError):
        return _NONE


def _plausible(found: int) -> int | None:
    return found if EARLIEST_S <= found / 1e6 < LATEST_S else None
