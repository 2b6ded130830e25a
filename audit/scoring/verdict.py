"""From what each criterion says to whether a completion is accepted."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.outcome import Errored, NotApplicable, Outcome, Scored

_ROUNDING = 1e-9


def accept(
    outcomes: Sequence[Outcome], weights: Sequence[float], threshold: float | None = None, *, answered: bool = True
) -> bool | None:
    """Whether a completion is accepted; None when that is unknown.

    Args:
        outcomes: Of the route's criteria.
        weights: Theirs, of equal length; a criterion of weight 0 is measured and does not decide.
        threshold: None: all must hold. Else: the weighted share of those that hold must reach it.
        answered: Whether the completion is a whole answer. A refusal or a truncation is never accepted.

    Special cases:
        No criterion applies: None. Criteria that do not apply are left out of the share.
        Some criterion errored: False when the others decide that already, whatever it would have said; else None.
            It is never True, so that a broken scorer cannot accept anything.
    """
    deciding = [(outcome, w) for outcome, w in zip(outcomes, weights, strict=True) if w > 0]
    applicable = [(outcome, w) for outcome, w in deciding if not isinstance(outcome, NotApplicable)]
    if not applicable:
        return None
    if not answered:
        return False
    total = sum(w for _, w in applicable)
    failed = sum(w for outcome, w in applicable if isinstance(outcome, Scored) and not outcome.passed)
    if (failed > 0) if threshold is None else (total - failed < threshold * total - _ROUNDING):
        return False
    return None if any(isinstance(outcome, Errored) for outcome, _ in applicable) else True
