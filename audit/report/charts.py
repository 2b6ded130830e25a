"""Coordinates of the verdict bar, the forest plot and the small charts of the routes table.

Nothing here knows HTML: a chart is numbers, class names and labels, which the macros of `charts.svg.j2` place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.core.display import (
    count,
    money_digits,
    percent,
    percent_share,
    plural,
    points,
    points_interval,
    usd,
    usd_estimate,
    usd_parts,
)
from audit.core.finding import CandidateFinding, CandidateVerdict, Findings, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.report.scales import Linear, elided, nice_domain, nice_ticks, shortened, spans_apart, text_width
from audit.report.words import STATUS, margin_mark, range_text, route_name

WIDE, MIDDLE, NARROW = 1072, 720, 360
"""A chart is drawn at three widths, so that its text has one size on a desk, a tablet and a telephone."""
WIDTHS = (WIDE, MIDDLE, NARROW)
MINI = 168
ROW_WIDE, ROW_NARROW = 44, 66
BAND = 9.0
"""How far the lines of the scale reach above and below an interval that has its names above it."""

TICK_SIZE = 12.5
"""Font size of the labels of an axis, as the style has it."""


INSIDE = "inside the margin"


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSegment:
    """A part of a horizontal bar, with its label when it has one."""

    x: float
    width: float
    css: str
    name: str = ""
    amount: str = ""
    label_x: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictBar:
    """The spend, split by what is known of it."""

    key: str
    width: int
    title: str
    desc: str
    segments: tuple[BarSegment, ...]
    whisker: tuple[float, float] | None
    whisker_text: str
    whisker_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An interval on a scale. `cut_low` and `cut_high` say that it goes on beyond the edge."""

    x1: float
    x2: float
    cx: float
    css: str
    cut_low: bool
    cut_high: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniInterval:
    """A quality interval in a table cell."""

    key: str
    title: str
    desc: str
    mark: Mark
    margin_x: float
    zero_x: float
    end_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniBar:
    """An amount with its interval in a table cell."""

    key: str
    title: str
    desc: str
    width: float
    whisker: tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A place on an axis; its label stands around it, or before or behind it where it would leave the picture."""

    x: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForestRow:
    """One line of the forest plot."""

    y: float
    name: str
    full: str
    sub: str
    value: str
    note: str
    mark: Mark
    margin_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Quality intervals against the margin, at one width.

    Attributes:
        margin_x: Of the one margin; None when routes have different ones, which are then drawn per row.
        stacked: Names and figures stand above their interval, not beside it.
        bands: Heights between which the lines of the scale are drawn, from and to: the plot, or, where names stand
            above their interval, what each interval takes, so that no line runs through a word.
        value_x: Where the figures begin, or end where they are stacked.
        rest: An SVG path of dots, one per route that has no row.
    """

    key: str
    width: int
    height: float
    top: float
    bottom: float
    title: str
    desc: str
    rows: tuple[ForestRow, ...]
    ticks: tuple[Tick, ...]
    zero_x: float
    margin_x: float | None
    margin_text: str
    plot: tuple[float, float]
    stacked: bool
    bands: tuple[tuple[float, float], ...]
    value_x: float
    rest: str
    rest_y: float
    rest_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A row of the forest plot before it is drawn: the recommendation of a route, or a candidate for all of it."""

    name: str
    sub: str
    delta: Estimate
    margin: float
    verdict: Verdict
    note: str


def verdict_bar(findings: Findings, width: int) -> VerdictBar:
    """Avoidable from the left edge, then what is still open, then what is kept: lengths are read from zero."""
    spend = findings.spend_usd
    avoidable, still_open = findings.avoidable_usd.est, findings.not_proven_usd
    amounts = {"avoidable": avoidable, "open": still_open, "kept": max(spend - avoidable - still_open, 0.0)}
    texts = _bar_texts(amounts)
    names = {"avoidable": "Avoidable, proven", "open": "Not proven", "kept": "Kept as is"}
    scale = Linear(low=0, high=max(spend, sum(amounts.values())), start=0, end=width)
    shown = [name for name in amounts if amounts[name] > 0]
    starts, edge = [], 0.0
    for name in shown:
        starts.append(scale(edge))
        edge += amounts[name]
    size = 12 if width == NARROW else 13
    widths = [max(text_width(names[name], size), text_width(texts[name], size + 3)) for name in shown]
    labels = spans_apart(starts, widths, 14, width)
    ends = [*starts[1:], scale(edge)]
    segments = tuple(
        BarSegment(
            x=start,
            width=round(max(end - start, 1.5), 1),
            css=f"s-{name}",
            name=names[name],
            amount=texts[name],
            label_x=label,
        )
        for name, start, end, label in zip(shown, starts, ends, labels, strict=True)
    )
    whisker = _whisker(findings.avoidable_usd, scale) if avoidable else None
    interval = range_text(findings.avoidable_usd)
    text = f"{percent(findings.avoidable_usd.level)} interval {interval}" if whisker and interval else ""
    half = text_width(text, 12) / 2
    middle = sum(whisker) / 2 if whisker else 0.0
    parts = ", ".join(f"{texts[name]} {names[name].lower()}" for name in shown)
    return VerdictBar(
        key=f"bar{width}",
        width=width,
        title="What was paid, by what is known of it",
        desc=f"Of {usd(spend)}: {parts}." + (f" {text}." if text else ""),
        segments=segments,
        whisker=whisker,
        whisker_text=text,
        whisker_x=round(min(max(middle, half), width - half), 1),
    )


def _bar_texts(amounts: Mapping[str, float]) -> dict[str, str]:
    """The parts of the bar: the avoidable one as the headline has it, the others so that all add up to the spend."""
    avoidable, spend = amounts["avoidable"], sum(amounts.values())
    if not avoidable:
        return usd_parts(amounts)
    shown = round(avoidable, money_digits(avoidable))
    kept = max(round(spend, money_digits(spend)) - shown - amounts["open"], 0.0)
    return {"avoidable": usd(avoidable), **usd_parts({"open": amounts["open"], "kept": kept})}


def _certainty(estimate: Estimate) -> str:
    if estimate.is_exact:
        return "known exactly"
    return f"interval {range_text(estimate) or 'unknown'}"


def _whisker(estimate: Estimate, scale: Linear) -> tuple[float, float] | None:
    if estimate.lo is None or estimate.hi is None:
        return None
    return scale.clip(estimate.lo), scale.clip(estimate.hi)


def quality_domain(comparisons: Sequence[Comparison]) -> tuple[float, float]:
    """The common x range of quality intervals, in [-1, 1], around zero and every margin.

    Ends of very wide intervals are left out, so that one tiny sample does not flatten every other row.
    """
    if not comparisons:
        return -0.05, 0.05
    estimates = [c.delta.est for c in comparisons]
    lows = [c.delta.est if c.delta.lo is None else c.delta.lo for c in comparisons]
    highs = [c.delta.est if c.delta.hi is None else c.delta.hi for c in comparisons]
    margin = max(c.margin for c in comparisons)
    reach = max(0.12, 4 * margin)
    low = max(min(lows), min(-reach, min(estimates) - 0.02))
    high = min(max(highs), max(reach / 2, max(estimates) + 0.02))
    return nice_domain(min(low, -1.5 * margin), max(high, margin / 2, 0.005), 8)


def mark_of(delta: Estimate, verdict: Verdict, scale: Linear) -> Mark:
    """Place an interval; an end that is unknown or beyond the scale is cut there."""
    edge = 1e-12
    low = scale.low if delta.lo is None else delta.lo
    high = scale.high if delta.hi is None else delta.hi
    return Mark(
        x1=scale.clip(low),
        x2=scale.clip(high),
        cx=scale.clip(delta.est),
        css=STATUS[verdict].css,
        cut_low=delta.lo is None or delta.lo < scale.low - edge,
        cut_high=delta.hi is None or delta.hi > scale.high + edge,
    )


def mini_interval(route: RouteFinding, domain: tuple[float, float], key: str) -> MiniInterval | None:
    """The quality interval of a route on the table's common scale; None when nothing was measured."""
    delta = route.recommendation.deciding_delta
    if delta is None:
        return None
    scale = Linear(low=domain[0], high=domain[1], start=4, end=MINI - 4)
    return MiniInterval(
        key=f"q{key}",
        title=f"Quality change on {route_name(route)}",
        desc=f"{points_interval(delta)} points; the margin is at {margin_mark(route.margin)}.",
        mark=mark_of(delta, route.verdict, scale),
        margin_x=scale.clip(-route.margin),
        zero_x=scale.clip(0),
        end_x=scale.end,
    )


