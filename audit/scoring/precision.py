"""How far scores by an embedding model in 8-bit integers lie from those of the same model at full precision.

The vectors differ, so similarities do, and a verdict near its threshold may. How much depends on the texts, so it is
measured on each route's own: some of the pairs that a criterion compared are compared again at full precision. The
verdicts stay those of the model that was chosen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from audit.core.display import plural
from audit.core.outcome import Scored
from audit.scoring.context import Context
from audit.scoring.criteria import Criterion
from audit.scoring.tables import Cell

LOOKED_AT = 200
"""Pairs of each criterion that are compared again: as many take a transformer some seconds."""

_ALIKE = (0.0, 1.0)
"""Values of equal texts, which no model has compared."""


@dataclass(slots=True)
class Compared:
    """The pairs that one criterion compared: how many, and some drawn by the digest of what they hold.

    Which those are depends on the pairs alone, not on their order, nor on what an earlier run knew of them.
    """

    seen: set[str] = field(default_factory=set)
    held: dict[str, tuple[Context, Cell]] = field(default_factory=dict)

    def add(self, digest: str, context: Context, found: Cell) -> None:
        """Take in a pair with its score."""
        if found.status != "scored" or found.value in _ALIKE or digest in self.seen:
            return
        self.seen.add(digest)
        self.held[digest] = (context, found)
        if len(self.held) > LOOKED_AT:
            del self.held[max(self.held)]

    def shift(self, exact: Criterion) -> str:
        """What full precision says of them, as a sentence; "" where there are none."""
        pairs = [self.held[digest] for digest in sorted(self.held)]
        outcomes = exact.score([context for context, _ in pairs])
        both = [(found, other) for (_, found), other in zip(pairs, outcomes, strict=True) if isinstance(other, Scored)]
        if not both:
            return ""
        moved = np.abs([(found.value or 0.0) - other.value for found, other in both])
        turned = sum(found.passed is not other.passed for found, other in both)
        of = f"{plural(len(both), 'pair')}" + (f" of {len(self.seen):,}" if len(both) < len(self.seen) else "")
        return (
            f"`{exact.name}` compared by 8-bit integers; on {of} held against full precision its similarities differ "
            f"by {moved.mean():.3f} on average and {moved.max():.3f} at most, and {turned:,} of {len(both):,} verdicts "
            "would be different"
        )
