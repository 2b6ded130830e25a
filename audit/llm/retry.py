"""How long to wait before asking again. Seconds throughout."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential waits with jitter.

    The wait after failure number n is `min(base_s * 2**(n-1), cap_s)` times a uniform draw from [0.5, 1), so that many
    calls that failed together do not come back together.

    Attributes:
        base_s: Longest first wait.
        cap_s: Longest wait of our own choosing.
        longest_retry_after_s: A server that asks for more than this is not waited for.
    """

    base_s: float = 0.5
    cap_s: float = 30.0
    longest_retry_after_s: float = 300.0

    def wait_s(self, failures: int, rng: random.Random, retry_after_s: float | None = None) -> float | None:
        """Seconds to wait after `failures` failed attempts; never less than the server asked for.

        Returns:
            None when the server asks for a longer wait than anybody wants.
        """
        if retry_after_s is not None and retry_after_s > self.longest_retry_after_s:
            return None
        wait = min(self.base_s * 2.0 ** (failures - 1), self.cap_s) * rng.uniform(0.5, 1.0)
        return max(wait, retry_after_s or 0.0)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a reply asks us to wait, or None when it does not say or says nonsense.

    Args:
        headers: Names in lower case. `retry-after-ms` (OpenAI's and Azure's) goes before `retry-after`, which is
            seconds or an HTTP date (RFC 9110, section 10.2.3).
        now: Aware; default: the reply's own `date`, which is right even where this machine's clock is not, else this
            machine's.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if (seconds := _number(value)) is not None:
        return seconds
    until = _date(value)
    if until is None:
        return None
    now = now or _date(headers.get("date")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
