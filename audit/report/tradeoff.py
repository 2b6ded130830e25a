"""The cost-quality frontier: what this log would have cost at other margins, and how many answers would be accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.display import count, listing, percent, percent_interval, usd, usd_interval
from audit.core.exploration import FrontierPoint
from audit.core.finding import Findings
from audit.core.interval import Estimate
from audit.report.charts import MIDDLE, NARROW, WIDE, WIDTHS, Tick
from audit.report.scales import Box, Linear, boxes_along, nice_domain, nice_ticks, place_labels, shortened, text_width
from audit.report.tables import Numbers
from audit.report.words import level_text, margin_points, whose_margin

HEIGHT = {WIDE: 372, MIDDLE: 360, NARROW: 330}
PLOT_X = {WIDE: (64.0, 1040.0), MIDDLE: (48.0, 704.0), NARROW: (40.0, 352.0)}
PLOT_Y = {WIDE: (30.0, 316.0), MIDDLE: (30.0, 306.0), NARROW: (30.0, 276.0)}
NAME_PX, SUB_PX = 14, 12.5
CSS = {"today": "now", "recommended": "pick", "margin": "what", "tier": "all"}
MOST_TIERS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A way to serve the log, as the chart shows it. Whiskers are pairs of pixels, or None."""

    css: str
    x: float
    y: float
    name: str
    sub: str
    label_x: float
    label_y: float
    anchor: str
    across: tuple[float, float] | None
    along: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The chart at one width.

    Attributes:
        line: SVG path through today, the recommendation and the other margins.
    """

    key: str
    width: int
    height: int
    plot_x: tuple[float, float]
    plot_y: tuple[float, float]
    title: str
    desc: str
    spots: tuple[Spot, ...]
    line: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tradeoff:
    """The section: what it says in words, and the chart at both widths, unless there is nothing to compare."""

    finding: str
    plots: tuple[Plot, ...]
    numbers: Numbers | None


def tradeoff(findings: Findings, unit: str) -> Tradeoff | None:
    """Lay the section out; None when nothing was replayed."""
    points = [point for point in findings.frontier if point.accepted is not None]
    if not findings.tested or not points:
        return None
    groups = _merged(points)
    if len(groups) < 2:
        return Tradeoff(finding=_finding(findings), plots=(), numbers=None)
    return Tradeoff(
        finding=_finding(findings),
        plots=tuple(_plot(groups, findings, unit, width) for width in WIDTHS),
        numbers=_numbers(points, findings),
    )


def _plot(groups: Sequence[Sequence[FrontierPoint]], findings: Findings, unit: str, width: int) -> Plot:
    """The chart at one width; the narrow one has short names, and leaves the figures to the table."""
    most = max(_high(group[0].cost_usd) for group in groups)
    x = Linear(low=0.0, high=most * 1.03 or 1.0, start=PLOT_X[width][0], end=PLOT_X[width][1])
    shown = [end for group in groups for end in _reach(group)]
    y_low, y_high = nice_domain(max(min(shown) - 0.01, 0.0), min(max(shown) + 0.005, 1.0), 5)
    y = Linear(low=y_low, high=min(y_high, 1.0), start=PLOT_Y[width][1], end=PLOT_Y[width][0])
    on_line = sorted(
        (x(group[0].cost_usd.est), y(_accepted(group[0]).est)) for group in groups if group[0].kind != "tier"
    )
    y_values = nice_ticks(y.low, y.high, 5)
    digits = 0 if all(round(value * 100, 6).is_integer() for value in y_values) else 1
    return Plot(
        key=f"tradeoff{width}",
        width=width,
        height=HEIGHT[width],
        plot_x=PLOT_X[width],
        plot_y=PLOT_Y[width],
        title="Cost and accepted answers of each way to serve this log",
        desc=_finding(findings),
        spots=_spots(groups, findings, _Axes(x=x, y=y, width=width), on_line),
        line="M" + " ".join(f"{px:g} {py:g}" for px, py in on_line) if len(on_line) > 1 else "",
        x_ticks=tuple(Tick(x=x(v), label=usd(v)) for v in nice_ticks(x.low, x.high, 3 if width == NARROW else 6)),
        y_ticks=tuple(Tick(x=y(v), label=percent(v, digits)) for v in y_values),
        x_title=f"Cost of this traffic in {unit}, USD",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axes:
    """The scales of a chart, and its width."""

    x: Linear
    y: Linear
    width: int


def _accepted(point: FrontierPoint) -> Estimate:
    assert point.accepted is not None
    return point.accepted


def _high(estimate: Estimate) -> float:
    return estimate.est if estimate.hi is None else estimate.hi


def _reach(group: Sequence[FrontierPoint]) -> list[float]:
    """What the y axis must hold: every estimate, and the ends of the recommendation."""
    accepted = _accepted(group[0])
    ends = (accepted.lo, accepted.hi) if group[0].kind == "recommended" else ()
    return [accepted.est, *(end for end in ends if end is not None)]


def _merged(points: Sequence[FrontierPoint]) -> list[list[FrontierPoint]]:
    """Points that are one and the same way to serve the log, together; the first of a group names it."""
    groups: list[list[FrontierPoint]] = []
    for point in points:
        mine = (point.cost_usd.est, _accepted(point).est)
        same = next((g for g in groups if (g[0].cost_usd.est, _accepted(g[0]).est) == mine), None)
        if point.kind == "tier" and sum(g[0].kind == "tier" for g in groups) >= MOST_TIERS:
            continue
        if same is None:
            groups.append([point])
        else:
            same.append(point)
    return groups


def _margins(points: Sequence[FrontierPoint], joint: str = " and ") -> str:
    """`0.5 and 1` of the exploratory margins among some points."""
    return joint.join(margin_points(point.margin) for point in points if point.margin is not None)


def _name(group: Sequence[FrontierPoint], findings: Findings) -> str:
    first = group[0]
    if first.kind == "today":
        return "Today"
    if first.kind == "recommended":
        return f"Recommended, at {whose_margin(findings, 'the margins you set')}"
    if first.kind == "margin":
        return f"{_margins(group, '- and ')}-point margin, exploratory"
    return f"Everything tested on {shortened(first.tier or '', 24)}"


def _short(group: Sequence[FrontierPoint]) -> str:
    first = group[0]
    if first.kind in ("today", "recommended"):
        return first.kind.capitalize()
    return f"at {_margins(group)} pts" if first.kind == "margin" else f"all on {shortened(first.tier or '', 12)}"


def _taken_as_right(findings: Findings) -> bool:
    """Whether some accepted share counts today's own answers as right, because they are what criteria compare with."""
    return any(route.recommendation.today_unmeasured for route in findings.routes)


