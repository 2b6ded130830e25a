"""The noise floor: the incumbent replayed against its own logged completions (`statistics.md` section 9)."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from audit.certificate.claims import delta_of, observed, optimistic
from audit.core.discrimination import PERFECT, Discrimination
from audit.core.finding import NoiseFloor
from audit.core.note import AnswerNote
from audit.core.plan import RouteDesign
from audit.pairing.evidence import Tables, pair_up, quality_draws
from audit.stats.discrimination import p_inferior
from audit.stats.tango import PairCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """The noise floor, or why there is none, and whether it forbids a verdict."""

    found: NoiseFloor | None
    reason: str | None
    noisy: bool
    shown: Discrimination = PERFECT

    def beyond(self, margin: float, alpha: float) -> bool:
        """Whether the incumbent is shown to lose another margin against itself, on what could be measured."""
        if self.found is None:
            return False
        counts = PairCounts(b=self.found.b, c=self.found.c, n=self.found.n)
        return p_inferior(counts, margin=margin, shown=self.shown) <= alpha


def noise_floor(tables: Tables, design: RouteDesign, *, level: float, alpha: float, shown: Discrimination) -> Floor:
    """Measure A/A on the quality draws on which the incumbent was replayed.

    Special cases:
        No tier serves the incumbent's model: no floor, with the reason.
        A loss beyond the margin is proven for the incumbent against itself: `noisy`, and nothing can be certified.
        A gain beyond the margin is proven, and requests were sent with placeholders for personal data: `noisy` too,
        because what makes them easier for the incumbent may be what makes them easier for a candidate.
        The interval merely excludes 0: `shifted`, a warning that the replay does not reproduce production.
    """
    if design.incumbent_tier is None:
        return Floor(found=None, reason=f"no tier serves {design.incumbent}", noisy=False)
    draws = quality_draws(tables).filter(pl.col("incumbent_model") == design.incumbent).head(design.incumbent_n)
    pairs = pair_up(tables, draws, arm="incumbent_replay", tier=design.incumbent_tier)
    delta = delta_of(pairs, level, shown=shown)
    if delta is None:
        return Floor(found=None, reason="the incumbent was not replayed", noisy=False)
    counts = observed(pairs)
    shifted = delta.lo is not None and delta.hi is not None and not delta.lo <= 0 <= delta.hi
    noisy = p_inferior(optimistic(pairs), margin=design.margin, shown=shown) <= alpha
    if _had_placeholders(tables, design):
        turned = PairCounts(b=counts.c, c=counts.b, n=counts.n)
        noisy |= p_inferior(turned, margin=design.margin, shown=shown) <= alpha
    found = NoiseFloor(
        psi=(counts.b + counts.c) / counts.n,
        delta=delta,
        n=pairs.n,
        b=int(counts.b),
        c=int(counts.c),
        same_answer=_same_answer(tables, design),
        shifted=shifted,
        beyond_margin=noisy,
    )
    return Floor(found=found, reason=None, noisy=noisy, shown=shown)


def _had_placeholders(tables: Tables, design: RouteDesign) -> bool:
    """Whether some of the incumbent's replays were sent placeholders for personal data."""
    notes = tables.replays.filter((pl.col("arm") == "incumbent_replay") & (pl.col("tier") == design.incumbent_tier))
    return AnswerNote.PLACEHOLDERS.value in notes["notes"].explode().drop_nulls()


def _same_answer(tables: Tables, design: RouteDesign) -> float | None:
    """Share of the replayed requests whose answer is the log's, verbatim."""
    mine = tables.replays.filter(
        (pl.col("arm") == "incumbent_replay") & (pl.col("tier") == design.incumbent_tier) & (pl.col("status") == "ok")
    )["same_answer"].drop_nulls()
    mean = mine.cast(pl.Float64).mean()
    return float(mean) if isinstance(mean, float) else None
