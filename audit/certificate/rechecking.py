"""Whether a new tier is worth a full audit, by a part of a run's tuning split: a list of one, and no certificate.

What is looked at here chooses what is audited next, so it must not be what certifies: only requests of the tuning
split are asked. A tier is called not worth it when its loss is shown to be beyond the margin, or what it saves to be
less than an audit costs; both errors together are at most `MISS`. It is called worth it on an estimate, because a full
audit follows. In between the recheck cannot tell.

Source:
    docs/method/recheck.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from audit.certificate import claims
from audit.certificate.looks import Schedule, test_of
from audit.core.display import percent_share, points, usd
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.reason import Because, Reason, because
from audit.core.recheck import Worth
from audit.pairing.evidence import MAX_MISSING, Pairs, unasked_limit
from audit.stats.discrimination import discrimination_of
from audit.stats.group_sequential import Look, chance_after_pilot, declare_looks
from audit.stats.planning import pairs_needed
from audit.stats.tango import PairCounts, tango_z

MISS = 0.1
"""At most this share of tiers that lose less than the margin, and save more than an audit costs, is turned away."""

MISS_BY_QUALITY = 0.08
"""The part of it that is spent on the loss; the rest is for what is saved."""

SEEN = 0.95
"""Chance that a tier which loses nothing is estimated inside the margin; it sizes the recheck."""

SURE = 0.8
"""A tier that a full audit would certify with this chance is asked nothing more."""

LOOKS = 3
SAVING_ALPHA = (MISS - MISS_BY_QUALITY) / LOOKS
"""Chance at each look that more is saved than its upper bound, at most: its part of `MISS`, over all looks."""

SAVING_LEVEL = 1 - 2 * SAVING_ALPHA
"""The same as the level of an interval, of which only the upper end is known."""

NOTHING = PairCounts(b=0, c=0, n=0)
LEAST_PAIRS = 50
"""Fewer pairs say nothing of a tier, for it or against it."""


def pairs_to_ask(margin: float, discordance: float) -> int:
    """Pairs from which a tier that loses nothing is estimated inside the margin, with the chance `SEEN`.

    Args:
        margin: Accepted loss, as it is measured.
        discordance: Share of pairs expected to differ.
    """
    # Half is the level of "the estimate is inside": no evidence beyond it is asked for.
    wanted = pairs_needed(discordance=discordance, delta=0.0, margin=margin, alpha=0.5, power=SEEN)
    return max(wanted or 0, LEAST_PAIRS)


def stages_of(planned: int) -> tuple[int, ...]:
    """Requests that each look takes in."""
    return tuple(math.ceil(planned * step / LOOKS) for step in range(1, LOOKS + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecheckTerms:
    """What a tier is held against on one route.

    Attributes:
        design: The route's, as the run had it.
        margin: The least that a true loss of the route's margin shows, as measured.
        certifying: Certification pairs of a full audit.
        last: Its last look.
        look: Of this recheck.
        full_usd: What a full audit costs.
        windows_a_year: Windows like the log's in a year.
        confidence: Of the intervals that are shown.
    """

    design: RouteDesign
    margin: float
    certifying: int
    last: Look
    look: Look
    full_usd: float
    windows_a_year: float
    confidence: float

    @classmethod
    def of(
        cls,
        design: RouteDesign,
        *,
        look: int,
        certifying: int,
        full_usd: float,
        windows_a_year: float,
        confidence: float,
    ) -> RecheckTerms:
        """Of a route.

        Args:
            design: The run's.
            look: Number of the look, from 1.
            certifying: Certification pairs of a full audit.
            full_usd: What that costs.
            windows_a_year: Windows like the log's in a year.
            confidence: Of the run.
        """
        test = test_of(design, confidence)
        schedule = Schedule.of(design, alpha=test.alpha, confidence=test.confidence, reach=None)
        return cls(
            design=design,
            margin=test.margin,
            certifying=certifying,
            last=schedule.looks[-1],
            look=declare_looks(LOOKS, alpha=MISS_BY_QUALITY)[look - 1],
            full_usd=full_usd,
            windows_a_year=windows_a_year,
            confidence=confidence,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What a recheck says at one look.

    Attributes:
        worth: None where the next look is needed.
        because: Why.
        delta: Tier minus today's; None without pairs.
        p_inferior: Of "the loss is at most the margin"; None without pairs.
        chance: That a full audit would certify it; None without pairs.
        counts: Pairs; none where too much was not measured.
    """

    worth: Worth | None
    because: Because
    counts: PairCounts = NOTHING
    delta: Estimate | None = None
    p_inferior: float | None = None
    chance: float | None = None


def assess(pairs: Pairs, beyond: Estimate | None, terms: RecheckTerms) -> Assessed:
    """What so many pairs say of a tier.

    Args:
        pairs: Of the requests asked so far.
        beyond: What it saves in a window beyond the run's verdict; None where no cost is known.
        terms: What it is held against.
    """
    if why := _unfit(pairs, terms.design.margin):
        return Assessed(worth=Worth.OPEN, because=why)
    if pairs.n < LEAST_PAIRS:
        few = because(Reason.FEW_TUNING_REQUESTS, requests=pairs.n, least=LEAST_PAIRS)
        return Assessed(worth=Worth.OPEN if terms.look.last else None, because=few)
    margin, cost = terms.design.margin, usd(terms.full_usd)
    said = points(margin).lstrip("+")
    shown = discrimination_of(terms.design.criteria, error=1 - terms.confidence)
    p = claims.p_inferior(pairs, margin=margin, shown=shown, alpha=terms.look.alpha)
    counts = claims.observed(pairs)
    chance = chance_after_pilot(counts, margin=terms.margin, times=terms.certifying / pairs.n, last=terms.last)
    delta = claims.delta_of(pairs, terms.confidence, shown=shown)

    def found(worth: Worth | None, why: Because) -> Assessed:
        return Assessed(worth=worth, because=why, counts=counts, delta=delta, p_inferior=p, chance=chance)

    if p <= terms.look.alpha:
        return found(Worth.NOT, because(Reason.LOSES_TOO_MUCH, margin=said, p=f"{p:.2g}"))
    if beyond is not None and beyond.hi is not None and beyond.hi * terms.windows_a_year <= terms.full_usd:
        most = usd(max(beyond.hi, 0.0) * terms.windows_a_year)
        return found(Worth.NOT, because(Reason.SAVES_TOO_LITTLE, most=most, cost=cost))
    undecided = Worth.OPEN if terms.look.last else None
    if tango_z(counts, -terms.margin) < 0:
        return found(undecided, because(Reason.LOSS_UNCLEAR, margin=said, chance=percent_share(chance)))
    if beyond is None or chance * beyond.est * terms.windows_a_year <= terms.full_usd:
        return found(undecided, because(Reason.SAVING_UNCLEAR, cost=cost))
    worth = Worth.FULL_AUDIT if terms.look.last or chance >= SURE else None
    return found(worth, because(Reason.LOSS_INSIDE_MARGIN, chance=percent_share(chance)))


def _unfit(pairs: Pairs, margin: float) -> Because | None:
    """Why what was measured says nothing of the route, if so; the same limits as in an audit."""
    if pairs.unasked_share > unasked_limit(margin):
        return because(Reason.TOO_MUCH_NOT_ASKED, share=percent_share(pairs.unasked_share))
    if pairs.missing_share > MAX_MISSING:
        return because(Reason.TOO_MUCH_UNMEASURED, share=percent_share(pairs.missing_share))
    return None
