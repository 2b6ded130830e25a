"""What a policy's claim rests on: the units that carry it, its course over the window, and each model it replaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from audit.certificate.claims import delta_of, observed, p_noninferior, table_of
from audit.core.discrimination import PERFECT, Discrimination
from audit.core.interval import Estimate
from audit.core.policy import RoutePolicy
from audit.core.robustness import (
    DoubtedAnswers,
    Drift,
    IncumbentPart,
    LostPart,
    Period,
    Robustness,
    Unit,
    UnitKind,
    Units,
)
from audit.pairing.evidence import Pairs, Spread
from audit.pairing.replayed import Replayed, Simulation
from audit.signals.signal import BoolArray, FloatArray
from audit.stats.clusters import cluster_effect, clustered_delta
from audit.stats.group_sequential import Look
from audit.stats.random_mix import Parted, random_mix_p
from audit.stats.wholly import wholly_lost_p

SMALL = 0.005
"""Share of a claim above which a part on which everything is lost is named: a part of 1 % of the route hardly ever has
less of its sample, and the test holds what chance names.
"""

LARGE = 0.02
"""Share of a claim above which a unit is named, and the claim is tested without it."""

ALIKE = 0.75
"""Of the rate at which answers agree where right answers accept today's; models that err say the same less often."""

DOUBTFUL = 0.25
"""Share of what moves from which right answers in doubt withhold a claim that does not hold without them. Of fewer, the
loss that they hide is a small part of what is seen.
"""

MOST_NAMED = 5
LEAST_PAIRS = 30
"""Fewer pairs of a period, or of an incumbent, say nothing by themselves."""

