"""Threshold curves and other margins: what the same replays say besides the verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.core.finding import RouteFinding, Verdict
from audit.findings.curves import MARGINS, frontier
from audit.report import thresholds
from audit.report.scales import Linear
from tests.findings.routed import Routed, make_routed
from tests.findings.world import Planted

HALF_GOOD = Planted(regress=0.004, gain=0.004, regress_hard=0.35)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> tuple[Routed, RouteFinding]:
    """A route whose easy part can move, and be told; with this seed by the very score that the curve is about."""
    routed = make_routed(tmp_path_factory.mktemp("split"), {"small": HALF_GOOD}, shows=True, seed=3)
    return routed, routed.judge()[0]


def test_a_curve_bounds_the_loss_at_every_share(split: tuple[Routed, RouteFinding]) -> None:
    """Shares rise to the whole route, each bound is above its estimate, and the easy part is safe."""
    route = split[1]
    curve = route.curve
    assert curve is not None
    shares = [point.share_moved for point in curve.points]
    assert shares == sorted(shares)
    assert (shares[-1], curve.points[-1].threshold) == (1.0, None)
    assert all(point.loss < point.upper for point in curve.points)
    whole = route.candidates[0]
    assert curve.points[-1].loss == pytest.approx((whole.b - whole.c) / whole.n)
    assert curve.points[-1].upper > route.margin
    safe = [point.share_moved for point in curve.points if point.upper <= route.margin]
    assert curve.safe_share == max(safe)
    assert curve.safe_share == pytest.approx(0.5, abs=0.15)


def test_the_mark_on_the_curve_is_what_is_recommended(split: tuple[Routed, RouteFinding]) -> None:
    """The mark stands at the loss of the recommendation's own delta; its interval is inside the margin."""
    route = split[1]
    delta = route.recommendation.quality_delta
    assert route.curve is not None
    assert delta is not None
    assert delta.lo is not None
    x, y = Linear(low=0, high=1, start=0, end=1000), Linear(low=-0.1, high=0.1, start=1000, end=0)
    cell = thresholds.cell(route, route.curve, "r0", x, y)
    assert cell.mark is not None
    per_margin = (cell.zero_y - cell.margin_y) / route.margin
    assert (cell.zero_y - cell.mark.y) / per_margin == pytest.approx(-delta.est, abs=1e-4)
    assert (cell.zero_y - cell.mark.top) / per_margin == pytest.approx(-delta.lo, abs=1e-4)
    assert cell.mark.x / 1000 == pytest.approx(route.recommendation.moves.share, abs=1e-3)
    assert cell.mark.top > cell.margin_y


def test_the_margin_that_was_fixed_gives_the_verdict_again(split: tuple[Routed, RouteFinding]) -> None:
    """At the run's own margin the exploration is the recommendation; a wider one never saves less."""
    route = split[1]
    by_margin = {found.margin: found for found in route.at_margins}
    assert tuple(by_margin) == MARGINS
    assert by_margin[route.margin].avoidable_usd == route.avoidable_usd
    assert by_margin[route.margin].quality_delta == route.quality_delta
    savings = [found.avoidable_usd.est for found in route.at_margins if found.margin <= route.margin]
    assert savings == sorted(savings)


def test_the_frontier_starts_at_today_and_holds_the_recommendation(split: tuple[Routed, RouteFinding]) -> None:
    """Cost and saving add up to the spend at every point; the whole tier is cheapest and loses most."""
    route = split[1]
    points = frontier([route], route.spend_usd, 0.95)
    today, recommended, *others = points
    assert (today.kind, today.cost_usd.est, today.routes_moved) == ("today", route.spend_usd, 0)
    assert (recommended.kind, recommended.avoidable_usd) == ("recommended", route.avoidable_usd)
    assert all(point.cost_usd.est + point.avoidable_usd.est == pytest.approx(route.spend_usd) for point in points)
    tier = next(point for point in others if point.kind == "tier")
    assert min(points, key=lambda point: point.cost_usd.est) is tier
    assert today.accepted is not None
    assert tier.accepted is not None
    assert tier.accepted.est < today.accepted.est - 0.05
    # The run's own margin is the recommendation, not a point beside it.
    assert route.margin not in [point.margin for point in others]


def test_no_score_no_curve(tmp_path: Path) -> None:
    """Requests that all look alike have nothing to route on; nothing moves at any margin that they lose."""
    planted = Planted(regress=0.12, gain=0.0)
    route, _ = make_routed(tmp_path, {"small": planted}, shows=False, n=1200).judge()
    assert route.verdict is Verdict.KEEP
    assert all(found.tier is None and found.avoidable_usd.est == 0 for found in route.at_margins)
    if route.curve is not None:
        assert route.curve.recommended is None


def test_nothing_tested_has_no_frontier() -> None:
    """Without candidates there is nothing to compare."""
    assert frontier([], 100.0, 0.95) == ()
