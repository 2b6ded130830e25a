"""The model mix: colours, bars, the trend's coordinates, and the rows by route, tenant and environment."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from audit.core.display import compact, count, money_digits, percent, percent_share, usd, usd_cell, usd_parts, usd_rate
from audit.core.finding import Findings
from audit.core.mixture import CostChange, Mix, MixDay, MixRow, per_1k_usd
from audit.report.charts import MIDDLE, MINI, NARROW, WIDE, BarSegment, Tick
from audit.report.scales import Linear, elided, nice_domain, nice_ticks, spread
from audit.report.tables import Numbers
from audit.report.words import change_text, short_day

OTHER = "other models"
MOST_MODELS = 4
RAMPS = {0: (), 1: (0,), 2: (0, 2), 3: (0, 1, 3), 4: (0, 1, 2, 3)}
DAILY_LIMIT = 31
GROUPS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Which model has which colour: dark is expensive. Models beyond the four with the most spend share one."""

    css: Mapping[str, str]
    names: tuple[str, ...]

    def of(self, model: str) -> str:
        """Class name of a model."""
        return self.css.get(model, "m-x")


@dataclass(frozen=True, slots=True, kw_only=True)
class MixBar:
    """The mix of a group as a bar with its text."""

    key: str
    title: str
    segments: tuple[BarSegment, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """One group in a tab."""

    name: str
    requests: str
    paid: str
    bar: MixBar | None
    per_1k: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One of the tabs under the trend."""

    key: str
    label: str
    rows: tuple[GroupRow, ...]
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeLabel:
    """A label at the right edge of the trend."""

    y: float
    name: str
    value: str
    css: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Shares per day over cost per 1,000 requests per day, on one x axis, at one width.

    Attributes:
        edges: The models at the right edge; empty where there is no room, and the legend below names them.
        last: Where the cost line ends, and the cost there.
    """

    key: str
    width: int
    title: str
    desc: str
    plot: tuple[float, float]
    areas: tuple[tuple[str, str], ...]
    edges: tuple[EdgeLabel, ...]
    share_ticks: tuple[Tick, ...]
    cost_ticks: tuple[Tick, ...]
    day_ticks: tuple[Tick, ...]
    line: str
    dots: str
    last: tuple[float, float, str] | None
    change: str
    cost_title: str
    numbers: Numbers


def palette(mix: Mix) -> Palette:
    """Colours by cost per request, for the models with the largest spend."""
    top = sorted(mix.by_model, key=lambda row: (-row.spend_usd, -row.requests, row.name))[:MOST_MODELS]
    dear_first = sorted(top, key=lambda row: (-(row.cost_per_1k_usd or 0.0), row.name))
    ramp = RAMPS[len(dear_first)]
    return Palette(
        css={row.name: f"m-{shade}" for row, shade in zip(dear_first, ramp, strict=True)},
        names=tuple(row.name for row in dear_first),
    )


def shares_of(shares: Mapping[str, float], colours: Palette) -> list[tuple[str, float]]:
    """Shares in the palette's order, models without a colour together at the end; zeros left out."""
    rest = sum(share for name, share in shares.items() if name not in colours.css)
    named = [(name, shares.get(name, 0.0)) for name in colours.names]
    return [(name, share) for name, share in [*named, (OTHER, rest)] if share > 1e-9]


def mix_bar(name: str, shares: Mapping[str, float], colours: Palette, key: str) -> MixBar | None:
    """The mix of one group; None when it has no requests."""
    parts = shares_of(shares, colours)
    if not parts:
        return None
    scale = Linear(low=0, high=sum(share for _, share in parts), start=0, end=MINI)
    edge, segments = 0.0, []
    for model, share in parts:
        segments.append(
            BarSegment(
                x=scale(edge), width=round(max(scale(edge + share) - scale(edge), 0.5), 1), css=colours.of(model)
            )
        )
        edge += share
    by_share = sorted(parts, key=lambda part: -part[1])
    texts = tuple(f"{percent_share(share)} {model}" for model, share in by_share)
    return MixBar(
        key=f"m{key}", title=f"Model mix of {name}: {', '.join(texts)}", segments=tuple(segments), parts=texts
    )


def request_shares(row: MixRow) -> dict[str, float]:
    """Model to its share of the group's requests."""
    return {model.model: model.request_share for model in row.models}


def tabs(mix: Mix, colours: Palette) -> tuple[Tab, ...]:
    """The tabs that the log has fields for."""
    found = []
    for key, label, rows in (
        ("route", "Route", mix.by_route),
        ("tenant", "Tenant", mix.by_tenant),
        ("environment", "Environment", mix.by_environment),
        ("region", "Region", mix.by_region),
    ):
        if any(row.name for row in rows):
            found.append(_tab(key, label, rows, colours))
    return tuple(found)


def _tab(key: str, label: str, rows: Sequence[MixRow], colours: Palette) -> Tab:
    ordered = sorted(rows, key=lambda row: (-row.spend_usd, row.name))
    shown, rest = ordered[:GROUPS], ordered[GROUPS:]
    groups = {str(index): "rest" for index in range(len(shown), len(ordered))}
    paid = usd_parts({str(index): row.spend_usd for index, row in enumerate(ordered)}, groups)
    more = ""
    if rest:
        requests = sum(row.requests for row in rest)
        more = f"{count(len(rest))} more: {compact(requests)} requests, {paid['rest']} paid."
    cells = tuple(
        _group_row(row, colours, f"{key}{index}", row.name or f"(no {key})", _paid(row, paid[str(index)]))
        for index, row in enumerate(shown)
    )
    return Tab(key=key, label=label, rows=cells, more=more)


def _paid(row: MixRow, usd_text: str) -> str:
    """What a group cost; a sum of no known costs is not $0."""
    return usd_text if row.cost_known else "unknown"


def _group_row(row: MixRow, colours: Palette, key: str, name: str, paid: str) -> GroupRow:
    return GroupRow(
        name=name,
        requests=compact(row.requests),
        paid=paid,
        bar=mix_bar(name, request_shares(row), colours, key),
        per_1k="–" if row.cost_per_1k_usd is None else usd_rate(row.cost_per_1k_usd),
        change=change_text(row.first_week_cost_per_1k_usd, row.last_week_cost_per_1k_usd),
    )


def because_of(change: CostChange | None) -> str:
    """A sentence on what changed the cost of a request."""
    if change is None or not change.told:
        return ""
    notes = f" ({'; '.join(change.notes)})" if change.notes else ""
    return f" By cause, per 1,000: {change.told}{notes}."


def week_shares(days: Sequence[MixDay]) -> dict[str, float]:
    """Each model's share of the requests of some days."""
    requests = sum(day.requests for day in days)
    totals: dict[str, float] = {}
    for day in days:
        for model, share in day.shares.items():
            totals[model] = totals.get(model, 0.0) + share * day.requests
    return {model: total / requests for model, total in totals.items()} if requests else {}


def runs(days: Sequence[MixDay]) -> list[list[int]]:
    """Indices of days with traffic, cut at the gaps."""
    found: list[list[int]] = []
    for index, day in enumerate(days):
        if day.requests <= 0:
            continue
        if found and found[-1][-1] == index - 1:
            found[-1].append(index)
        else:
            found.append([index])
    return found


def trend(mix: Mix, colours: Palette, width: int) -> Trend | None:
    """Lay the trend out at one width; None when no day has traffic."""
    days = mix.trend
    pieces = runs(days)
    if not pieces:
        return None
    plot = (48.0, {WIDE: 876.0, MIDDLE: 698.0, NARROW: 338.0}[width])
    half = 0.5 if len(days) == 1 else 0.0
    x = Linear(low=-half, high=max(len(days) - 1, 0) + half, start=plot[0], end=plot[1])
    costs = [day.cost_per_1k_usd for day in days if day.cost_per_1k_usd is not None]
    low, high = nice_domain(min(costs, default=0.0) * 0.97, max(costs, default=1.0) * 1.03, 3)
    y = Linear(low=max(low, 0.0), high=high, start=COST_PANEL[1], end=COST_PANEL[0])
    line, dots = _line(days, pieces, x, y)
    last = next((i for i in range(len(days) - 1, -1, -1) if days[i].cost_per_1k_usd is not None), None)
    total = mix.total
    change = change_text(total.first_week_cost_per_1k_usd, total.last_week_cost_per_1k_usd)
    edges, wide = _edges(days, colours), width == WIDE
    return Trend(
        key=f"trend{width}",
        width=width,
        title="Share of requests per model, and cost per 1,000 requests, by day",
        desc=f"First to last week: {'; '.join(f'{edge.name} {edge.value}' for edge in edges)}. Cost {change}.",
        plot=plot,
        areas=tuple(_areas(days, pieces, x, colours)),
        edges=edges if wide else (),
        share_ticks=tuple(Tick(x=SHARE_Y(v), label=percent(v)) for v in (0.0, 0.5, 1.0)),
        cost_ticks=tuple(Tick(x=y(v), label=usd(v)) for v in nice_ticks(y.low, y.high, 3)),
        day_ticks=_day_ticks(days, x, 3 if width == NARROW else 6),
        line=line,
        dots=dots,
        last=None if last is None else (x(last), y(days[last].cost_per_1k_usd or 0.0), usd_rate(costs[-1])),
        change="" if change == "–" else change,
        cost_title="Cost per 1,000 requests" + ("" if wide or change == "–" else f", {change} first → last week"),
        numbers=_trend_numbers(days, colours),
    )


SHARE_PANEL, COST_PANEL = (28.0, 198.0), (244.0, 318.0)
SHARE_Y = Linear(low=0, high=1, start=SHARE_PANEL[1], end=SHARE_PANEL[0])


def _areas(
    days: Sequence[MixDay], pieces: Sequence[Sequence[int]], x: Linear, colours: Palette
) -> list[tuple[str, str]]:
    """One SVG path per model, the most expensive at the bottom; a lone day is a bar, a gap stays empty."""
    names = [*colours.names, OTHER]
    stacked = []
    for day in days:
        shares, edge, edges = dict(shares_of(day.shares, colours)), 0.0, [0.0]
        for name in names:
            edge = min(edge + shares.get(name, 0.0), 1.0)
            edges.append(edge)
        stacked.append(edges)
    paths = []
    bar = max((x(1) - x(0)) * 0.3, 1.0) if len(days) > 1 else (x.end - x.start) * 0.2
    for level, name in enumerate(names):
        path = []
        for piece in pieces:
            lone = len(piece) == 1
            xs = [x(piece[0]) - bar, x(piece[0]) + bar] if lone else [x(index) for index in piece]
            at = [piece[0], piece[0]] if lone else list(piece)
            if all(stacked[i][level + 1] - stacked[i][level] < 1e-9 for i in at):
                continue
            upper = [f"{px:g} {SHARE_Y(stacked[i][level + 1]):g}" for px, i in zip(xs, at, strict=True)]
            lower = [f"{px:g} {SHARE_Y(stacked[i][level]):g}" for px, i in zip(xs, at, strict=True)]
            path.append(f"M{' '.join(upper)} {' '.join(reversed(lower))}Z")
        if path:
            paths.append((colours.of(name), "".join(path)))
    return paths


def _line(days: Sequence[MixDay], pieces: Sequence[Sequence[int]], x: Linear, y: Linear) -> tuple[str, str]:
    """The cost line, broken at gaps, and the lone days as dots."""
    line, dots = [], []
    for piece in pieces:
        known = [(x(i), y(cost)) for i in piece if (cost := days[i].cost_per_1k_usd) is not None]
        if len(known) == 1:
            dots.append(f"M{known[0][0]:g} {known[0][1]:g}h0")
        elif known:
            line.append("M" + " ".join(f"{px:g} {py:g}" for px, py in known))
    return "".join(line), "".join(dots)


def _edges(days: Sequence[MixDay], colours: Palette) -> tuple[EdgeLabel, ...]:
    """Labels at the right edge, at the middle of each model's band on the last day with traffic, pushed apart."""
    last = next(day for day in reversed(days) if day.requests > 0)
    parts = shares_of(last.shares, colours)
    compared = len(days) >= 14
    first_week = dict(shares_of(week_shares(days[:7]), colours))
    last_week = dict(shares_of(week_shares(days[-7:] if compared else days), colours))
    middles, edge = [], 0.0
    for _, share in parts:
        middles.append(SHARE_Y(edge + share / 2))
        edge += share
    places = spread(middles, 38, SHARE_PANEL[0] + 12, SHARE_PANEL[1] - 4)
    found = []
    for (name, _), place in zip(parts, places, strict=True):
        now = percent_share(last_week.get(name, 0.0))
        value = f"{percent_share(first_week.get(name, 0.0))} → {now}" if compared else now
        found.append(EdgeLabel(y=place, name=elided(name, 22), value=value, css=colours.of(name)))
    return tuple(found)


def _day_ticks(days: Sequence[MixDay], x: Linear, most: int) -> tuple[Tick, ...]:
    """The first day, the last, and round steps of weeks between."""
    last = len(days) - 1
    step = max(7 * math.ceil(len(days) / 7 / most), 1) if len(days) > 10 else max(1, math.ceil(len(days) / most))
    chosen = [index for index in range(0, last, step) if index == 0 or last - index >= step * 0.6]
    return tuple(Tick(x=x(i), label=short_day(date.fromisoformat(days[i].day))) for i in [*chosen, last])


def _trend_numbers(days: Sequence[MixDay], colours: Palette) -> Numbers:
    """The trend as a table, by day, or by seven days where there are many."""
    size = 1 if len(days) <= DAILY_LIMIT else 7
    chunks = [days[start : start + size] for start in range(0, len(days), size)]
    rows = []
    for chunk in chunks:
        requests, spend = sum(day.requests for day in chunk), sum(day.spend_usd for day in chunk)
        shares = dict(shares_of(week_shares(chunk), colours))
        rate = per_1k_usd(spend, requests - sum(day.unpriced_requests for day in chunk))
        cost = "–" if rate is None else usd_rate(rate)
        parts = [percent_share(shares.get(name, 0.0)) if requests else "–" for name in colours.names]
        rows.append((chunk[0].day, count(requests), cost, *parts))
    head = ("Day" if size == 1 else "Seven days from", "Requests", "Cost per 1k", *colours.names)
    return Numbers(caption="Mix and cost by day", head=head, rows=tuple(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBar:
    """What a step takes of the bill, on the scale of what was paid: from where it leaves off to where it began."""

    key: str
    title: str
    desc: str
    x: float
    width: float
    css: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStep:
    """One step from paid to needed; `takes` and `at_most` are empty in the first and the last."""

    name: str
    note: str
    takes: str
    at_most: str
    left: str
    bar: StepBar


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """From paid to needed."""

    finding: str
    unseen: str
    steps: tuple[BillStep, ...]


def waterfall(findings: Findings) -> Waterfall | None:
    """Lay out what the levers of the log take, and what the verdicts save of the rest; None without a ledger."""
    levers, needed = findings.mix.levers, findings.needed
    if levers is None or needed is None or levers.paid_usd <= 0:
        return None
    scale = Linear(low=0.0, high=levers.paid_usd, start=1, end=MINI - 1)
    amounts = {line.lever.value: line.usd for line in levers.lines}
    amounts |= {"models": needed.model_usd} if findings.tested else {}
    end = needed.needed_usd if findings.tested else levers.left_usd
    shown, digits = usd_parts({**amounts, "end": end}), money_digits(levers.paid_usd)
    steps = [_step("paid", "Paid", "as the model mix counts it", (0.0, levers.paid_usd), scale)]
    steps[0] = replace(steps[0], left=usd(levers.paid_usd))
    for line in levers.lines:
        made = _step(
            line.lever,
            line.lever.words.capitalize(),
            line.change if line.parts else "nothing found",
            (line.left_usd, line.usd),
            scale,
        )
        at_most = "–" if line.is_open else usd_cell(line.at_most_usd, digits) + "*" * line.is_partial
        basis = f", {line.basis}" if line.usd else ""
        steps.append(replace(made, takes=shown[line.lever.value] + basis, at_most=at_most))
    if findings.tested:
        made = _step("models", "Cheaper models, proven", _proven(findings), (end, needed.model_usd), scale)
        steps.append(replace(made, takes=shown["models"]))
    last = _step("end", "Needed" if findings.tested else "Left", "by what is counted above", (0.0, end), scale)
    steps.append(replace(last, left=shown["end"]))
    unseen = [f"{line.lever.words} {usd(line.unseen_usd)}" for line in levers.lines if line.unseen_requests]
    share, paid = percent_share((levers.paid_usd - end) / levers.paid_usd, 1), f"{usd(levers.paid_usd)} was paid"
    less = f"{paid}; by what is counted here {usd(end)} would have been enough, {share} less."
    return Waterfall(
        finding=less
        if usd(end) != usd(levers.paid_usd)
        else f"{paid}; nothing that is counted here would have saved any.",
        unseen=f"Not looked at, left in the bill, and in no upper end (* where it is most): {', '.join(unseen)}."
        if unseen
        else "",
        steps=tuple(steps),
    )


def _proven(findings: Findings) -> str:
    """What the verdicts save by themselves, and why it is less here."""
    proven, left = findings.avoidable_usd.est, findings.needed.model_usd if findings.needed else 0.0
    if proven <= 0:
        return "no verdict saves anything"
    return f"the verdicts save {usd(proven)} of the whole bill, and {usd(left)} of what the levers above leave"


def _step(key: str, name: str, note: str, ends: tuple[float, float], scale: Linear) -> BillStep:
    """A step whose bar begins at an amount and has a size, both in USD."""
    start, size = ends
    bar = StepBar(
        key=f"step-{key}",
        title=name,
        desc=f"{usd(size)}, of {usd(scale.high)} paid",
        x=scale(start),
        width=round(max(scale(start + size) - scale(start), 0.0), 1),
        css="s-kept" if key in ("paid", "end") else "s-avoidable",
    )
    return BillStep(name=name, note=note, takes="", at_most="", left="", bar=bar)
