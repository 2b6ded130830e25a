"""Steps of a canary: shares of traffic that grow only as fast as a watch can see a bad policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audit.stats.quantiles import check_open_unit
from audit.stats.sequential import log_e_fail_paths

SHARES = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
FIRST = 0.1
GROWTH = 5.0
"""The first share at most, and a step over the one before at most, whatever the statistics allow."""

PATHS = 200
"""Simulated futures of a bad policy."""

STEP_PART = 1 / 3
"""Of what may still be lost, a larger step may be expected to lose this part; one as large as the last all of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryStep:
    """One window of a canary.

    Attributes:
        share: Of the traffic that follows the policy.
        pairs: Watched in the window.
        seen: Chance that the watch has alarmed by its end, if the policy is as bad as is feared, in [0, 1].
        lost: Answers expected to be lost by then, in windows of traffic.
    """

    share: float
    pairs: int
    seen: float
    lost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FearedLoss:
    """The bad policy that a watch must see.

    Attributes:
        margin: Accepted loss.
        loss: Of the bad policy, in (margin, discordance].
        discordance: Share of pairs that differ.
        alpha: Probability of ever giving a false alarm.

    Raises:
        ValueError: A value is out of range.
    """

    margin: float
    loss: float
    discordance: float
    alpha: float

    def __post_init__(self) -> None:
        check_open_unit("alpha", self.alpha)
        if not 0.0 < self.margin < self.loss <= self.discordance <= 1.0:
            given = f"{self.margin}, {self.loss}, {self.discordance}"
            raise ValueError(f"need 0 < margin < loss <= discordance <= 1, got {given}")

    @property
    def kinds(self) -> tuple[float, float, float]:
        """Shares of pairs that are lost, gained and alike."""
        half = self.loss / 2
        return self.discordance / 2 + half, self.discordance / 2 - half, 1 - self.discordance


def canary_steps(
    feared: FearedLoss,
    *,
    requests: float,
    allowed: float,
    most_pairs: int,
    windows: int,
    seed: int = 0,
) -> tuple[CanaryStep, ...]:
    """Shares of traffic for one window after another, until all of it follows the policy.

    A policy with the feared loss alarms the watch, an e-process over the windows, sooner or later; until then it loses
    answers. Each step is the largest share whose expected loss, weighed by the chance that no alarm has come before it,
    is a third of what is left of the allowance; a share may be repeated as long as anything is left.

    Args:
        feared: The policy that must be seen in time.
        requests: Of a window, all of them.
        allowed: Answers that may be expected to be lost, in windows of traffic.
        most_pairs: Watched in a window, at most.
        windows: At most so many steps.
        seed: Of the simulation.

    Returns:
        The steps; the last has share 1 only where that is reached in so many windows.

    Source:
        docs/method/canary.md; the e-process is `sequential.log_e_fail_windows`.
    """
    rng, bar, loss = np.random.default_rng(seed), -math.log(feared.alpha), feared.loss
    seen = np.zeros((PATHS, 0, 3))
    silent = np.ones(PATHS, dtype=bool)
    steps: list[CanaryStep] = []
    lost = 0.0
    while len(steps) < windows and not (steps and steps[-1].share == 1.0):
        before = float(silent.mean())
        share = _share(steps, allowed - lost, loss * before)
        if share is None:
            break
        lost += loss * share * before
        pairs = min(int(requests * share), most_pairs)
        window = rng.multinomial(pairs, feared.kinds, size=PATHS)
        seen = np.concatenate([seen, window[:, None, :]], axis=1)
        silent &= log_e_fail_paths(seen[..., 0], seen[..., 1], seen.sum(axis=2), margin=feared.margin) < bar
        steps.append(CanaryStep(share=share, pairs=pairs, seen=1.0 - float(silent.mean()), lost=lost))
    return tuple(steps)


def _share(steps: Sequence[CanaryStep], allowance: float, each: float) -> float | None:
    """The largest share that the allowance pays for, no smaller than the last; None where that is too much."""
    last = steps[-1].share if steps else 0.0
    most = GROWTH * last if steps else FIRST
    fitting = [
        one for one in SHARES if last <= one <= most and one * each <= allowance * (1.0 if one == last else STEP_PART)
    ]
    return max(fitting, default=None)
