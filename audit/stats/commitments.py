"""What a commitment costs, and which one to sign: the newsvendor's problem with discount tiers.

A contract with commitment C bills use worth n (USD, after its discount) at `C + overage * max(n - C, 0)`: what is
committed is paid in any case, what is used beyond it costs `overage` times its price. The discount is that of the
largest tier that the use or the commitment reaches, so committing to a tier secures it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.stats.quantiles import FloatArray, two_sided_normal

TOLERANCE_USD = 1e-9
CENT = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentTerms:
    """How a contract bills.

    Attributes:
        overage: Price beyond the commitment as a multiple of the price within it; may be below 1.
        tiers: (from USD, discount in [0, 1]), ascending in both. Reached by use before discount, or by commitment.
        minimum_usd: The least commitment that can be signed.
    """

    overage: float = 1.0
    tiers: tuple[tuple[float, float], ...] = ()
    minimum_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSegment:
    """Commitments in [low, high) among which the discounted use does not change.

    Attributes:
        used: Use after discount, ascending, shape (draws,).
    """

    low: float
    high: float
    used: FloatArray

    @property
    def last(self) -> float:
        """The largest commitment of the segment: a cent before the next begins."""
        return max(self.high - CENT, self.low)


def two_piece_normal(estimate: float, low: float, high: float, level: float, z: FloatArray) -> FloatArray:
    """Draws around an estimate whose two-sided `level` interval is [low, high]; each side has its own scale.

    Args:
        estimate: Median of the draws.
        z: Standard normal draws, any shape.
    """
    reach = two_sided_normal(level)
    return estimate + z * np.where(z < 0, estimate - low, high - estimate) / reach


def discounts(need: FloatArray, commit: float, terms: CommitmentTerms) -> FloatArray:
    """Discount on each draw of the need: the largest tier that need or commitment reaches; shape of `need`."""
    starts = np.array([start for start, _ in terms.tiers])
    cuts = np.array([0.0, *(cut for _, cut in terms.tiers)])
    reached: FloatArray = cuts[np.searchsorted(starts, np.maximum(need, commit) + TOLERANCE_USD, side="right")]
    return reached


def used(need: FloatArray, commit: float, terms: CommitmentTerms) -> FloatArray:
    """Use in USD after discount; shape of `need`."""
    after: FloatArray = need * (1 - discounts(need, commit, terms))
    return after


def bills(need: FloatArray, commit: float, terms: CommitmentTerms) -> FloatArray:
    """What is paid under a commitment, per draw.

    Args:
        need: Use before the tiers' discount, USD, any shape.
        commit: USD.
    """
    return commit + terms.overage * np.maximum(used(need, commit, terms) - commit, 0.0)


def unused_risk(need: FloatArray, commit: float, terms: CommitmentTerms) -> float:
    """Share of draws in which a part of the commitment is not used."""
    return float(np.mean(used(need, commit, terms) < commit - TOLERANCE_USD))


def segments(need: FloatArray, terms: CommitmentTerms) -> list[CostSegment]:
    """The commitments that can be signed, cut where a tier begins."""
    starts = sorted({terms.minimum_usd, *(start for start, _ in terms.tiers if start > terms.minimum_usd)})
    ends = [*starts[1:], np.inf]
    return [
        CostSegment(low=low, high=high, used=np.sort(used(need, low, terms), axis=None))
        for low, high in zip(starts, ends, strict=True)
    ]


def cheapest_commit(need: FloatArray, terms: CommitmentTerms, risk: float = 1.0) -> float | None:
    """The commitment with the least expected bill among those that stay unused in part with probability <= `risk`.

    Exact for the given draws: within a segment the expected bill is convex in the commitment, with its least value at
    the quantile (overage - 1) / overage of the use; ties go to the smaller commitment.

    Returns:
        USD; None when no commitment that can be signed has so little risk.

    Source:
        Arrow, Harris & Marschak (1951), doi:10.2307/1906813: the critical ratio.
    """
    ratio = max(terms.overage - 1, 0.0) / terms.overage if terms.overage > 0 else 0.0
    best: tuple[float, float] | None = None
    for part in segments(need, terms):
        ceiling = _safe(part.used, risk)
        if ceiling < part.low - TOLERANCE_USD and risk < 1:
            continue
        inner = min(max(_quantile(part.used, ratio), part.low), max(ceiling, part.low), part.last)
        for commit in sorted({part.low, inner}):
            cost = float(np.mean(bills(need, commit, terms)))
            if best is None or cost < best[0] - TOLERANCE_USD:
                best = (cost, commit)
    return None if best is None else best[1]


def largest_commit(need: FloatArray, terms: CommitmentTerms, risk: float) -> float | None:
    """The largest commitment that stays unused in part with probability at most `risk`; None when there is none."""
    safe = [
        min(_safe(part.used, risk), part.last)
        for part in segments(need, terms)
        if _safe(part.used, risk) >= part.low - TOLERANCE_USD
    ]
    return max(safe) if safe else None


def _quantile(ascending: FloatArray, share: float) -> float:
    """The smallest value with at least `share` of the draws at or below it; the smallest commitment for share 0."""
    if share <= 0:
        return 0.0
    return float(ascending[min(int(np.ceil(share * ascending.size - 1e-9)), ascending.size) - 1])


def _safe(ascending: FloatArray, risk: float) -> float:
    """The largest value below which at most `risk` of the draws lie; infinite when that is all of them."""
    below = int(np.floor(risk * ascending.size + 1e-9))
    return float(ascending[below]) if below < ascending.size else float("inf")
