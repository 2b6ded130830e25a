"""What is said beside a change of quality: what sampling does to it, and what labels of random pairs did."""

from __future__ import annotations

import math
from typing import TypeGuard

from audit.core.finding import RandomLabels
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.repeats import Repeats
from audit.pairing.evidence import Pairs, Tables
from audit.pairing.truth import random_part
from audit.stats.label_sizes import LabelSizing
from audit.stats.quantiles import two_sided_normal
from audit.stats.random_labels import LabelledDraws, counts_of, mean_change


def tells(labelled: LabelledDraws | None) -> TypeGuard[LabelledDraws]:
    """Whether labels are there for what a claim is about; where not, the judge's verdicts are corrected as ever."""
    return labelled is not None and mean_change(labelled) is not None


def random_labels_of(
    tables: Tables, design: RouteDesign, tier: str, pairs: Pairs, corrected: Estimate | None, *, level: float
) -> RandomLabels | None:
    """What labels of random pairs did to a candidate's change; None where nobody drew any.

    Args:
        tables: Of the route.
        design: Of the route.
        tier: The candidate.
        pairs: Of the claim.
        corrected: The change without these labels.
        level: Of the run's intervals.
    """
    part = random_part(tables.drawn, tier) if tables.asked(tier) == 1 else None
    if part is None:
        return None
    found, judged = part
    if not tells(pairs.labelled):
        return RandomLabels(first=found.first, of=found.of, judged=judged, draws=0, by_judge=None)
    return RandomLabels(
        first=found.first,
        of=found.of,
        judged=judged,
        draws=int(pairs.labelled.people.sum()),
        by_judge=corrected,
        wanted=_wanted(pairs.labelled, design, level),
    )


def _wanted(labelled: LabelledDraws, design: RouteDesign, level: float) -> int | None:
    """Pairs that would about settle the claim if the candidate loses nothing, with as many draws as there are."""
    if design.criteria is None:
        return None
    alpha = 1 - level if design.alpha is None else design.alpha
    sizing = LabelSizing.of(design.criteria, margin=design.margin, looks=len(design.stages), levels=(alpha, level))
    return sizing.pairs_to_judge(counts_of(labelled))


def repeats_of(pairs: Pairs, moved: Pairs, level: float) -> Repeats | None:
    """How far the answers to what moves differ, and what that does to the delta over all pairs; None of one answer.

    Args:
        pairs: Of the delta.
        moved: Those among them that move.
        level: Of the run to run differences.
    """
    if moved.spread is None or not pairs.n or not moved.n:
        return None
    shares, asked = moved.candidate, moved.spread.asked
    # The variance of one answer to a request, without bias from so few; asked answers share it.
    within = float((shares * (1 - shares)).sum()) * asked / (asked - 1)
    once = two_sided_normal(level) * math.sqrt(within) / pairs.n
    return Repeats(
        asked=asked,
        requests=moved.n,
        disagree=int(((shares > 0) & (shares < 1)).sum()),
        once=once,
        moves=once / math.sqrt(asked),
    )
