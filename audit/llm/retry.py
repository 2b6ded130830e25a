"""How long to wait before asking again. Seconds throughout."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_RESET_S = 60.0
_ALLOWANCES = (
    *((f"x-ratelimit-remaining-{of}", f"x-ratelimit-reset-{of}") for of in ("requests", "tokens")),
    *(
        (f"anthropic-ratelimit-{of}-remaining", f"anthropic-ratelimit-{of}-reset")
        for of in ("requests", "tokens", "input-tokens", "output-tokens")
    ),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
)
"""Headers of what is left of an allowance, and of when it is whole again."""
EPOCH_S, EPOCH_MS = 1e9, 1e12
"""A number above is a moment and no span: seconds or milliseconds since 1970, as OpenRouter and GitHub write them."""
_SPENT = re.compile(r"(?:^|[;,] ?)(?:r|remaining)=0(?:$|[;,]).*?(?:t|reset)=(\d{1,9})")
"""The IETF draft's `RateLimit`, in its newer form (`"default";r=0;t=5`) and its older (`remaining=0, reset=5`)."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PARTS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)(ms|[smhd])")


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
            seconds or an HTTP date (RFC 9110, section 10.2.3); gateways also write `2s` and the moment itself.
        now: Aware; default: the reply's own `date`, which is right even where this machine's clock is not, else this
            machine's.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if (seconds := _span(value, headers, now)) is not None:
        return seconds
    until = _date(value)
    if until is None:
        return None
    now = now or _date(headers.get("date")) or datetime.now(UTC)
    return max((until - now).total_seconds(), 0.0)


def reset_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds until an allowance that is used up is there again, by the vendors' rate-limit headers; None where none
    says that it is. `LONGEST_RESET_S` at most: another call then shows whether a day's allowance is meant.

    Args:
        headers: Of a reply with status 429, names in lower case: OpenAI's, Azure's and Groq's `x-ratelimit-*-requests`
            and `-tokens` (`1s`, `6m0s`), Anthropic's `anthropic-ratelimit-*` (dates), and the IETF draft's
            `ratelimit-remaining` and `ratelimit-reset` (seconds), or both in its `ratelimit`.
        now: As in `retry_after_s`.
    """
    waits = []
    for remaining, reset in _ALLOWANCES:
        if _number(headers.get(remaining)) == 0 and (wait := _span(headers.get(reset), headers, now)) is not None:
            waits.append(wait)
    if spent := _SPENT.search(headers.get("ratelimit", "")):
        waits.append(float(spent[1]))
    return min(max(waits), LONGEST_RESET_S) if waits else None


def _span(text: str | None, headers: Mapping[str, str], now: datetime | None) -> float | None:
    """Seconds that a text names: a number, `6m0.5s`, or a date in the future; None for anything else."""
    if (seconds := _number(text)) is not None:
        if seconds < EPOCH_S:
            return seconds
        moment = datetime.fromtimestamp(min(seconds / (1000 if seconds >= EPOCH_MS else 1), 4e9), UTC)
        return max((moment - (now or _date(headers.get("date")) or datetime.now(UTC))).total_seconds(), 0.0)
    parts = _PARTS.findall(text or "")
    if parts and "".join(f"{number}{unit}" for number, unit in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    try:
        until = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max((until - (now or _date(headers.get("date")) or datetime.now(UTC))).total_seconds(), 0.0)


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
