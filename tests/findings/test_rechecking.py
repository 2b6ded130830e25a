"""What a recheck says of pairs: turned away seldom, called worth it on an estimate, and never more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from audit.certificate.rechecking import (
    LEAST_PAIRS,
    LOOKS,
    MISS_BY_QUALITY,
    SAVING_ALPHA,
    SAVING_LEVEL,
    RecheckTerms,
    assess,
    pairs_to_ask,
    stages_of,
)
from audit.core.interval import Estimate
from audit.core.plan import RouteDesign
from audit.core.reason import Reason
from audit.core.recheck import Worth
from audit.core.tier import Price, Tier
from audit.pairing.costing import Costing, foreseen_usd, prompts_usd
from audit.pairing.evidence import Pairs
from audit.pairing.money import Moved, saved_at_most
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


@pytest.mark.parametrize("foreseen", ["exact", "as billed", "none"])
def test_what_no_draw_shows_may_be_saved(foreseen: str) -> None:
    """Requests that carry the saving and are in no draw leave the upper bound above it; an unknown cost lowers none."""
    rare = np.arange(4000) < 20
    billed = np.where(rare, 2.0, 0.002)
    cost = np.where(rare, 1.0, 0.00199)
    guess = {"exact": cost, "as billed": billed, "none": np.zeros(4000)}[foreseen]
    drawn = np.arange(1000, 1451)
    found = saved(cost[drawn], guess[drawn], billed, guess)
    assert found.hi is not None
    assert found.hi >= (billed - cost).sum()
    lost = np.where(drawn < 1010, np.nan, cost[drawn])
    assert saved(lost, guess[drawn], billed, guess).hi >= found.hi  # type: ignore[operator]


def test_what_is_known_of_every_request_bounds_what_is_saved() -> None:
    """A tier that costs a third more is seen to save nothing, though its draws alone would be few."""
    billed = np.random.default_rng(3).lognormal(0, 1, 4000)
    found = saved(1.3 * billed[:451], 1.3 * billed[:451], billed, 1.3 * billed)
    assert found.hi is not None
    assert found.hi < 0
    assert found.est == pytest.approx(-0.3 * billed.sum())


def saved(costs: np.ndarray, guess: np.ndarray, billed: np.ndarray, foreseen: np.ndarray) -> Estimate:
    """By draws."""
    moved = Moved(billed=billed, foreseen=foreseen)
    found = saved_at_most(costs, guess, moved, alpha=SAVING_ALPHA, level=SAVING_LEVEL)
    assert found is not None
    return found


def test_cost_foreseen_is_the_audits() -> None:
    """Cached tokens cost their own rate where the settings assume a warm cache, and the whole one where they do not."""
    tier = Tier(name="new", model="new", provider="openai", price=Price(input=4, cached_input=0.4, output=15))
    rows = pl.DataFrame(
        {"prompt_tokens": [10_000, 10], "cached_tokens": [9_000, None], "cache_write_tokens": [None, None]}
        | {"completion_tokens": [3, None], "cost_usd": [0.01529, 0.5]},
        schema_overrides={"cache_write_tokens": pl.Int64},
    )
    for cache, usd in (("warm", (4_000 + 3_600 + 45) / 1e6), ("cold", (40_000 + 45) / 1e6)):
        costing = Costing(prices={"new": tier.price}, prompt_cache=cache)
        # Where the log counted no answer, what it billed is the guess.
        assert foreseen_usd(costing, "new", rows, "/r").to_list() == pytest.approx([usd, 0.5])
        assert prompts_usd(costing, "new", rows, "/r") == pytest.approx((4_000 + 3_600 + 40) / 1e6)
