"""What the criteria on a call's own numbers share: cost, latency, tokens."""

from __future__ import annotations

import math

from audit.core.outcome import Outcome
from audit.scoring.expected.templates import Absent
from audit.scoring.scorer import verdict


def at_most(measured: float | None, limit: float, what: str) -> Outcome:
    """Whether a number of the call is within its limit.

    Raises:
        Absent: Nobody measured it.
    """
    if measured is None or not math.isfinite(measured):
        raise Absent(f"the {what} of this call is unknown")
    return verdict(measured <= limit, f"{what}: {measured:g}, more than {limit:g}", expected=limit, found=measured)