def mini_bar(route: RouteFinding, largest: float, key: str) -> MiniBar | None:
    """The avoidable amount of a route on the table's common scale; None when it is not positive."""
    if route.avoidable_usd.est <= 0 or largest <= 0:
        return None
    scale = Linear(low=0, high=largest, start=0, end=MINI - 4)
    return MiniBar(
        key=f"a{key}",
        title=f"Avoidable on {route_name(route)}",
        desc=f"{usd_estimate(route.avoidable_usd)}, {_certainty(route.avoidable_usd)}.",
        width=max(scale(route.avoidable_usd.est), 1.0),
        whisker=_whisker(route.avoidable_usd, scale),
    )


def comparisons_of(routes: Sequence[RouteFinding]) -> list[Comparison]:
    """What the forest plot compares: each route's recommendation, and beside that of a lone route every candidate."""
    rows = [
        _recommended(route, delta) for route in routes if (delta := route.recommendation.deciding_delta) is not None
    ]
    order = {Verdict.SWITCH: 0, Verdict.SPLIT: 0, Verdict.NOT_PROVEN: 1, Verdict.KEEP: 2}
    rows.sort(key=lambda row: (order[row.verdict], -row.delta.est))
    if len(routes) == 1:
        rows += [
            _of_candidate(routes[0], one, delta)
            for one in routes[0].candidates
            if (delta := one.deciding_delta) is not None and not _is_recommended(routes[0], one)
        ]
    return rows


