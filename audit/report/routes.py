"""The rows of the routes table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.core.display import (
    compact,
    count,
    listing,
    money_digits,
    plural,
    points_interval,
    usd,
    usd_at,
    usd_ends,
    usd_estimate,
    usd_parts,
    usd_rate,
)
from audit.core.finding import CandidateVerdict, Findings, RouteFinding, Verdict
from audit.core.interval import Estimate
from audit.core.mixture import MixRow
from audit.report.charts import (
    MiniBar,
    MiniInterval,
    comparisons_of,
    mini_bar,
    mini_interval,
    pairs_of,
    quality_domain,
)
from audit.report.mixing import MixBar, Palette, mix_bar, request_shares
from audit.report.scales import elided
from audit.report.words import STATUS, Status, action, below_floor, route_name

TOP = 20
NAME = 64
ROUNDED = 5
"""Amounts that gave way which are written out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRow:
    """One route as the table shows it. `sort_*` are raw numbers for the sort buttons."""

    key: str
    name: str
    full: str
    requests: str
    paid: str
    per_1k: str
    mix: MixBar | None
    status: Status
    action: str
    floor_line: str
    change: str
    ends: str
    pairs: str
    quality: MiniInterval | None
    avoidable: str
    avoidable_ends: str
    avoidable_note: str
    avoidable_note_ends: str
    bar: MiniBar | None
    sort_paid: float
    sort_change: float | None
    sort_avoidable: float
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherRow:
    """One of the routes that the top table leaves out."""

    name: str
    paid: str
    status: Status
    change: str
    avoidable: str
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutesTable:
    """All routes: the largest as rows, the others as one sum and a plain table."""

    rows: tuple[RouteRow, ...]
    others: tuple[OtherRow, ...]
    others_name: str
    others_paid: str
    others_avoidable: str
    total_paid: str
    total_per_1k: str
    total_change: str
    total_change_ends: str
    total_change_base: str
    total_avoidable: str
    total_avoidable_ends: str
    rounding: str
    verdicts: tuple[tuple[str, Status, str], ...]
    tested: bool


def ends_text(estimate: Estimate, total: float) -> str:
    """`[low, high]` of an amount, as precise as its column with this total; "" when an end is unknown, or when the
    amount is known exactly.
    """
    if estimate.ends is None:
        return ""
    low, high = usd_ends(*estimate.ends, money_digits(total))
    return f"[{low}, {high}]"


def change_parts(estimate: Estimate | None) -> tuple[str, str]:
    """A quality change and its ends apart, so that a table can weigh them differently."""
    if estimate is None:
        return "–", ""
    change, _, ends = points_interval(estimate).partition(" ")
    return change, ends


def split_top(routes: Sequence[RouteFinding]) -> tuple[tuple[RouteFinding, ...], tuple[RouteFinding, ...]]:
    """The routes with a row of their own, and the rest; a rest of one is not worth leaving out."""
    if len(routes) <= TOP + 1:
        return tuple(routes), ()
    return tuple(routes[:TOP]), tuple(routes[TOP:])


def money_columns(findings: Findings) -> tuple[dict[str, str], dict[str, str]]:
    """Paid and avoidable by the route's position, and under `rest` for those without a row, adding up to the total."""
    routes = findings.routes
    top, _ = split_top(routes)
    rest = {str(index): "rest" for index in range(len(top), len(routes))}
    paid = usd_parts({str(index): route.spend_usd for index, route in enumerate(routes)}, rest)
    saved = {str(index): route.avoidable_usd for index, route in enumerate(routes)}
    avoidable = usd_parts({index: estimate.est for index, estimate in saved.items()}, rest, saved)
    return paid, avoidable


def rounding_words(findings: Findings, *, paid: bool = True) -> str:
    """Which amounts of the table are not their own rounding, because its columns add up; "" where all are.

    Args:
        findings: Of the run.
        paid: Whether the column of what was paid is shown.
    """
    routes = split_top(findings.routes)[0]
    amounts = {"paid": {str(index): route.spend_usd for index, route in enumerate(routes)}}
    amounts["avoidable"] = {str(index): route.avoidable_usd.est for index, route in enumerate(routes)}
    totals = {"paid": findings.spend_usd, "avoidable": findings.avoidable_usd.est}
    found = []
    for (name, values), shown in zip(amounts.items(), money_columns(findings), strict=True):
        digits = money_digits(totals[name])
        for index, value in values.items():
            if shown[index] != usd_at(round(value, digits), digits) and (paid or name != "paid"):
                found.append(f"{usd(value)} {name} on {route_name(routes[int(index)])}")
    if (left := len(found) - ROUNDED) > 0:
        found = [*found[:ROUNDED], f"{left} more"]
    return f"Amounts are rounded so that the columns add up. Taken alone: {listing(found)}." if found else ""


def saved_text(route: RouteFinding, findings: Findings, scale: float = 1.0) -> str:
    """What a route saves with its interval, as precise as the table's column: `$28 [$28, $29]`.

    Args:
        route: That moves.
        findings: Of the run.
        scale: Times the window of the log; where it is 1 the amount is the one of the table.
    """
    saved, total = route.avoidable_usd.scaled(scale), findings.avoidable_usd.est * scale
    if scale == 1.0:
        amount = money_columns(findings)[1][str(findings.routes.index(route))]
    else:  # no column has it, and working one out for each of hundreds of routes would take seconds
        amount = usd_at(saved.est, money_digits(total))
    return f"{amount} {ends_text(saved, total)}".rstrip()


