"""Few expensive labels and many cheap verdicts: intervals that rest on the labels and borrow from the rest.

A proxy alone (a judge, embedding similarity) is never an estimate: with a good judge its intervals cover 0.00.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from audit.core.interval import Interval
from audit.stats.paired import PairCounts, PairedDelta, tango, wilson
from audit.stats.quantiles import FloatArray, check_open_unit, finite_vector, two_sided_normal, two_sided_t

# PPI needs this many labels, and this many of them that the proxy gets wrong; otherwise the labels alone decide.
MIN_PPI_LABELS = 50
MIN_PPI_DISAGREEMENTS = 5

Side = Literal["two-sided", "at-least", "at-most"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyEstimate:
    """A mean from labels and a proxy.

    Attributes:
        mean: The estimate; None without labels.
        interval: Its interval; an end that a one-sided claim does not bound is -inf or inf. None without labels.
        trust: How far the proxy is used (lambda), in [0, 1]; 0 is labels alone.
        correlation: Of proxy and label among the labelled; None where either is constant.
        n_labels: Labels.
        n_disagreements: Labels that differ from the proxy.
    """

    mean: float | None
    interval: Interval | None
    trust: float
    correlation: float | None
    n_labels: int
    n_disagreements: int

    @property
    def enough_labels(self) -> bool:
        """Whether the estimate may replace one from labels alone."""
        return self.n_labels >= MIN_PPI_LABELS and self.n_disagreements >= MIN_PPI_DISAGREEMENTS


def disagreement_delta(counts: PairCounts, *, differing: int, replays: int, level: float = 0.95) -> PairedDelta:
    """The quality delta when only records with different answers were labelled.

    An identical answer has the same verdict, so its difference is 0 by construction and labelling it is waste. The
    saving of labels was x2 to x25 on real pairs. "Identical" is equality after normalisation; similarity is not.

    Args:
        counts: Labelled pairs, drawn at random among the differing ones.
        differing: Replays whose normalised answer differs from the incumbent's.
        replays: All replays.
        level: Nominal coverage in (0, 1).

    Returns:
        Candidate minus incumbent over all replays; n_pairs is `replays`, b and c are the labelled ones.

    Special cases:
        No replays: delta and interval are None. Nothing differs: 0, as wide as the share that differs can still be.
        No labels although answers differ: delta is None, the interval is that share's upper end on both sides.
        Every differing pair is labelled: plain Tango over all replays.

    Raises:
        ValueError: More labels than differing answers, or more of these than replays.

    Source:
        MOVER: Zou & Donner (2008), Statistics in Medicine 27:1693-1702, for the product of a share and a mean.
    """
    if not 0 <= counts.n <= differing <= replays:
        raise ValueError(f"need labels <= differing <= replays, got {counts.n}, {differing} and {replays}")
    delta, interval = _share_times_mean(counts, differing, replays, level)
    return PairedDelta(
        delta=delta, interval=interval, b=int(counts.b), c=int(counts.c), n_pairs=replays, n_clusters=replays
    )


def _share_times_mean(
    counts: PairCounts, differing: int, replays: int, level: float
) -> tuple[float | None, Interval | None]:
    if replays == 0:
        return None, None
    if differing == counts.n and differing > 0:
        full = PairCounts(b=counts.b, c=counts.c, n=replays)
        return full.delta, tango(full, level=level)
    share, mean = differing / replays, counts.delta
    if mean is None:
        reach = wilson(differing, replays, level=level).high
        return (0.0 if differing == 0 else None), Interval(low=-reach, high=reach, level=level)
    labelled = tango(counts, level=level)
    z = two_sided_normal(level)
    uncertain_share = (mean * z) ** 2 * share * (1.0 - share) / replays
    delta = share * mean
    below = math.sqrt((share * (mean - labelled.low)) ** 2 + uncertain_share)
    above = math.sqrt((share * (labelled.high - mean)) ** 2 + uncertain_share)
    return delta, Interval(low=max(delta - below, -1.0), high=min(delta + above, 1.0), level=level)


def ppi_mean(
    labels: npt.ArrayLike,
    proxies: npt.ArrayLike,
    more_proxies: npt.ArrayLike,
    *,
    level: float = 0.95,
    value_range: float = 1.0,
    side: Side = "two-sided",
    whole_log: bool = False,
) -> ProxyEstimate:
    """Mean of a label from a few labelled records and the proxy on many more (PPI++), guarded for few labels.

    The guard adds two pseudo-residuals half a range from the mean and takes t quantiles. Without it the delta of a
    real pair is covered 0.73 instead of 0.97 at 25 labels.

    Args:
        labels: True values of the labelled records, shape (n,): 0/1, or differences in [-1, 1].
        proxies: The proxy's values on the same records, shape (n,).
        more_proxies: The proxy's values on further records, shape (N,).
        level: Nominal coverage in (0, 1).
        value_range: Largest minus smallest possible label: 1 for a pass rate, 2 for a delta.
        side: "at-least" bounds from below only (high is inf), "at-most" from above only (low is -inf).
        whole_log: Whether `more_proxies` is the whole log the claim is about, so that its mean has no error.

    Returns:
        The mean of the label with its interval; check `enough_labels` before preferring it to labels alone.

    Special cases:
        No labels: None. One label, or a constant label or proxy: labels alone, never width 0 or NaN. No further
        proxies: labels alone.

    Raises:
        ValueError: Shapes differ, a value is missing, or an argument is out of range.

    Source:
        Angelopoulos, Duchi & Zrnic (2023), arXiv 2311.01453; t, ddof 1 and the guard are ours.
    """
    truth, known, more = (
        finite_vector(name, values)
        for name, values in (("labels", labels), ("proxies", proxies), ("more_proxies", more_proxies))
    )
    if truth.shape != known.shape:
        raise ValueError(f"labels and proxies need equal shapes, got {truth.shape} and {known.shape}")
    if value_range <= 0:
        raise ValueError(f"value_range must be positive, got {value_range}")
    n = int(truth.size)
    disagreements = int(np.count_nonzero(truth != known))
    if n == 0:
        return ProxyEstimate(mean=None, interval=None, trust=0.0, correlation=None, n_labels=0, n_disagreements=0)
    trust = _trust(truth, known, more, whole_log=whole_log)
    residuals = truth - trust * known
    centre = float(residuals.mean())
    mean = trust * float(more.mean()) + centre if trust else centre
    guarded = np.concatenate([residuals, [centre - value_range / 2.0, centre + value_range / 2.0]])
    variance = float(guarded.var(ddof=1)) / guarded.size
    if trust and not whole_log:
        variance += trust**2 * float(more.var(ddof=1)) / more.size
    return ProxyEstimate(
        mean=mean,
        interval=_sided(mean, math.sqrt(variance), guarded.size - 1, level, side),
        trust=trust,
        correlation=_correlation(truth, known),
        n_labels=n,
        n_disagreements=disagreements,
    )


def _trust(truth: FloatArray, known: FloatArray, more: FloatArray, *, whole_log: bool) -> float:
    """The weight of the proxy with the least variance, in [0, 1]; above 1 or below 0 it would be noise."""
    if truth.size < 2 or more.size < 2:
        return 0.0
    spread = float(np.concatenate([known, more]).var(ddof=1))
    if spread <= 1e-12:
        return 0.0
    covariance = float(np.cov(truth, known, ddof=1)[0, 1])
    shortage = 0.0 if whole_log else truth.size / more.size
    return min(max(covariance / (spread * (1.0 + shortage)), 0.0), 1.0)


def _correlation(truth: FloatArray, known: FloatArray) -> float | None:
    if truth.size < 2 or np.ptp(truth) == 0 or np.ptp(known) == 0:
        return None
    return float(np.corrcoef(truth, known)[0, 1])


def _sided(mean: float, error: float, degrees_of_freedom: int, level: float, side: Side) -> Interval:
    check_open_unit("level", level)
    if side == "two-sided":
        half = two_sided_t(level, degrees_of_freedom) * error
        return Interval(low=mean - half, high=mean + half, level=level)
    # A one-sided bound at `level` is the end of the two-sided interval at 2 level - 1.
    half = two_sided_t(max(2.0 * level - 1.0, 1e-12), degrees_of_freedom) * error
    if side == "at-least":
        return Interval(low=mean - half, high=math.inf, level=level)
    return Interval(low=-math.inf, high=mean + half, level=level)