MOST_PERIODS = 8
WEEK = 7 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a claim is held to.

    Attributes:
        look: Of the claim.
        margin: Accepted loss.
        level: That intervals hold over all looks.
        shown: How much of a true difference the criteria show.
    """

    look: Look
    margin: float
    level: float
    shown: Discrimination = PERFECT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Claim:
    """The measured pairs of a policy at a look, in draw order, shape (n,).

    Attributes:
        before: Whether the log's answer is accepted.
        after: Accepted share of the policy's answers: 0 or 1 where each request was asked once.
        first: Whether the first of them is accepted.
        asked: Answers to each request.
        same: A right answer rejects the policy's answer, and it says what the log's says.
    """

    draws: Replayed
    rows: BoolArray
    before: BoolArray
    after: FloatArray
    first: BoolArray
    kept: BoolArray
    basis: Basis
    asked: int
    same: BoolArray

    def pairs(self, rows: BoolArray) -> Pairs:
        before, after = self.before[rows], self.after[rows]
        if self.asked == 1:
            return Pairs.measured(before, after > 0.5)
        return replace(Pairs.measured(before, after), spread=Spread.of(self.asked, before.astype(float), after, after))

    def parted(self, part: BoolArray, rest: BoolArray) -> Parted:
        """By the first answers: for a test that asks for whole pairs."""
        moved, kept = (observed(Pairs.measured(self.before[rows], self.first[rows])) for rows in (part, rest))
        return Parted(moved=moved, kept=kept)

    def delta(self, rows: BoolArray) -> Estimate:
        found = delta_of(self.pairs(rows), self.basis.look.level, shown=self.basis.shown)
        assert found is not None
        return found

    def holds(self, rows: BoolArray) -> bool:
        lo, basis = self.delta(rows).lo, self.basis
        p = p_noninferior(self.pairs(rows), margin=basis.margin, shown=basis.shown, alpha=basis.look.alpha)
        return lo is not None and lo > -basis.margin and p <= basis.look.alpha


def robustness_of(policy: RoutePolicy, draws: Replayed, walked: Simulation, *, before: int, basis: Basis) -> Robustness:
    """Look at a policy's pairs by unit, by period and by incumbent.

    Args:
        policy: Whose pairs.
        draws: Certification draws that it may move.
        walked: What it does with them.
        before: Those whose place in the sample is below this are the look's.
        basis: Of the claim.

    Source:
        docs/method/units-and-drift.md.
    """
    arm = draws.arms[policy.tier]
    after = np.where(walked.kept, arm.accepted if policy.verifier is None else arm.passed, draws.passed)
    first = np.where(walked.kept, arm.passed, draws.passed)
    rows = (draws.draw_order < before) & ~np.isnan(draws.passed) & ~np.isnan(after)
    if not rows.any():
        return Robustness()
    claim = _Claim(
        draws=draws,
        rows=rows,
        before=draws.passed[rows] > 0.5,
        after=after[rows],
        first=first[rows] > 0.5,
        kept=walked.kept[rows],
        basis=basis,
        asked=arm.shares.asked if arm.shares is not None and policy.verifier is None else 1,
        same=(walked.kept & arm.as_logged)[rows],
    )
    units = (_units(claim, kind, names) for kind, names in draws.units.items())
    return Robustness(
        units=tuple(one for one in units if one is not None),
        drift=_drift(claim),
        incumbents=_incumbents(claim),
        lost=_lost(claim),
        doubted=_doubted(claim),
    )


def weaker_of(whole: Robustness, content: Robustness) -> Robustness:
    """What a claim rests on that has to hold by all criteria, and by those alone that compare what an answer says.

    A better form must hide neither a session on which the answers are wrong, nor a month in which they became so.

    Args:
        whole: By all criteria; shown where the other says nothing worse.
        content: By the comparing criteria.
    """
    hanging = {units.kind: units for units in content.units if units.hangs_on}
    named = {(one.kind, one.name) for one in whole.lost}
    return replace(
        whole,
        lost=(*whole.lost, *(one for one in content.lost if (one.kind, one.name) not in named)),
        drift=content.drift if _contradicts(content.drift) and not _contradicts(whole.drift) else whole.drift,
        doubted=content.doubted if content.doubted is not None and not content.doubted.holds else whole.doubted,
        units=tuple(one if one.hangs_on else hanging.get(one.kind, one) for one in whole.units),
    )


def _contradicts(drift: Drift | None) -> bool:
    return drift is not None and drift.contradicts


def _units(claim: _Claim, kind: UnitKind, names: Sequence[str]) -> Units | None:
    """The units of one kind; None where no two pairs share one."""
    # A request without a session is a unit of its own.
    mine = np.array([name or f"\x1f{i}" for i, name in enumerate(names)], dtype=object)[claim.rows]
    found, number, sizes = np.unique(mine.astype(str), return_inverse=True, return_counts=True)
    n = int(sizes.sum())
    if len(found) == n or len(found) == 1:
        return None
    order = sorted(np.flatnonzero(sizes / n > LARGE).tolist(), key=lambda i: (-sizes[i], found[i]))
    stands = claim.holds(np.ones(n, dtype=bool))
    hangs = [i for i in order[:MOST_NAMED] if stands and not claim.holds(number != i)]
    effect = cluster_effect(claim.after - claim.before, mine.astype(str), level=claim.basis.level)
    future = None
    if effect.future_claim:
        interval = clustered_delta(claim.before, claim.after, mine.astype(str), level=claim.basis.look.level)
        future = Estimate.of(interval.delta or 0.0, interval.interval, claim.basis.level)
        future = claim.basis.shown.corrected(future)
    return Units(
        kind=kind,
        total=len(found),
        pairs=n,
        effective=effect.effective_templates,
        large=tuple(_unit(claim, kind, str(found[i]), number == i) for i in order[:MOST_NAMED]),
        n_large=len(order),
        carried=float(sizes[order].sum() / n),
        hangs_on=tuple(_shown(kind, str(found[i])) for i in hangs),
        future=future,
    )


def _unit(claim: _Claim, kind: UnitKind, name: str, rows: BoolArray) -> Unit:
    table = table_of(claim.pairs(rows))
    return Unit(
        name=_shown(kind, name),
        pairs=table.n,
        share=float(rows.mean()),
        b=table.only_today,
        c=table.only_after,
        fails_entirely=bool(claim.before[rows].any() and not claim.after[rows].any()),
    )


def _lost(claim: _Claim) -> tuple[LostPart, ...]:
    """Parts above `SMALL` on which the policy loses every request that it moves and that today's answer passes.

    Losses inside the margin may all be one tenant's: the mean over the route does not say so. By chance alone any part
    is named with at most the error rate of the intervals, whatever the number of parts.
    """
    passing, n = claim.before & claim.kept, len(claim.before)
    failing = passing & (claim.after <= 0.0)
    kinds = {_WORDS.get(kind, str(kind)): names for kind, names in claim.draws.units.items()} | dict(
        claim.draws.segments
    )
    parts: list[tuple[str, str, int, float]] = []
    looked_at = 0
    for kind, names in kinds.items():
        mine = np.array(names, dtype=object)[claim.rows].astype(str)
        for name, size in zip(*np.unique(mine, return_counts=True), strict=True):
            if not name or size == n or size / n <= SMALL:
                continue
            rows = (mine == name) & passing
            looked_at += bool(rows.any())
            if rows.any() and failing[rows].all():
                parts.append((kind, str(name), int(rows.sum()), float(size / n)))
    total, lost = int(passing.sum()), int(failing.sum())
    named = [
        LostPart(kind=kind, name=_short(kind, name), requests=size, share=share, p=p)
        for kind, name, size, share in parts
        if (p := min(1.0, wholly_lost_p(size, lost, total) * looked_at)) <= 1 - claim.basis.level
    ]
    return tuple(sorted(named, key=lambda one: (-one.requests, one.kind, one.name))[:MOST_NAMED])


def _doubted(claim: _Claim) -> DoubtedAnswers | None:
    """Right answers that reject today's answer, where the policy says the same about as often as it is accepted where
    they accept it: whoever is right, they hardly tell one answer from another there. None where they do, or are few.
    """
    rejected, accepted = claim.kept & ~claim.before, claim.kept & claim.before
    n, same, whole = int(rejected.sum()), int((rejected & claim.same).sum()), int(claim.kept.sum())
    elsewhere = float(claim.first[accepted].mean()) if accepted.any() else 1.0
    if n < LEAST_PAIRS or same < ALIKE * elsewhere * n:
        return None
    trusted = replace(
        claim,
        before=claim.before | rejected,
        after=np.where(rejected, claim.same, claim.after),
        first=np.where(rejected, claim.same, claim.first),
    )
    rows = np.ones(len(claim.before), dtype=bool)
    holds = n < DOUBTFUL * whole or trusted.holds(rows)
    return DoubtedAnswers(requests=n, same=same, delta=trusted.delta(rows), holds=holds)


_WORDS = {UnitKind.TEMPLATE: "system prompt"}
_HASHED = frozenset({"system prompt", str(UnitKind.PROMPT)})


def _short(kind: str, name: str) -> str:
    return name[:8] if kind in _HASHED else name[:40]


def _shown(kind: UnitKind, name: str) -> str:
    return name[:40] if kind is UnitKind.SESSION else name[:8]


def _drift(claim: _Claim) -> Drift | None:
    """The course over the window of what the policy moves."""
    at = claim.draws.at[claim.rows]
    moved = claim.kept & ~np.isnan(at)
    if moved.sum() < 2 * LEAST_PAIRS:
        return None
    first, last = float(at[moved].min()), float(at[moved].max())
    if last <= first:
        return None
    for count in range(min(max(round((last - first) / WEEK), 4), MOST_PERIODS), 1, -1):
        edges = first + (last - first) * np.arange(count) / count
        period = np.searchsorted(edges, at, side="right") - 1
        if min(int((moved & (period == k)).sum()) for k in range(count)) >= LEAST_PAIRS:
            break
    else:
        return None
    periods = tuple(
        Period(since=_iso(edges[k]), pairs=int(rows.sum()), delta=claim.delta(rows))
        for k in range(count)
        for rows in [moved & (period == k)]
    )
    p_values = [random_mix_p(claim.parted(moved & (period < k), moved & (period >= k))) for k in range(1, count)]
    k = 1 + int(np.argmin(p_values))
    p_change = min(1.0, min(p_values) * len(p_values))
    since = claim.delta(moved & (period >= k))
    changed = p_change <= 1 - claim.basis.level
    return Drift(
        periods=periods,
        p_change=p_change,
        changed_at=_iso(edges[k]) if changed else None,
        since=since if changed else None,
        contradicts=changed and since.est <= -claim.basis.margin,
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _incumbents(claim: _Claim) -> tuple[IncumbentPart, ...]:
    models = np.array(claim.draws.models, dtype=object)[claim.rows].astype(str)
    names, sizes = np.unique(models, return_counts=True)
    if len(names) < 2:
        return ()
    order = sorted(range(len(names)), key=lambda i: (-sizes[i], names[i]))
    return tuple(
        IncumbentPart(
            model=str(names[i]),
            pairs=int(sizes[i]),
            share=float(sizes[i] / sizes.sum()),
            delta=claim.delta(models == names[i]),
        )
        for i in order
        if sizes[i] >= LEAST_PAIRS
    )
