"""A short list of conditions that a person can read, check and write: `messages <= 1, then last_user_chars <= 900`.

    {"conditions": [{"feature": "messages", "op": "<=", "value": 1}, ...]}

People write more than the fit finds: further operators, and patterns of the last user message (`written.py`).

The value is the share of conditions that hold, counted from the first and stopped at the first that does not. So a
threshold of 1 asks for all of them, and one of 1/3 for the first of three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from audit.core.exchange import Request
from audit.core.personal import without_masks
from audit.core.policy import SignalSpec
from audit.patterns import Pattern, TooSlow, kept_pattern
from audit.signals.features import FEATURES, LONGEST_CHARS, TEXT, column, feature_table
from audit.signals.signal import BoolArray, FitData, FloatArray, Signal, TextEmbedder

NAME, VERSION = "rules", 2
MOST_CONDITIONS = 3

CUTS = 16
"""Values tried per feature: quantiles of what was seen."""

LEAST_GAIN = 14.0
"""Twice the log-likelihood that a condition must win. The best of some three hundred tried on pure noise wins more in
about one fit of twenty."""

LEAST_SHARE = 0.1
"""A condition that leaves less of the traffic is not worth a rule."""

OPERATORS = {
    "<=": np.less_equal,
    "<": np.less,
    ">=": np.greater_equal,
    ">": np.greater,
    "==": np.equal,
    "!=": np.not_equal,
}
MATCHES = {"~": True, "!~": False}
"""What a pattern is compared by, and whether it has to match."""


def compute(params: Mapping[str, Any], requests: Sequence[Request], embedder: TextEmbedder | None) -> FloatArray:
    """Share of the conditions that hold before the first that does not, in [0, 1]."""
    return held(params["conditions"], feature_table(requests), requests)


def held(conditions: Sequence[Mapping[str, Any]], table: FloatArray, requests: Sequence[Request] = ()) -> FloatArray:
    """The value of `compute` for rows of `feature_table`; 1 without conditions.

    Args:
        conditions: In order.
        table: Of the requests.
        requests: Only for conditions on the text itself.
    """
    going = np.ones(len(table), dtype=bool)
    count = np.zeros(len(table))
    for condition in conditions:
        going &= _holds(condition, table, requests)
        count += going
    return count / len(conditions) if conditions else np.ones(len(table))


def _holds(condition: Mapping[str, Any], table: FloatArray, requests: Sequence[Request]) -> BoolArray:
    if condition["feature"] != TEXT:
        found: BoolArray = OPERATORS[condition["op"]](column(table, condition), condition["value"])
        return found
    wanted, pattern = MATCHES[condition["op"]], kept_pattern(condition["value"])
    return np.array([_matches(pattern, request) is wanted for request in requests], dtype=bool)


def _matches(pattern: Pattern, request: Request) -> bool | None:
    """Whether the pattern matches; None where that takes too long to be known, so that no condition on it holds. What
    the log holds masked is no text: a pattern meets what stands around it."""
    try:
        return pattern.search(without_masks(request.last_user[:LONGEST_CHARS])) is not None
    except TooSlow:
        return None


def in_force(params: Mapping[str, Any], threshold: float) -> list[dict[str, Any]]:
    """The conditions that a threshold really asks for: what a gateway's configuration would have to say."""
    conditions = [dict(condition) for condition in params["conditions"]]
    return conditions[: int(np.ceil(threshold * len(conditions) - 1e-9))]


def fit(data: FitData) -> SignalSpec | None:
    """Add the condition that best parts good from bad, then the next on what is left, while it clearly helps."""
    if not data.separable:
        return None
    table, good = feature_table(data.requests), data.cheap_good
    inside = np.ones(len(good), dtype=bool)
    conditions: list[dict[str, Any]] = []
    while len(conditions) < MOST_CONDITIONS:
        best = _best(table[inside], good[inside], least=LEAST_SHARE * len(good))
        if best is None:
            break
        conditions.append(best)
        inside = held(conditions, table) == 1.0
    return SignalSpec(name=NAME, version=VERSION, params={"conditions": conditions}) if conditions else None


def _best(table: FloatArray, good: BoolArray, *, least: float) -> dict[str, Any] | None:
    """The condition with the largest gain among those that keep the better part; None when none gains enough."""
    best, most = None, LEAST_GAIN
    for condition in _conditions(table):
        kept = held([condition], table) == 1.0
        n = int(kept.sum())
        if n < least or n == len(good) or good[kept].mean() <= good[~kept].mean():
            continue
        gain = 2 * (_likelihood(good[kept]) + _likelihood(good[~kept]) - _likelihood(good))
        # Equal gains differ in the last bit between machines; the first condition of the list then stays.
        if gain > most + 1e-9:
            best, most = condition, gain
    return best


def _conditions(table: FloatArray) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for position, feature in enumerate(FEATURES):
        seen = np.unique(table[:, position])
        if feature == "system_bucket":
            found += [{"feature": feature, "op": op, "value": int(v)} for v in seen for op in ("==", "!=")]
            continue
        # Quantiles of the rows, not of the distinct values: cuts belong where the traffic is.
        low = np.unique(np.quantile(table[:, position], np.arange(1, CUTS) / CUTS, method="lower"))
        for value in low[low < seen[-1]]:
            cut = short_between(float(value), float(seen[np.searchsorted(seen, value, side="right")]))
            found += [{"feature": feature, "op": op, "value": cut} for op in ("<=", ">")]
    return found


def short_between(low: float, high: float) -> float | int:
    """The number with the fewest digits in [low, high), near the middle: a rule is for people to read."""
    for digits in range(1, 17):
        value = float(f"{(low + high) / 2:.{digits}g}")
        value = float(np.floor(value)) if high - low >= 1 else value
        if low <= value < high:
            return int(value) if value.is_integer() else value
    return low


def _likelihood(good: BoolArray) -> float:
    """Log-likelihood of verdicts under their own mean."""
    n, k = len(good), int(good.sum())
    return sum(part * float(np.log(part / n)) for part in (k, n - k) if part)


SIGNAL = Signal(
    name=NAME,
    version=VERSION,
    summary="At most three conditions on cheap features, for people to read and to write.",
    fit=fit,
    compute=compute,
)
