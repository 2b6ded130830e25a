"""RouteLLM's own measures of a router, to hold signals against its published tables; no verdict rests on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.core.interval import Interval
from audit.stats.paired import adjusted_t
from audit.stats.quantiles import FloatArray, check_open_unit, finite_vector


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoutingCurve:
    """What each threshold of a signal gives, from no strong calls to all.

    Attributes:
        strong_share: Share of calls to the strong tier, shape (k,), rising from 0 to 1.
        quality: Mean score of the route at that share, shape (k,), in [0, 1].
        gap: Strong minus weak quality.
        gap_interval: Interval of the gap; None without records.
    """

    strong_share: FloatArray
    quality: FloatArray
    gap: float | None
    gap_interval: Interval | None

    @property
    def defined(self) -> bool:
        """Whether the strong tier is shown to be better; otherwise a share of the gap means nothing."""
        return self.gap_interval is not None and self.gap_interval.low > 0.0


def routing_curve(
    signal: npt.ArrayLike, weak: npt.ArrayLike, strong: npt.ArrayLike, *, level: float = 0.95
) -> RoutingCurve:
    """Quality at each share of strong calls, when the records with the highest signal go to the strong tier.

    Args:
        signal: The need for the strong tier as known before the call, shape (n,). Equal values switch together.
        weak: Scores of the weak tier, shape (n,), each in [0, 1].
        strong: Scores of the strong tier on the same records.
        level: Nominal coverage of the gap's interval, in (0, 1).

    Returns:
        The curve with both ends included.

    Special cases:
        No records: empty arrays, no gap.

    Raises:
        ValueError: Shapes differ, a value is missing, or a score is outside [0, 1].
    """
    need, low, high = (
        finite_vector(name, values) for name, values in (("signal", signal), ("weak", weak), ("strong", strong))
    )
    if not need.shape == low.shape == high.shape:
        raise ValueError(f"signal, weak and strong need equal shapes, got {need.shape}, {low.shape}, {high.shape}")
    n = int(need.size)
    if n == 0:
        empty = np.zeros(0)
        return RoutingCurve(strong_share=empty, quality=empty, gap=None, gap_interval=None)
    order = np.argsort(-need, kind="stable")
    gained = np.concatenate([[0.0], np.cumsum((high - low)[order])])
    # A threshold cannot part equal signals, so only the last record of each tie ends a step.
    steps = np.concatenate([[0], np.flatnonzero(np.append(np.diff(need[order]) != 0, True)) + 1])
    return RoutingCurve(
        strong_share=steps / n,
        quality=float(low.mean()) + gained[steps] / n,
        gap=float((high - low).mean()),
        gap_interval=adjusted_t(high - low, level=level),
    )


def pgr(curve: RoutingCurve) -> FloatArray | None:
    """Performance gap recovered at each point of the curve: 0 is the weak tier's quality, 1 the strong one's.

    Returns:
        Shape (k,); None unless the lower end of the strong tier's advantage is above 0.

    Source:
        Ong et al. (2024), RouteLLM, arXiv 2406.18665, section 3.
    """
    if not curve.defined or curve.gap is None:
        return None
    recovered: FloatArray = (curve.quality - curve.quality[0]) / curve.gap
    return recovered


def apgr(curve: RoutingCurve) -> float | None:
    """Mean of the recovered gap over the share of strong calls; 0.5 is a random router. None as for `pgr`."""
    recovered = pgr(curve)
    return None if recovered is None else float(np.trapezoid(recovered, curve.strong_share))


def cpt(curve: RoutingCurve, recovered: float) -> float | None:
    """Least share of strong calls at which the recovered gap reaches `recovered`, in (0, 1). None as for `pgr`.

    Between two points of the curve the share is interpolated, as a router may flip a coin at a threshold.
    """
    check_open_unit("recovered", recovered)
    gaps = pgr(curve)
    if gaps is None:
        return None
    reached = int(np.argmax(gaps >= recovered))
    if reached == 0:
        return 0.0
    before, after = gaps[reached - 1], gaps[reached]
    part = (recovered - before) / (after - before)
    return float(
        curve.strong_share[reached - 1] + part * (curve.strong_share[reached] - curve.strong_share[reached - 1])
    )


def apgr_interval(
    signal: npt.ArrayLike,
    weak: npt.ArrayLike,
    strong: npt.ArrayLike,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = 1000,
) -> Interval | None:
    """Percentile bootstrap interval of `apgr` over records.

    Args:
        signal: As for `routing_curve`.
        weak: As for `routing_curve`.
        strong: As for `routing_curve`.
        rng: The source of chance, made from a stored seed.
        level: Nominal coverage in (0, 1).
        resamples: Bootstrap samples, >= 1.

    Returns:
        The interval; None where `apgr` is. A resample in which the strong tier is not better counts as unbounded,
        and so may an end of the interval.

    Raises:
        ValueError: As `routing_curve`, or resamples is not positive.
    """
    curve = routing_curve(signal, weak, strong, level=level)
    if not curve.defined:
        return None
    if resamples < 1:
        raise ValueError(f"resamples must be positive, got {resamples}")
    need, low, high = (np.asarray(values, dtype=np.float64) for values in (signal, weak, strong))
    drawn = np.empty(resamples)
    for index in range(resamples):
        rows = rng.integers(0, need.size, need.size)
        again = routing_curve(need[rows], low[rows], high[rows], level=level)
        area = float(np.trapezoid(again.quality - again.quality[0], again.strong_share))
        gap = again.gap or 0.0
        drawn[index] = area / gap if gap > 0 else np.copysign(np.inf, area)
    tail = (1.0 - level) / 2.0
    ordered = np.sort(drawn)
    last = resamples - 1
    return Interval(
        low=float(ordered[int(np.floor(tail * last))]),
        high=float(ordered[int(np.ceil((1 - tail) * last))]),
        level=level,
    )
