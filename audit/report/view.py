"""Findings and cases as one page of text and coordinates; the templates only place what is here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.display import (
    compact,
    percent,
    percent_interval,
    percent_share,
    plural,
    points_interval,
    usd_estimate,
    usd_rate,
)
from audit.core.finding import Case, Findings
from audit.core.history import History
from audit.core.interval import Estimate
from audit.core.renewal import Renewal
from audit.report.charts import WIDTHS, Forest, VerdictBar, comparisons_of, forest, verdict_bar
from audit.report.evidence import EvidenceSection, evidence
from audit.report.handover import Handover, handover
from audit.report.method import Method, method
from audit.report.mixing import (
    Palette,
    Tab,
    Trend,
    Waterfall,
    because_of,
    palette,
    shares_of,
    tabs,
    trend,
    waterfall,
    week_shares,
)
from audit.report.past import Past, past
from audit.report.renewal import RenewalSection, renewal_section
from audit.report.routes import RoutesTable, routes_table, split_top
from audit.report.tables import Numbers
from audit.report.thresholds import Thresholds, thresholds
from audit.report.tradeoff import Tradeoff, tradeoff
from audit.report.words import (
    CAVEATS,
    REPLAY_LIMIT,
    Banner,
    TextPiece,
    banners,
    change_text,
    headline,
    lede,
    level_text,
    limit_lines,
    range_text,
    state_of,
    undecided_lines,
    warning,
    window_text,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A figure under the verdict: what it is, the value, and its interval or its unit."""

    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """A sentence of "Before you use this number"; the lead is set in bold."""

    lead: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The forest plot at all widths, with its numbers; no charts when nothing was measured."""

    charts: tuple[Forest, ...]
    numbers: Numbers | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MixSection:
    """Traffic mix and cost."""

    finding: str
    legend: tuple[tuple[str, str], ...]
    trends: tuple[Trend, ...]
    trend_note: str
    tabs: tuple[Tab, ...]
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole report."""

    title: str
    kicker: tuple[str, ...]
    run_id: str
    state: str
    banners: tuple[Banner, ...]
    headline: tuple[TextPiece, ...]
    lede: tuple[str, ...]
    floor_lines: tuple[str, ...]
    bars: tuple[VerdictBar, ...]
    tiles: tuple[Tile, ...]
    caveats: tuple[Caveat, ...]
    more_caveats: int
    unit: str
    level: str
    routes: RoutesTable
    quality: Quality
    tradeoff: Tradeoff | None
    thresholds: Thresholds | None
    handover: Handover | None
    levers: Waterfall | None
    mix: MixSection
    renewal: RenewalSection | None
    past: Past | None
    evidence: EvidenceSection
    method: Method


def page(
    findings: Findings, cases: Sequence[Case], history: History, renewal: Renewal | None = None, *, with_text: bool
) -> Page:
    """Turn findings into a page."""
    colours = palette(findings.mix)
    state = state_of(findings)
    shown, hidden = _caveats(findings)
    window = window_text(findings.window.get("from"), findings.window.get("to"))
    unit = f"{plural(findings.days, 'day')}" if findings.days > 0 else "this log"
    decided = findings.tested and findings.spend_usd > 0
    return Page(
        title=f"LLM spend audit · {window}",
        kicker=(window, f"{compact(findings.requests)} {'request' if findings.requests == 1 else 'requests'}"),
        run_id=findings.run_id,
        state=state,
        banners=banners(findings),
        headline=headline(findings),
        lede=lede(findings),
        floor_lines=(
            *limit_lines(findings),
            *undecided_lines(findings),
            *(line for route in split_top(findings.routes)[0] if (line := warning(route))),
        ),
        bars=tuple(verdict_bar(findings, width) for width in WIDTHS) if decided else (),
        tiles=tuple(_tiles(findings, colours)),
        caveats=shown,
        more_caveats=len(hidden),
        unit=unit,
        level=level_text(findings),
        routes=routes_table(findings, colours),
        quality=_quality(findings),
        tradeoff=tradeoff(findings, unit),
        thresholds=thresholds(findings),
        handover=handover(findings),
        levers=waterfall(findings),
        mix=_mix(findings, colours),
        renewal=renewal_section(renewal),
        past=past(findings, history),
        evidence=evidence(findings, cases, with_text=with_text),
        method=method(findings, hidden),
    )


def _caveats(findings: Findings) -> tuple[tuple[Caveat, ...], tuple[str, ...]]:
    """The first three under the headline, the others for the method; a replay's limit is always among them."""
    sentences = list(findings.caveats)
    if findings.tested and len(sentences) < CAVEATS:
        sentences.append(REPLAY_LIMIT)
    return tuple(_split_lead(text) for text in sentences[:CAVEATS]), tuple(sentences[CAVEATS:])


def _split_lead(text: str) -> Caveat:
    """Set the first sentence, or what stands before a colon in it, in bold."""
    ends = [place + 1 for mark in (". ", ": ") if 0 < (place := text.find(mark)) < 90]
    if not ends:
        return Caveat(lead="", text=text)
    end = min(ends)
    return Caveat(lead=text[:end], text=text[end:].strip())


