"""What paired verdicts show of a claim: counts, intervals and p-values, of whole verdicts or of shares of answers.

Where people judged a random part of the pairs, the claim is about what they say, and the judge's verdicts on all pairs
make it narrower; its error is then measured, not corrected. Else, where each request was asked once, a pair is two
verdicts, and the tests are exact. Where it was asked several times,
its value is the accepted share of its answers, a number in [0, 1]; the request stays the unit, and the tests are those
of graded scores: betting for the p-value, Student's t on the sample and its two extreme values for the interval.

Source:
    docs/method/repeats.md, docs/method/random-labels.md.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from audit.certificate.beside import random_labels_of as random_labels_of
from audit.certificate.beside import repeats_of as repeats_of
from audit.certificate.beside import tells as tells
from audit.core.discrimination import Discrimination
from audit.core.interval import Estimate
from audit.core.recommendation import PairTable
from audit.pairing.evidence import BoolArray, FloatArray, Pairs, Spread
from audit.stats import discrimination, missing, random_labels
from audit.stats.betting import wsr_p
from audit.stats.paired import adjusted_t, wilson
from audit.stats.tango import PairCounts


def observed(pairs: Pairs) -> PairCounts:
    """Counts over measured pairs; requests with several answers are split by their accepted share.

    On split counts Tango's interval is wider than it need be: a share varies less than one answer with its mean does.
    """
    if pairs.spread is None:
        return PairCounts.of(pairs.incumbent, pairs.candidate)
    return PairCounts.of_shares(pairs.incumbent, pairs.candidate)


def pessimistic(pairs: Pairs) -> PairCounts:
    """Counts with every unmeasured draw at its worst for the candidate."""
    return missing.pessimistic(observed(pairs), pairs.missing)


def optimistic(pairs: Pairs) -> PairCounts:
    """Counts with every unmeasured draw at its best for the candidate."""
    return missing.optimistic(observed(pairs), pairs.missing)


def delta_of(
    pairs: Pairs, level: float, *, shown: Discrimination, nominal: float | None = None, moved: float = 0.0
) -> Estimate | None:
    """Candidate minus incumbent; unmeasured draws and the criteria's own error widen both ends. None without pairs.

    Args:
        pairs: Of which.
        level: What the interval holds.
        shown: How much of a true difference the criteria show; it corrects the estimate too.
        nominal: Level that it is worked out at, where it is one of several looks that hold `level` together.
        moved: Share of the pairs whose answer is the candidate's.
    """
    at = level if nominal is None else nominal
    if tells(pairs.labelled) and (est := random_labels.mean_change(pairs.labelled)) is not None:
        limits = random_labels.change_limits(pairs.labelled, error=(1 - at) / 2)
        return Estimate(est=est, lo=min(limits.low, est), hi=max(limits.high, est), level=level)
    if pairs.spread is None:
        found = missing.delta_estimate(observed(pairs), pairs.missing, level=at)
    else:
        found = _mean_difference(pairs, pairs.spread, level=at)
    return None if found is None else replace(shown.corrected(found, moved=moved), level=level)


def _mean_difference(pairs: Pairs, spread: Spread, *, level: float) -> Estimate | None:
    if not pairs.n:
        return None
    est = float((pairs.candidate - pairs.incumbent).mean())
    low, high = adjusted_t(spread.worst, level=level).low, adjusted_t(spread.best, level=level).high
    # The two extreme values draw the interval towards 0, by 2 of n + 2.
    return Estimate(est=est, lo=min(low, est), hi=max(high, est), level=level)


def p_noninferior(pairs: Pairs, *, margin: float, shown: Discrimination, alpha: float) -> float:
    """p-value of "the true loss is the margin or more", unmeasured draws at their worst; 1 without pairs.

    Args:
        pairs: Of which.
        margin: Accepted loss.
        shown: How much of a true difference the criteria show.
        alpha: Level at which it will be read; where requests have several answers it tunes the bets.
    """
    if not pairs.n:
        return 1.0
    if tells(pairs.labelled):
        return random_labels.p_noninferior(pairs.labelled, margin=margin)
    if pairs.spread is None:
        return discrimination.p_noninferior(pessimistic(pairs), margin=margin, shown=shown)
    return wsr_p(pairs.spread.worst, margin=shown.shown(margin), alpha=alpha) if shown.low > 0 else 1.0


def p_inferior(pairs: Pairs, *, margin: float, shown: Discrimination, alpha: float) -> float:
    """p-value of "the true loss is the margin or less", unmeasured draws at their best; 1 without pairs.

    Arguments as of `p_noninferior`.
    """
    if not pairs.n:
        return 1.0
    if tells(pairs.labelled):
        return random_labels.p_inferior(pairs.labelled, margin=margin)
    if pairs.spread is None:
        return discrimination.p_inferior(optimistic(pairs), margin=margin, shown=shown)
    # A loss beyond the margin is a gain beyond it of the arms exchanged.
    return wsr_p(-pairs.spread.best, margin=-shown.shown_at_most(margin), alpha=alpha) if shown.low > 0 else 1.0


def table_of(pairs: Pairs) -> PairTable:
    """Measured pairs as a 2x2 table; a request with several answers is split by their accepted share."""
    counts = observed(pairs)
    both = _total(np.where(pairs.incumbent, pairs.candidate, 0))
    return PairTable(
        both_pass=both,
        only_today=cell(counts.b),
        only_after=cell(counts.c),
        both_fail=cell(pairs.n - both - counts.b - counts.c),
    )


def cell(value: float) -> int | float:
    """A number of requests: whole where it is, else without the noise of the last digits."""
    near = round(value)
    return near if math.isclose(value, near, abs_tol=1e-6) else round(value, 6)


def accepted(values: BoolArray | FloatArray, level: float) -> Estimate | None:
    """Accepted share over measured pairs with its Wilson interval; None without pairs.

    Of shares of answers the interval is wider than it need be: a share varies less than one answer with its mean does.
    """
    return rate(_total(values), len(values), level)


def rate(passed: float, n: int, level: float) -> Estimate | None:
    """A share of n with its Wilson interval; None when n is 0."""
    return Estimate.of(passed / n, wilson(passed, n, level=level), level) if n else None


def _total(values: BoolArray | FloatArray) -> int | float:
    return cell(float(values.sum()))