def _recommended(route: RouteFinding, delta: Estimate) -> Comparison:
    pairs = "by content" if route.recommendation.by_content else f"n = {count(pairs_of(route))}"
    return Comparison(
        name=route_name(route),
        sub=f"→ {_moved(route)} · {pairs}",
        delta=delta,
        margin=route.margin,
        verdict=route.verdict,
        note=note_of(route, delta),
    )


def _is_recommended(route: RouteFinding, candidate: CandidateFinding) -> bool:
    """Whether the route's own row is about this candidate for the whole route."""
    return route.verdict is not Verdict.SPLIT and candidate.tier == route.candidate


def _of_candidate(route: RouteFinding, candidate: CandidateFinding, delta: Estimate) -> Comparison:
    """All of the route on a candidate, whatever is recommended."""
    found = {CandidateVerdict.NON_INFERIOR: Verdict.SWITCH, CandidateVerdict.INFERIOR: Verdict.KEEP}
    return Comparison(
        name=f"all of it → {candidate.tier}",
        sub="by content" if candidate.by_content else f"n = {count(candidate.n)}",
        delta=delta,
        margin=route.margin,
        verdict=found.get(candidate.verdict, Verdict.NOT_PROVEN),
        note=f"not recommended: {CANDIDATE_NOTES[candidate.verdict]}",
    )


CANDIDATE_NOTES = {
    CandidateVerdict.NON_INFERIOR: "another saves more",
    CandidateVerdict.INFERIOR: "loses too much",
    CandidateVerdict.NOT_PROVEN: "not proven",
    CandidateVerdict.INSUFFICIENT: "too little measured",
}


def _moved(route: RouteFinding) -> str:
    tier = route.candidate or "–"
    return f"{tier} for {percent_share(route.share_moved)}" if route.verdict is Verdict.SPLIT else tier