def _share(point: FrontierPoint, findings: Findings) -> str:
    """`97.1% accepted`, or what it is where today's answers are taken as right: today's own share is no measurement."""
    share = percent(_accepted(point).est, 1)
    if not _taken_as_right(findings):
        return f"{share} accepted"
    return "accepted share not measured" if not point.routes_moved else f"{share} accepted if today’s are right"


def _sub(group: Sequence[FrontierPoint], findings: Findings) -> str:
    text = f"{usd(group[0].cost_usd.est)}, {_share(group[0], findings)}"
    if group[0].kind != "margin" and (also := _margins(group)):
        text += f"; also at {also} points"
    return text


def _spots(
    groups: Sequence[Sequence[FrontierPoint]], findings: Findings, axes: _Axes, line: Sequence[tuple[float, float]]
) -> tuple[Spot, ...]:
    """Marks with their labels, none on another; the recommendation chooses its place first."""
    rank = {"recommended": 0, "today": 1, "margin": 2, "tier": 3}
    x, y, wide = axes.x, axes.y, axes.width != NARROW
    ordered = sorted(groups, key=lambda group: rank[group[0].kind])
    places = [(x(group[0].cost_usd.est), y(_accepted(group[0]).est)) for group in ordered]
    texts = [(_name(group, findings), _sub(group, findings)) if wide else (_short(group), "") for group in ordered]
    sizes = [
        (max(text_width(name, NAME_PX), text_width(sub, SUB_PX)) + 8, 32.0 if wide else 16.0) for name, sub in texts
    ]
    frame = Box(
        left=PLOT_X[axes.width][0] + 4, top=PLOT_Y[axes.width][0] - 14, right=axes.width, bottom=PLOT_Y[axes.width][1]
    )
    lines = [line, *_whiskers(ordered, places, x, y)]
    labels = place_labels(places, sizes, frame, avoid=[box for one in lines for box in boxes_along(one)])
    spots = []
    for group, (px, py), (name, sub), label in zip(ordered, places, texts, labels, strict=True):
        picked = group[0].kind == "recommended"
        spots.append(
            Spot(
                css=CSS[group[0].kind],
                x=px,
                y=py,
                name=name,
                sub=sub,
                label_x=label.left if label.anchor == "start" else label.right,
                label_y=label.top + 12,
                anchor=label.anchor,
                across=_ends(group[0].cost_usd, x) if picked else None,
                along=_ends(_accepted(group[0]), y) if picked else None,
            )
        )
    return tuple(spots)


