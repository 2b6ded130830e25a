"""How many more replays would settle a route that is not proven, and what they would cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from audit.certificate.candidates import CandidateEvidence
from audit.certificate.looks import test_of
from audit.certificate.verdicts import Verdicts
from audit.core.finding import NeedsMore
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.settings import Settings
from audit.stats.pairs_test import Expects
from audit.stats.tango import PairCounts


def needs_more(
    design: RouteDesign,
    closest: str,
    policies: Verdicts,
    evidence: Sequence[CandidateEvidence],
    savings: Mapping[str, Estimate | None],
    settings: Settings,
) -> NeedsMore | None:
    """Further replays that would decide the closest candidate if the estimates are true; None when none would.

    Candidates before it in the frozen order have to pass first, so they need their replays as well, and are paid for.
    Where people's words of random pairs decide, replays alone add next to nothing; how many pairs it takes is said
    with these (`RandomLabels.wanted`), so this is None. Where criteria of form stand beside others, both claims have to
    hold, so the one that wants more pairs counts.
    """
    ahead = [one.tuned.policy.tier for one in policies.tested if one.tuned.policy.kind == "static"]
    ahead = ahead[: ahead.index(closest)] if closest in ahead else []
    passed = {one.tuned.policy.tier for one in policies.tested if one.certified}
    asked = [one for one in evidence if one.tier.name in {closest, *ahead} - passed]
    if any(one.random_labels is not None and one.random_labels.used for one in asked):
        return None
    claims = [counts for one in asked for counts in _claims(one, policies)]
    pairs = [_pairs_wanted(design, counts, settings) for counts in claims]
    if None in pairs or not pairs:
        return None
    wanted = math.ceil(max(n for n in pairs if n is not None) / (1 - settings.slice.tuning_share))
    draws = wanted - design.quality_n
    if draws <= 0:
        return None
    prices = [_price_per_request(design, savings.get(one.tier.name)) for one in asked]
    known = [price for price in prices if price is not None]
    return NeedsMore(
        replays=draws * len(asked),
        usd=draws * sum(known) if len(known) == len(prices) else None,
        requests_missing=max(wanted - design.movable(closest), 0),
    )


def _claims(evidence: CandidateEvidence, policies: Verdicts) -> list[PairCounts]:
    """A candidate's pairs by all criteria, and by those alone that compare answers where these do not decide all."""
    tested = policies.static(evidence.tier.name)
    content = None if tested is None else tested.content_counts
    return [evidence.observed] if content is None else [evidence.observed, content]


def _pairs_wanted(design: RouteDesign, counts: PairCounts, settings: Settings) -> int | None:
    """Pairs that would show a candidate to hold the margin, were its estimate true; None when none would."""
    if counts.n == 0:
        return None
    # Few pairs may show no difference at all; half a pair keeps the plan from believing in none.
    discordance = max((counts.b + counts.c) / counts.n, 0.5 / counts.n)
    expects = Expects(discordance=discordance, power=settings.slice.power)
    return test_of(design, settings.confidence).pairs_wanted(expects, delta=(counts.c - counts.b) / counts.n)


def _price_per_request(design: RouteDesign, saving: Estimate | None) -> float | None:
    if saving is None or not design.replayable:
        return None
    return max((design.auditable_usd - saving.est) / design.replayable, 0.0)