def _tiles(findings: Findings, colours: Palette) -> list[Tile]:
    tiles = []
    if findings.tested and findings.avoidable_usd.est > 0:
        share, _, ends = percent_interval(findings.avoidable_share, 0).partition(" ")
        tiles.append(Tile(label="Avoidable share of spend", value=share, note=ends))
        if findings.yearly_usd is not None:
            year = findings.yearly_usd
            note = range_text(year)
            tiles.append(
                Tile(
                    label="A year at this volume and these prices",
                    value=usd_estimate(year),
                    note=note or "same volume and prices",
                )
            )
    if findings.accepted_change is not None and findings.tested:
        tiles.append(_accepted(findings, findings.accepted_change))
    total = findings.mix.total
    if total.cost_per_1k_usd is not None:
        first, last = total.first_week_cost_per_1k_usd, total.last_week_cost_per_1k_usd
        note = "over the whole log"
        if first is not None and last is not None:
            note = f"first week {usd_rate(first)} → last week {usd_rate(last)}"
        tiles.append(Tile(label="Cost per 1,000 requests", value=usd_rate(total.cost_per_1k_usd), note=note))
    if colours.names:
        tiles.append(_most_expensive(findings, colours))
    return tiles[:4]


def _accepted(findings: Findings, change: Estimate) -> Tile:
    before, after = findings.accepted_before, findings.accepted_after
    if before is None:
        note = f"{points_interval(change)} pts overall" if findings.avoidable_usd.est > 0 else ""
        return Tile(label="Accepted answers today", value="not measured", note=note or "compared with themselves")
    if after is None or findings.avoidable_usd.est <= 0:
        return Tile(label="Accepted answers today", value=percent(before.est, 1), note=_tail(percent_interval(before)))
    return Tile(
        label="Accepted answers, today → after",
        value=f"{percent(before.est, 1)} → {percent(after.est, 1)}",
        note=f"{points_interval(change)} pts overall",
    )


def _most_expensive(findings: Findings, colours: Palette) -> Tile:
    """The share of requests that the most expensive of the large models gets, and where it is going."""
    name, days = colours.names[0], findings.mix.trend
    first, last = week_shares(days[:7]), week_shares(days[-7:])
    if len(days) >= 14 and first and last:
        value = f"{percent_share(first.get(name, 0.0))} → {percent_share(last.get(name, 0.0))}"
        return Tile(label=f"Requests on {name}", value=value, note="first → last week")
    share = week_shares(days).get(name, 0.0)
    return Tile(label=f"Requests on {name}", value=percent_share(share), note="over the whole log")


def _tail(interval: str) -> str:
    return interval.partition(" ")[2]


def _quality(findings: Findings) -> Quality:
    top, rest = split_top(findings.routes)
    rows, others = comparisons_of(top), comparisons_of(rest) if len(rest) > 1 else []
    if not findings.tested or not rows:
        return Quality(charts=(), numbers=None)
    numbers = Numbers(
        caption="Quality change per route, percentage points",
        head=("Route", "Compared", "Change", "Margin"),
        rows=tuple(
            (row.name, row.sub.lstrip("→ "), points_interval(row.delta), f"{row.margin * 100:g}") for row in rows
        ),
    )
    return Quality(charts=tuple(forest(rows, others, width) for width in WIDTHS), numbers=numbers)


def _mix(findings: Findings, colours: Palette) -> MixSection:
    mix = findings.mix
    drawn = tuple(one for width in WIDTHS if (one := trend(mix, colours, width)) is not None)
    with_traffic = [day for day in mix.trend if day.requests > 0]
    shares = shares_of(week_shares(mix.trend), colours)
    total = mix.total
    if len(mix.by_model) == 1:
        finding = f"No mix: every request went to {mix.by_model[0].name}."
    elif shares:
        name, share = max(shares, key=lambda item: item[1])
        finding = f"{percent_share(share)} of requests went to {name}."
        first, last = total.first_week_cost_per_1k_usd, total.last_week_cost_per_1k_usd
        if first is not None and last is not None:
            change = change_text(first, last)
            finding += f" Cost per 1,000 requests went from {usd_rate(first)} to {usd_rate(last)} ({change})."
        finding += because_of(total.change)
    else:
        finding = "No day of this log has a billable request."
    gaps = len(mix.trend) - len(with_traffic)
    note = f"{plural(gaps, 'day')} without traffic {'is' if gaps == 1 else 'are'} left blank." if gaps else ""
    made = tabs(mix, colours)
    missing = ""
    if not any(tab.key == "tenant" for tab in made):
        missing = "No tenant field was mapped. Set `ingest: {tenant: …}` in audit.yaml to see the mix by tenant."
    return MixSection(
        finding=finding,
        legend=tuple((colours.of(name), name) for name, _ in shares),
        trends=drawn,
        trend_note=note,
        tabs=made,
        missing=missing,
    )
