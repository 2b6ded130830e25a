"""How much of a true difference a route's criteria show, as every later number needs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from audit.core.interval import Estimate

LEAST = 0.01
"""A margin is never scaled below this part of itself, so that a plan has finite samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrimination:
    """Youden's index of a route's criteria: their acceptance of right answers less their acceptance of wrong ones.

    A true change of the share of right answers moves the accepted share by this part of it. The defaults are criteria
    whose verdicts are the truth.

    Attributes:
        est: By which a measured delta is divided.
        low: Lower bound, in [-1, 1]; at 0 or below the criteria are not shown to tell right answers from wrong ones.
        high: Upper bound.
        error_share: Part of the error rate of verdicts and intervals that the bounds may be wrong with; what is left is
            for the pairs.
        alarms: Share of right answers that a judge which compares with the incumbent calls worse, at most. It accepts
            the incumbent's own answer, so these look like losses and have nothing that makes up for them.
        alarms_est: The same as an estimate.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("alarms", "alarms_est")

    est: float = 1.0
    low: float = 1.0
    high: float = 1.0
    error_share: float = 0.0
    alarms: float = 0.0
    alarms_est: float = 0.0

    @property
    def kept(self) -> float:
        """Part of the error rate that is left for the pairs."""
        return 1.0 - self.error_share

    @property
    def perfect(self) -> bool:
        """Whether measured differences are taken as they are."""
        return self.est == self.low == self.high == 1.0 and not self.alarms

    def shown(self, margin: float) -> float:
        """What a true loss of the margin shows at least, as measured."""
        return margin * max(self.low, LEAST)

    def shown_at_most(self, margin: float) -> float:
        """What a true loss of the margin shows at most, as measured."""
        return margin * self.high + self.alarms * (1.0 - margin)

    def corrected(self, measured: Estimate, *, moved: float = 0.0) -> Estimate:
        """The true delta behind a measured one, as an estimate with its interval, within [-1, 1].

        Each end is at its worst over the bounds, so the interval errs when the pairs' own or the bounds do.

        Args:
            measured: As the criteria have it.
            moved: Share of the requests whose answer is another than the log's, as far as that is known: false alarms
                can be among these alone. They are taken off the estimate; the upper end takes all requests for moved.

        Special cases:
            Criteria that are not shown to tell right from wrong: the interval is [-1, 1].

        Source:
            Rogan & Gladen (1978), Am. J. Epidemiol. 107:71-76, for a difference of two shares with one error.
        """
        if self.perfect:
            return measured
        if self.low <= 0:
            est = measured.est / self.est if self.est > 0 else 0.0
            return Estimate(est=_clipped(est), lo=-1.0, hi=1.0, level=measured.level)
        lo, hi, est = measured.lo, measured.hi, measured.est
        if est < 0:
            est = min(est + moved * self.alarms_est, 0.0)
        if hi is not None and hi < 0 and self.alarms:
            # L right answers lost show as L (1 - f) + (1 - L) a at most, with f from 0 and a up to the bound.
            hi = min((hi + self.alarms) / (1.0 - self.alarms), 0.0) if self.alarms < 1 else 0.0
        return Estimate(
            est=_clipped(est / self.est),
            lo=None if lo is None else _clipped(lo / (self.low if lo < 0 else self.high)),
            hi=None if hi is None else _clipped(hi / (self.low if hi > 0 else self.high)),
            level=measured.level,
        )


PERFECT = Discrimination()
"""Of criteria whose verdicts are taken as they are."""


def _clipped(delta: float) -> float:
    return min(max(delta, -1.0), 1.0)