def _whiskers(
    groups: Sequence[Sequence[FrontierPoint]], places: Sequence[tuple[float, float]], x: Linear, y: Linear
) -> list[list[tuple[float, float]]]:
    """The whiskers of the recommendation as lines."""
    found = []
    for group, (px, py) in zip(groups, places, strict=True):
        if group[0].kind == "recommended":
            across, along = _ends(group[0].cost_usd, x), _ends(_accepted(group[0]), y)
            found += [[(end, py) for end in across or ()], [(px, end) for end in along or ()]]
    return found


def _ends(estimate: Estimate, scale: Linear) -> tuple[float, float] | None:
    if estimate.lo is None or estimate.hi is None:
        return None
    return scale.clip(estimate.lo), scale.clip(estimate.hi)


def _finding(findings: Findings) -> str:
    """What other margins would have changed."""
    picked = next(point for point in findings.frontier if point.kind == "recommended")
    margins = [point for point in findings.frontier if point.kind == "margin" and point.margin is not None]
    found = []
    if picked.avoidable_usd.est <= 0:
        found.append("Nothing cheaper was shown to hold your margin.")
    instead = f" instead of {usd(picked.avoidable_usd.est)}" if picked.avoidable_usd.est > 0 else ""
    saving = [group for group in _merged(margins) if group[0].avoidable_usd.est > 0]
    for group in saving:
        kept = "" if group[0].accepted is None else f", with {_kept(group[0], findings)}"
        found.append(f"{_a_margin(group)} would have saved {usd(group[0].avoidable_usd.est)}{instead}{kept}.")
    nothing = [point for point in margins if point.avoidable_usd.est == 0]
    if nothing and picked.avoidable_usd.est > 0:
        names = listing([margin_points(point.margin or 0) for point in nothing], "or")
        several = "points" if nothing[-1].margin != 0.01 else "point"
        found.append(f"At a margin of {names} {several}, nothing would move.")
    widest = max((route.margin for route in findings.routes), default=0.0)
    tried = max((one.margin for route in findings.routes for one in route.at_margins), default=0.0)
    if widest < tried and not any((point.margin or 0) > widest for point in margins):
        found.append(f"A wider margin, up to {margin_points(tried)} points, would save nothing more.")
    return " ".join(found) or "Other margins would change nothing."


def _kept(point: FrontierPoint, findings: Findings) -> str:
    said = f"{percent(_accepted(point).est, 1)} of answers accepted"
    return f"{said} if today’s are right" if _taken_as_right(findings) else said


def _a_margin(group: Sequence[FrontierPoint]) -> str:
    """`A margin of 3 or 5 points`."""
    names = [margin_points(point.margin or 0) for point in group]
    return f"A margin of {listing(names, 'or')} {'point' if names[-1] == '1' else 'points'}"


def _numbers(points: Sequence[FrontierPoint], findings: Findings) -> Numbers:
    rows, taken = [], _taken_as_right(findings)
    for point in points:
        name = _name([point], findings)
        saved = usd_interval(point.avoidable_usd) if point.avoidable_usd.est else "$0"
        share = "not measured" if taken and not point.routes_moved else percent_interval(_accepted(point))
        rows.append((name, usd(point.cost_usd.est), saved, share, count(point.routes_moved)))
    accepted = "Accepted answers, today’s taken as right" if taken else "Accepted answers"
    head = ("Way to serve it", "Cost", f"Saved, {level_text(findings)} interval", accepted, "Routes moved")
    return Numbers(caption="What a different margin would buy", head=head, rows=tuple(rows))
