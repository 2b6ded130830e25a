"""What a test on the certification split leaves beside its verdict: of the part of a route that a policy moves, and of
pairs that people judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from audit.core.display import plural, points_interval
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomLabels:
    """Pairs of a candidate that were drawn at random for people.

    Attributes:
        first: Pairs that were to be judged: the first of the certification draws in their random order.
        of: Pairs that there were to draw from.
        judged: Of `first`, pairs that people have judged.
        draws: Draws of the claim whose true difference these labels say; equal pairs count as often as they were drawn.
        by_judge: The change by the judge's verdicts alone, corrected by what labels show of its error: what the finding
            would be without these labels. None where they are not used.
        wanted: Pairs in random order that would about settle it if the candidate loses nothing, as often as these
            differ in worth; None where they are not used, or where not even all would.
    """

    SPARSE: ClassVar[tuple[str, ...]] = ("wanted",)

    first: int
    of: int
    judged: int
    draws: int
    by_judge: Estimate | None
    wanted: int | None = None

    @property
    def used(self) -> bool:
        """Whether the change rests on them: all pairs that were to be judged were."""
        return self.by_judge is not None

    @property
    def words(self) -> str:
        """For people, as a sentence without its full stop."""
        said = f"{self.judged:,} of the first {plural(self.first, 'pair')} in random order are judged by people"
        if self.by_judge is None:
            return f"{said}; the change rests on them once all are, until then on the judge, its error taken off"
        return (
            f"{said}, of {self.of:,} that differ; the change rests on them and on what the judge says of all draws. By "
            f"the judge alone, its error taken off, it would be {points_interval(self.by_judge)}"
        )

    @property
    def wanted_words(self) -> str:
        """What would settle a candidate that is not proven, as a sentence without its full stop; "" where these labels
        are not used, or where as many as there are would."""
        if not self.used or (self.wanted is not None and self.wanted <= self.first):
            return ""
        if self.wanted is None:
            return f"Not even all {self.of:,} would settle it: it needs more replays"
        return f"About {self.wanted:,} would settle it if the candidate loses nothing"
