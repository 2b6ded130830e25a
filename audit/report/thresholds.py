"""How much of each route can move: small charts of the loss against the share that a score sends to the cheap tier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.display import count, percent, percent_share, plural
from audit.core.exploration import ThresholdCurve
from audit.core.finding import Findings, RouteFinding, Verdict
from audit.report.charts import Tick
from audit.report.routes import TOP
from audit.report.scales import Linear, elided, nice_ticks, shortened
from audit.report.tables import Numbers
from audit.report.words import STATUS, Status, margin_points, route_name, rule_text, score_text

WIDTH, HEIGHT = 340, 196
PLOT_X, PLOT_Y = (34.0, 330.0), (12.0, 150.0)
MOST, LARGEST = 12, 6
"""Charts when there are hundreds of routes, and how many of them are of routes that are not split."""

WORTH = 0.1
"""A share below this is not worth a router; `findings` recommends none either."""

NO_SCORE = "There is no usable rule to split the traffic of a route by, so only whole routes can move."


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveMark:
    """The recommendation: its share and loss, with the upper end of its own interval."""

    x: float
    y: float
    top: float
    css: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveCell:
    """One route's chart, with its caption."""

    key: str
    name: str
    full: str
    sub: str
    status: Status
    caption: str
    desc: str
    band: str
    line: str
    edge: str
    margin_y: float
    zero_y: float
    mark: CurveMark | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """The section; `empty` stands alone when no route has a score."""

    cells: tuple[CurveCell, ...]
    y_ticks: tuple[Tick, ...]
    x_ticks: tuple[Tick, ...]
    more: str
    empty: str
    numbers: Numbers | None


def thresholds(findings: Findings) -> Thresholds | None:
    """Lay the section out; None when nothing was replayed."""
    if not findings.tested:
        return None
    scored = [(index, route, route.curve) for index, route in enumerate(findings.routes) if route.curve is not None]
    if not scored:
        return Thresholds(cells=(), y_ticks=(), x_ticks=(), more="", empty=NO_SCORE, numbers=None)
    shown, many = scored, len(findings.routes) > TOP + 1
    if many:
        split = [one for one in scored if one[1].verdict is Verdict.SPLIT]
        others = [one for one in scored if one[1].verdict is not Verdict.SPLIT]
        shown = sorted([*split, *others[:LARGEST]][:MOST], key=lambda one: one[0])
    low, high = _domain([(route, curve) for _, route, curve in shown])
    y = Linear(low=low, high=high, start=PLOT_Y[1], end=PLOT_Y[0])
    x = Linear(low=0, high=1, start=PLOT_X[0], end=PLOT_X[1])
    left = len(scored) - len(shown)
    without = len(findings.routes) - len(scored)
    more = [f"{count(left)} more routes have a curve in `findings.json`."] if left else []
    if without:
        more.append(f"For {plural(without, 'route')} there is no usable rule to split the traffic by.")
    return Thresholds(
        cells=tuple(cell(route, curve, f"r{index}", x, y) for index, route, curve in shown),
        y_ticks=tuple(Tick(x=y(v), label=f"{v * 100:g}".replace("-", "−")) for v in nice_ticks(low, high, 4)),
        x_ticks=tuple(Tick(x=x(v), label=percent(v)) for v in (0.0, 0.5, 1.0)),
        more=" ".join(more),
        empty="",
        numbers=(_ends if many else _numbers)([(route, curve) for _, route, curve in shown]),
    )


def _domain(shown: Sequence[tuple[RouteFinding, ThresholdCurve]]) -> tuple[float, float]:
    """One y range for all cells, in [-1, 1]: it shows the margin well, and cuts off what is far beyond it."""
    margin = max(route.margin for route, _ in shown)
    losses = [point.loss for _, curve in shown for point in curve.points]
    bounds = [point.upper for _, curve in shown for point in curve.points]
    low, high = min(0.0, max(min(losses), -margin)), max(2 * margin, min(max(bounds), 4 * margin))
    return low - 0.03 * (high - low), high + 0.03 * (high - low)


def cell(route: RouteFinding, curve: ThresholdCurve, key: str, x: Linear, y: Linear) -> CurveCell:
    """One route's chart on the scales of all of them; the mark stands where the recommendation is a point of it."""
    loss = [(0.0, 0.0), *((point.share_moved, point.loss) for point in curve.points)]
    upper = [(0.0, 0.0), *((point.share_moved, point.upper) for point in curve.points)]
    line, edge = _path(loss, x, y), _path(upper, x, y)
    back = " ".join(f"{px:g} {py:g}" for px, py in reversed(_pixels(loss, x, y)))
    mark = None
    made = route.recommendation
    if is_on(route, curve) and (delta := made.quality_delta) is not None:
        top = y.high if delta.lo is None else -delta.lo
        mark = CurveMark(x=x(made.moves.share), y=y.clip(-delta.est), top=y.clip(top), css=STATUS[route.verdict].css)
    caption = _caption(route, curve)
    name = route_name(route)
    whole = curve.points[-1]
    return CurveCell(
        key=f"th-{key}",
        name=elided(name, 34),
        full=name,
        sub=f"to {shortened(curve.tier, 16)} by {curve.signal}, n = {count(curve.n)}",
        status=STATUS[route.verdict],
        caption=caption,
        desc=f"Moving all of it loses {_loss(whole.loss)} points, at most {_loss(whole.upper)}. {caption}",
        band=f"{edge} {back}Z",
        line=line,
        edge=edge,
        margin_y=y.clip(route.margin),
        zero_y=y.clip(0.0),
        mark=mark,
    )


