"""What a recheck says of pairs: turned away seldom, called worth it on an estimate, and never more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.certificate.rechecking import (
    LEAST_PAIRS,
    LOOKS,
    MISS_BY_QUALITY,
    RecheckTerms,
    assess,
    pairs_to_ask,
    stages_of,
)
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.core.recheck import Worth
from audit.pairing.evidence import Pairs
from audit.stats.missing import Missing

MARGIN = 0.03
SAVES = Estimate(est=100.0, lo=90.0, hi=110.0, level=0.95)
DESIGN = RouteDesign(
    route="/r",
    requests=9000,
    replayable=9000,
    spend_usd=200.0,
    auditable_usd=200.0,
    incumbent="large",
    incumbent_tier=None,
    incumbent_n=0,
    margin=MARGIN,
    candidates=("old",),
    quality_n=1574,
    dollars_n=100,
    distinct=1600,
    can_decide="yes",
    looks=(315, 630, 945, 1260, 1574),
)


def terms(look: int = LOOKS, margin: float = MARGIN) -> RecheckTerms:
    """Of a route at a look."""
    design = replace(DESIGN, margin=margin)
    return RecheckTerms.of(design, look=look, certifying=1049, full_usd=10.0, windows_a_year=12.0, confidence=0.95)


def pairs(lost: int, gained: int, n: int, missing: int = 0) -> Pairs:
    """Verdicts of n draws."""
    before, after = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
    after[:lost] = False
    before[lost : lost + gained] = False
    made = Pairs.measured(before, after)
    return replace(made, missing=Missing(passed=missing))


@pytest.mark.parametrize(
    ("told", "beyond_usd", "look", "worth", "reason"),
    [
        ((20, 20, 450), SAVES, LOOKS, Worth.FULL_AUDIT, Reason.LOSS_INSIDE_MARGIN),
        ((0, 0, 300), SAVES, 2, Worth.FULL_AUDIT, Reason.LOSS_INSIDE_MARGIN),
        ((20, 20, 300), SAVES, 2, None, Reason.LOSS_INSIDE_MARGIN),
        ((60, 10, 450), SAVES, LOOKS, Worth.NOT, Reason.LOSES_TOO_MUCH),
        ((60, 10, 150), SAVES, 1, Worth.NOT, Reason.LOSES_TOO_MUCH),
        ((40, 22, 450), SAVES, LOOKS, Worth.OPEN, Reason.LOSS_UNCLEAR),
        ((40, 22, 450), SAVES, 1, None, Reason.LOSS_UNCLEAR),
        ((20, 20, 450), Estimate(est=0.1, lo=-1.0, hi=0.8, level=0.95), LOOKS, Worth.NOT, Reason.SAVES_TOO_LITTLE),
        ((20, 20, 450), Estimate(est=0.1, lo=-9.0, hi=9.0, level=0.95), LOOKS, Worth.OPEN, Reason.SAVING_UNCLEAR),
        ((20, 20, 450), None, LOOKS, Worth.OPEN, Reason.SAVING_UNCLEAR),
        ((20, 20, 450, 20), SAVES, LOOKS, Worth.OPEN, Reason.TOO_MUCH_UNMEASURED),
        ((0, 0, LEAST_PAIRS - 1), SAVES, LOOKS, Worth.OPEN, Reason.FEW_TUNING_REQUESTS),
    ],
)
def test_what_pairs_say(
    told: tuple[int, ...], beyond_usd: Estimate | None, look: int, worth: Worth | None, reason: Reason
) -> None:
    """One reason each; what is not clear goes on to the next look, and is open at the last."""
    found = assess(pairs(*told), beyond_usd, terms(look))
    assert (found.worth, found.because.reason) == (worth, reason)


@pytest.mark.parametrize("discordance", [0.08, 0.3])
def test_admissible_tiers_are_seldom_turned_away(discordance: float) -> None:
    """At the margin itself at most the share that is promised, over all looks; without a loss hardly one, and most are
    worth an audit. The margin is wide, so that the exact tests are quick."""
    margin, logs = 0.06, 60
    rng, stages = np.random.default_rng(7), stages_of(pairs_to_ask(margin, 0.15))
    for loss, turned_away, worth_it in ((margin - 1e-9, MISS_BY_QUALITY, 0.0), (0.0, 0.02, 0.85)):
        shares = [(discordance + loss) / 2, (discordance - loss) / 2, 1 - discordance]
        seen = [_recheck(rng, shares, stages, margin) for _ in range(logs)]
        away, worth = (sum(one is what for one in seen) / logs for what in (Worth.NOT, Worth.FULL_AUDIT))
        assert away <= turned_away + 2 * (turned_away * (1 - turned_away) / logs) ** 0.5
        assert discordance > 0.15 or worth >= worth_it - 0.05


def _recheck(rng: np.random.Generator, shares: list[float], stages: tuple[int, ...], margin: float) -> Worth | None:
    kinds = rng.choice(3, stages[-1], p=shares)
    for look, asked in enumerate(stages, start=1):
        lost, gained = (int((kinds[:asked] == kind).sum()) for kind in (0, 1))
        found = assess(pairs(lost, gained, asked), SAVES, terms(look, margin))
        if found.worth is not None:
            return found.worth
    return None


def test_what_is_saved_beyond_is_at_its_worst() -> None:
    """The run's own saving may be larger, and the tier's smaller, than they are estimated."""
    found = SAVES.beyond(Estimate(est=40.0, lo=30.0, hi=55.0, level=0.95))
    assert (found.est, found.lo, found.hi) == (60.0, 35.0, 80.0)
    assert SAVES.beyond(Estimate(est=40.0, lo=None, hi=None, level=0.95)).lo is None


def test_a_narrower_margin_asks_for_more() -> None:
    """Four times the pairs at half the margin, never fewer than say anything; looks go to the end."""
    assert pairs_to_ask(0.03, 0.15) == 451
    assert pairs_to_ask(0.015, 0.15) == pytest.approx(4 * 451, rel=0.01)
    assert pairs_to_ask(0.3, 0.15) == LEAST_PAIRS
    assert stages_of(451) == (151, 301, 451)
