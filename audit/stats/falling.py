"""Whether a rate of accepted answers has fallen since some day: asked every day, over one stream, without replays.

The rate before is known from a fixed number of answers, so by an exact bound; what comes after is watched by an
e-process, so it may be looked at every day for as long as the log goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from audit.stats.quantiles import check_open_unit
from audit.stats.sequential import BETS


@dataclass(frozen=True, slots=True, kw_only=True)
class Falling:
    """What a watched rate has shown so far.

    Attributes:
        alarm: Number of the window, from 0, at which the alarm was raised; None where there is none.
        began: Number of the window in which the fall most likely began; None without an alarm.
        log_e: Natural logarithm of the evidence over all windows.
        allowed: Share of failing answers up to which nothing is called a fall.
    """

    alarm: int | None
    began: int | None
    log_e: float
    allowed: float


def watch_rate(
    failed: Sequence[int], n: Sequence[int], *, before_failed: int, before_n: int, loss: float, alpha: float
) -> Falling:
    """Watch the share of failing answers, window by window.

    The hypothesis is that answers fail no more often than they did before plus the loss that is accepted. A bet on each
    answer grows where they fail more often; bets of twelve sizes are mixed, and so are the windows in which a fall may
    begin: the j-th has weight 1 / (j (j + 1)), so that a late fall is not drowned by the good days before it.

    Args:
        failed: Failing answers of each window, in order of time.
        n: Answers of each window.
        before_failed: Failing answers of the time before.
        before_n: Answers of the time before.
        loss: Accepted, as a share of answers, in [0, 1).
        alpha: Probability of ever raising an alarm although nothing has fallen by more, in (0, 1).

    Special cases:
        No answers before, or every answer may fail: never an alarm.

    Raises:
        ValueError: The windows differ in number, or alpha is out of range.

    Source:
        Shin, Ramdas & Rinaldo (2023), E-detectors, arXiv 2203.03532; the rate before by Clopper & Pearson (1934) at
        half of alpha, the e-process at the other half.
    """
    check_open_unit("alpha", alpha)
    if len(failed) != len(n):
        raise ValueError(f"there are {len(failed)} windows of failures and {len(n)} of answers")
    if before_n <= 0:
        return Falling(alarm=None, began=None, log_e=0.0, allowed=1.0)
    good = before_n - before_failed
    lowest = float(special.betaincinv(good, before_failed + 1, alpha / 2)) if good else 0.0
    allowed = 1.0 - lowest + loss
    if allowed >= 1.0 or not len(n):
        return Falling(alarm=None, began=None, log_e=0.0, allowed=min(allowed, 1.0))
    stakes = BETS / allowed
    k, m = (np.asarray(one, dtype=float)[:, None] for one in (failed, n))
    gains = k * np.log1p(stakes * (1.0 - allowed)) + (m - k) * np.log1p(-stakes * allowed)
    ahead = np.concatenate([np.zeros((1, stakes.size)), np.cumsum(gains, axis=0)])
    start = np.arange(1, len(n) + 1)
    weights = -np.log(start * (start + 1.0))
    alarm, log_e, paths = None, 0.0, np.zeros(0)
    for end in range(1, len(n) + 1):
        begun = special.logsumexp(ahead[end] - ahead[:end], axis=1) - math.log(stakes.size) + weights[:end]
        log_e = float(special.logsumexp(np.append(begun, -math.log(end + 1.0))))
        if alarm is None and log_e >= -math.log(alpha / 2):
            alarm, paths = end - 1, begun
    return Falling(alarm=alarm, began=None if alarm is None else int(np.argmax(paths)), log_e=log_e, allowed=allowed)