def _pixels(points: Sequence[tuple[float, float]], x: Linear, y: Linear) -> list[tuple[float, float]]:
    """The points as pixels; where a line leaves the range, it is cut at the edge and goes on along it."""
    found: list[tuple[float, float]] = []
    for index, (share, value) in enumerate(points):
        if index:
            before_share, before = points[index - 1]
            for edge in (y.low, y.high):
                if (before - edge) * (value - edge) < 0:
                    part = (edge - before) / (value - before)
                    found.append((x(before_share + part * (share - before_share)), y(edge)))
        found.append((x(share), y.clip(value)))
    return found


def _path(points: Sequence[tuple[float, float]], x: Linear, y: Linear) -> str:
    return "M" + " ".join(f"{px:g} {py:g}" for px, py in _pixels(points, x, y))


def _caption(route: RouteFinding, curve: ThresholdCurve) -> str:
    """What the curve means for the route: what is recommended, by whatever rule, or why nothing moves."""
    margin = margin_points(route.margin)
    if route.recommendation.moves_traffic:
        return f"{_recommended(route)}{_bound(route, margin)}{_elsewhere(route, curve)}"
    if route.below_floor:
        return "It fails its own floor today; nothing is moved."
    if curve.safe_share <= 0:
        return f"No share of it is shown to stay inside {margin} points."
    safe = f"At most {percent_share(curve.safe_share)} of it is shown to stay inside {margin} points"
    if curve.safe_share < WORTH:
        return f"{safe}, under the {percent(WORTH)} worth a router."
    return f"{safe}; no partial policy passed its own test."


def _recommended(route: RouteFinding) -> str:
    """`62% to small where messages ≤ 2.`"""
    made = route.recommendation
    if made.verdict is Verdict.SWITCH:
        return f"All of it to {made.tier}."
    rule, checked = rule_text(made.params), made.params.get("verifier")
    by = f" where {rule}" if made.params.get("signal") and rule else ""
    by += f"{',' if by else ''} checked by {checked}" if checked else ""
    return f"{percent_share(made.moves.share)} to {made.tier}{by}."


def _bound(route: RouteFinding, margin: str) -> str:
    made = route.recommendation
    delta = made.deciding_delta
    if delta is None or delta.lo is None:
        return ""
    by = f" {made.deciding_words}" if made.by_content else ""
    return f" It loses at most {_loss(-delta.lo)} points{by}, inside {margin}."


def _elsewhere(route: RouteFinding, curve: ThresholdCurve) -> str:
    """A recommendation that rests on something else than this score is not drawn on its curve."""
    if is_on(route, curve):
        return ""
    return f" This curve is about something else: {curve.tier} by {curve.signal}."


def is_on(route: RouteFinding, curve: ThresholdCurve) -> bool:
    """Whether the recommendation is a point of this curve: all of it to the tier, or the part that this score moves."""
    made = route.recommendation
    if not made.moves_traffic or made.tier != curve.tier:
        return False
    by_score = made.params.get("signal") == curve.signal and not made.params.get("verifier")
    return made.verdict is Verdict.SWITCH or by_score


def _loss(value: float) -> str:
    """A loss in points, without a sign when it is one."""
    text = f"{abs(value) * 100:.1f}"
    return f"−{text}" if value < 0 and text != "0.0" else text


def _numbers(shown: Sequence[tuple[RouteFinding, ThresholdCurve]]) -> Numbers:
    """Every point of every curve."""
    rows = [
        (
            route_name(route),
            "all" if point.threshold is None else f"score ≥ {score_text(point.threshold)}",
            percent_share(point.share_moved),
            _loss(point.loss),
            _loss(point.upper),
        )
        for route, curve in shown
        for point in curve.points
    ]
    head = ("Route", "Moved", "Share moved", "Loss, pts", "At most, pts")
    return Numbers(caption="Loss by share moved", head=head, rows=tuple(rows))


def _ends(shown: Sequence[tuple[RouteFinding, ThresholdCurve]]) -> Numbers:
    """One row per route, for hundreds of them; the points are in the findings."""
    rows = [
        (
            route_name(route),
            percent_share(curve.safe_share),
            _loss(curve.points[-1].loss),
            _loss(curve.points[-1].upper),
        )
        for route, curve in shown
    ]
    head = ("Route", "Largest safe share", "Loss if all moved, pts", "At most, pts")
    return Numbers(caption="Loss by share moved", head=head, rows=tuple(rows))
