"""An interval, and an estimate with its interval: the two shapes in which uncertainty travels."""

from __future__ import annotations

import math
from dataclasses import dataclass


def same_amount(one: float, other: float) -> bool:
    """Whether two figures differ by no more than what adding floats up in another order makes of one amount."""
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A two-sided confidence interval.

    Attributes:
        low: Lower end, in the unit of the estimate; -inf when unbounded.
        high: Upper end; inf when unbounded.
        level: Nominal coverage in (0, 1), for example 0.95.
    """

    low: float
    high: float
    level: float

    def __neg__(self) -> Interval:
        return Interval(low=-self.high, high=-self.low, level=self.level)

    def scaled(self, factor: float) -> Interval:
        """The interval of the estimate times a known, non-negative factor."""
        return Interval(low=self.low * factor, high=self.high * factor, level=self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A point estimate with its interval, as `findings.json` writes it: `{"est", "lo", "hi", "level"}`.

    Attributes:
        est: The estimate.
        lo: Lower end, or None when unbounded or unknown.
        hi: Upper end, or None when unbounded or unknown.
        level: Nominal coverage in (0, 1).
    """

    est: float
    lo: float | None
    hi: float | None
    level: float

    @classmethod
    def of(cls, est: float, interval: Interval | None, level: float) -> Estimate:
        """Join an estimate with its interval; without one both ends are None."""
        if interval is None:
            return cls(est=est, lo=None, hi=None, level=level)
        low = interval.low if math.isfinite(interval.low) else None
        high = interval.high if math.isfinite(interval.high) else None
        return cls(est=est, lo=low, hi=high, level=interval.level)

    @classmethod
    def exact(cls, value: float, level: float) -> Estimate:
        """A quantity known without error, such as the spend of the log."""
        return cls(est=value, lo=value, hi=value, level=level)

    @property
    def is_exact(self) -> bool:
        """Whether it is known without error: both ends are one amount."""
        return self.lo is not None and self.hi is not None and same_amount(self.lo, self.hi)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Both ends; None where one is unknown, or where there is nothing between them."""
        if self.lo is None or self.hi is None or same_amount(self.lo, self.hi):
            return None
        return self.lo, self.hi

    def taken_from(self, total: float) -> Estimate:
        """A known total less the estimate: the ends change places."""
        lo = None if self.hi is None else total - self.hi
        hi = None if self.lo is None else total - self.lo
        return Estimate(est=total - self.est, lo=lo, hi=hi, level=self.level)

    def beyond(self, other: Estimate) -> Estimate:
        """What is left of it beyond another estimate, both intervals at their worst."""
        lo = None if self.lo is None or other.hi is None else self.lo - other.hi
        hi = None if self.hi is None or other.lo is None else self.hi - other.lo
        return Estimate(est=self.est - other.est, lo=lo, hi=hi, level=self.level)

    def within(self, low: float, high: float) -> Estimate:
        """The estimate and its ends, moved into the range that the quantity has by its nature."""
        lo, hi = (None if end is None else min(max(end, low), high) for end in (self.lo, self.hi))
        return Estimate(est=min(max(self.est, low), high), lo=lo, hi=hi, level=self.level)

    def scaled(self, factor: float) -> Estimate:
        """The estimate times a known, non-negative factor."""
        lo = None if self.lo is None else self.lo * factor
        hi = None if self.hi is None else self.hi * factor
        return Estimate(est=self.est * factor, lo=lo, hi=hi, level=self.level)