def routes_table(findings: Findings, colours: Palette) -> RoutesTable:
    """Lay the table out."""
    top, rest = split_top(findings.routes)
    paid, avoidable = money_columns(findings)
    domain = quality_domain(comparisons_of(top))
    largest = max((_high(route.avoidable_usd) for route in top), default=0.0)
    rows_of_mix = {row.name: row for row in findings.mix.by_route}
    mixes = {name: request_shares(row) for name, row in rows_of_mix.items()}
    rows = tuple(
        RouteRow(
            key=f"r{index}",
            name=elided(route_name(route), NAME),
            full=route_name(route),
            requests=f"{compact(route.requests)} {'request' if route.requests == 1 else 'requests'}",
            paid=paid[str(index)],
            per_1k=_per_1k(rows_of_mix.get(route.route)),
            mix=mix_bar(route_name(route), mixes.get(route.route) or route.incumbents, colours, f"r{index}"),
            status=STATUS[route.verdict],
            action=action(route),
            floor_line=below_floor(route),
            change=change_parts(route.recommendation.deciding_delta)[0],
            ends=change_parts(route.recommendation.deciding_delta)[1],
            pairs=_pairs(route),
            quality=mini_interval(route, domain, f"r{index}"),
            avoidable=avoidable[str(index)],
            avoidable_ends=ends_text(route.avoidable_usd, findings.avoidable_usd.est)
            if route.avoidable_usd.est
            else "",
            avoidable_note=note,
            avoidable_note_ends=note_ends,
            bar=mini_bar(route, largest, f"r{index}"),
            sort_paid=route.spend_usd,
            sort_change=None if (delta := route.recommendation.deciding_delta) is None else delta.est,
            sort_avoidable=route.avoidable_usd.est,
            verdict=route.verdict.value,
        )
        for index, route in enumerate(top)
        for note, note_ends in [_note(route)]
    )
    change, ends = change_parts(findings.accepted_change)
    return RoutesTable(
        rows=rows,
        others=_others(rest, len(top), paid, avoidable),
        others_name=plural(len(rest), "more route"),
        others_paid=paid.get("rest", ""),
        others_avoidable=avoidable.get("rest", ""),
        total_paid=usd(sum(route.spend_usd for route in findings.routes)),
        total_per_1k=_per_1k(findings.mix.total),
        total_change=change,
        total_change_ends=ends,
        total_change_base="weighted by requests"
        + (", all criteria" if any(route.recommendation.by_content for route in findings.routes) else ""),
        total_avoidable=usd_estimate(findings.avoidable_usd),
        total_avoidable_ends=ends_text(findings.avoidable_usd, findings.avoidable_usd.est)
        if findings.avoidable_usd.est
        else "",
        rounding=rounding_words(findings),
        verdicts=_verdict_counts(findings.routes),
        tested=findings.tested,
    )


def _high(estimate: Estimate) -> float:
    return estimate.est if estimate.hi is None else max(estimate.est, estimate.hi)


def _per_1k(row: MixRow | None) -> str:
    """Of the requests whose cost is known, as the mix has it."""
    return "–" if row is None or row.cost_per_1k_usd is None else f"{usd_rate(row.cost_per_1k_usd)} / 1k"


def _note(route: RouteFinding) -> tuple[str, str]:
    """What stands under an avoidable amount of $0, and the interval of an amount in it."""
    if route.verdict is Verdict.NOT_PROVEN:
        return (f"up to {usd(route.up_to_usd)} if proven" if route.up_to_usd > 0 else "not counted"), ""
    if route.verdict is not Verdict.KEEP:
        return "", ""
    chosen = next((c for c in route.candidates if c.tier == route.candidate), None)
    if chosen is not None and chosen.saving_usd is not None and chosen.saving_usd.est < 0:
        amount = f"{usd_estimate(chosen.saving_usd)} {ends_text(chosen.saving_usd, chosen.saving_usd.est)}".rstrip()
        return f"moving to {chosen.tier} saves", amount
    if route.candidates and all(c.verdict is CandidateVerdict.INFERIOR for c in route.candidates):
        return "cheaper tiers lose too much", ""
    return "", ""


def _others(
    rest: Sequence[RouteFinding], start: int, paid: Mapping[str, str], avoidable: Mapping[str, str]
) -> tuple[OtherRow, ...]:
    return tuple(
        OtherRow(
            name=elided(route_name(route), NAME),
            paid=paid[str(index)],
            status=STATUS[route.verdict],
            change="–" if (delta := route.recommendation.deciding_delta) is None else points_interval(delta),
            avoidable=avoidable[str(index)],
            verdict=route.verdict.value,
        )
        for index, route in enumerate(rest, start=start)
    )


def _pairs(route: RouteFinding) -> str:
    if route.quality_delta is None:
        return "not measured"
    said = f"n = {count(pairs_of(route))}"
    return f"{said}, by content" if route.recommendation.by_content else said


def _verdict_counts(routes: Sequence[RouteFinding]) -> tuple[tuple[str, Status, str], ...]:
    """Per verdict that occurs: its value, how it is written, and on how many routes."""
    found = []
    for verdict, status in STATUS.items():
        number = sum(route.verdict is verdict for route in routes)
        if number:
            found.append((verdict.value, status, count(number)))
    return tuple(found)
