"""What a test on the certification split leaves of the part of a route that a policy moves."""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.interval import Estimate
from audit.core.recommendation import PairTable


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedPart:
    """The requests that a policy moves, on the certification draws.

    Attributes:
        table: Their verdicts.
        unmeasured: Draws among them that could not be measured; they are not in the table.
        delta: On them alone, at the level of the look; None without pairs.
        p_margin: Exact p-value of "they lose the margin or more", unmeasured draws at their worst; None where the order
            of Splits did not reach the policy.
        p_mix: Exact p-value of "they are no better than a random mix of the same share"; None likewise.
        holds: Both were shown in the frozen order of Splits, each at its level; None where the order did not reach it.
    """

    table: PairTable
    unmeasured: int
    delta: Estimate | None
    p_margin: float | None
    p_mix: float | None
    holds: bool | None