def pairs_of(route: RouteFinding) -> int:
    """Pairs behind the route's quality delta; 0 when no candidate was tested."""
    return route.recommendation.pairs.n


def note_of(route: RouteFinding, delta: Estimate) -> str:
    """The verdict beside an interval, and why it is keep although the interval is where it should be."""
    if route.recommendation.moves_traffic:
        return INSIDE
    if route.verdict is Verdict.NOT_PROVEN:
        return "not proven"
    if route.below_floor:
        return "keep: fails its own floor"
    if delta.lo is not None and delta.lo > -route.margin:
        return "keep: saves nothing"
    return "keep: loses too much" if delta.hi is not None and delta.hi < -route.margin else "keep"


def forest(comparisons: Sequence[Comparison], rest: Sequence[Comparison], width: int) -> Forest:
    """Lay the forest plot out at one width; `rest` becomes a strip of dots at its foot."""
    narrow = width == NARROW
    domain = quality_domain([*comparisons, *rest])
    plot = {WIDE: (224.0, 848.0), MIDDLE: (190.0, 548.0), NARROW: (10.0, width - 10.0)}[width]
    scale = Linear(low=domain[0], high=domain[1], start=plot[0], end=plot[1])
    margins = {round(c.margin, 6) for c in [*comparisons, *rest]}
    top, step = 34.0, ROW_NARROW if narrow else ROW_WIDE
    limit = 27 if width == WIDE else 24
    rows = tuple(
        ForestRow(
            y=top + step * index + (50 if narrow else step / 2),
            name=elided(row.name, limit),
            full=row.name,
            sub=shortened(row.sub, 30),
            value=points_interval(row.delta),
            note=row.note,
            mark=mark_of(row.delta, row.verdict, scale),
            margin_x=scale.clip(-row.margin),
        )
        for index, row in enumerate(comparisons)
    )
    bottom = top + step * len(rows) + (8 if narrow else 2)
    rest_y = bottom + 16
    if rest:
        bottom += 34
    ticks = [_tick(scale(v), points(v), width) for v in nice_ticks(*domain, {WIDE: 8, MIDDLE: 5, NARROW: 4}[width])]
    drawn = [*(row.y for row in rows), *([rest_y] if rest else [])]
    bands = tuple((y - BAND, y + BAND) for y in drawn) if narrow else ((top, bottom),)
    low_margin = min(margins, default=0.0)
    return Forest(
        key=f"forest{width}",
        width=width,
        height=bottom + 46,
        top=top,
        bottom=bottom,
        title="Quality change per route against the margin",
        desc=forest_finding([*comparisons, *rest]),
        rows=rows,
        ticks=tuple(ticks),
        zero_x=scale(0),
        margin_x=scale.clip(-low_margin) if len(margins) == 1 else None,
        margin_text=f"your margin {margin_mark(low_margin)}" if len(margins) == 1 else "each row has its own margin",
        plot=plot,
        stacked=narrow,
        bands=bands,
        value_x=width - 2 if narrow else plot[1] + 24,
        rest="".join(f"M{scale.clip(row.delta.est):g} {rest_y:g}h0" for row in rest),
        rest_y=rest_y,
        rest_text=f"{count(len(rest))} more" if rest else "",
    )


def _tick(x: float, label: str, width: int) -> Tick:
    half = text_width(label, TICK_SIZE) / 2
    return Tick(x=x, label=label, anchor="start" if x < half else "end" if x + half > width else "middle")


def forest_finding(comparisons: Sequence[Comparison]) -> str:
    """The finding of the forest plot in words."""
    inside = sum(row.note == INSIDE for row in comparisons)
    kept = sum(row.verdict is Verdict.KEEP for row in comparisons)
    unclear = sum(row.verdict is Verdict.NOT_PROVEN for row in comparisons)
    others = len(comparisons) - inside - kept - unclear
    said = f"{plural(len(comparisons), 'comparison')}: {inside} inside the margin, {kept} keep, {unclear} not proven"
    return f"{said}, {others} inside the margin and saving less." if others else f"{said}."
