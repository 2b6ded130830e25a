"""What each candidate of a route would cost: by token class and cache, with length of answers, retries and latency."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit.core.cost import CostBreakdown
from audit.core.display import count, listing, milliseconds, percent_share, usd, usd_interval
from audit.core.finding import CandidateFinding, Latency, RouteFinding
from audit.report.tables import Numbers
from audit.report.words import route_name

CLASS_WORDS = {
    "input": "input",
    "cached_input": "cached input",
    "cache_write": "cache writes",
    "output": "output",
    "reasoning": "reasoning",
    "": "not split",
}
"""Token classes; the last is what was not served, or whose tokens nobody counted."""
NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTable:
    """The table of one route: a column per candidate beside today's, and what the dollars assume."""

    summary: str
    numbers: Numbers
    assumptions: tuple[str, ...]


def cost_table(route: RouteFinding) -> CostTable | None:
    """Lay it out; None where nothing is known of any candidate's cost."""
    priced = [(one, one.cost) for one in route.candidates if one.cost is not None]
    if not priced:
        return None
    base = "" if usd(route.auditable_usd) == usd(route.spend_usd) else f" (of {usd(route.spend_usd)} paid)"
    today = f"today {usd(route.auditable_usd)}{base}"
    each = [f"{one.tier} {usd(one.cost_usd_full_log.est)}" for one, _ in priced if one.cost_usd_full_log is not None]
    return CostTable(
        summary=f"What it would cost: {', '.join([today, *each])}",
        numbers=Numbers(
            caption=f"What each candidate would cost on {route_name(route)}, of what can be audited",
            head=("Figure", "Today", *(one.tier for one, _ in priced)),
            rows=tuple(_rows(route, priced)),
        ),
        assumptions=tuple(_assumptions(priced)),
    )


Priced = Sequence[tuple[CandidateFinding, CostBreakdown]]
Row = tuple[str, ...]


def _rows(route: RouteFinding, priced: Priced) -> Iterator[Row]:
    for index, scenario in enumerate(priced[0][1].scenarios):
        used = ", used here" if scenario.used else ""
        label = f"Cost, prompt cache {scenario.prompt_cache}{used}"
        yield label, usd(route.auditable_usd), *(usd_interval(cost.scenarios[index].cost_usd) for _, cost in priced)
    parts = [_parts(cost) for _, cost in priced]
    if names := [name for name in CLASS_WORDS if any(name in part for part in parts)]:
        label = "Cost by class: " + " / ".join(CLASS_WORDS[name] for name in names)
        yield label, NOTHING, *(_split(part, names) for part in parts)
    lengths = [cost.output for _, cost in priced]
    if any(lengths):
        known = next(one for one in lengths if one is not None)
        yield "Tokens an answer", _tokens(known.today), *(_length(cost) for _, cost in priced)
    first = priced[0][0].incumbent_latency_ms
    yield "Latency, p50 / p95 / p99", _latency(first), *(_latency(one.latency_ms) for one, _ in priced)


def _parts(cost: CostBreakdown) -> dict[str, float]:
    """Dollars by token class, and under "" what is not split; nothing is left out."""
    parts = {one.name: one.usd for one in cost.classes} | {"": cost.not_split_usd}
    return {name: dollars for name, dollars in parts.items() if dollars}


def _split(part: Mapping[str, float], names: Sequence[str]) -> str:
    return " / ".join(usd(part[name]) if name in part else NOTHING for name in names)


def _tokens(mean: float) -> str:
    return count(round(mean))


def _length(cost: CostBreakdown) -> str:
    """`401, 1.29 times [1.21, 1.38]`."""
    if cost.output is None:
        return NOTHING
    ratio = cost.output.ratio
    ends = "" if ratio.lo is None or ratio.hi is None else f" [{ratio.lo:.2f}, {ratio.hi:.2f}]"
    return f"{_tokens(cost.output.candidate)}, {ratio.est:.2f} times{ends}"


def _latency(latency: Latency) -> str:
    return " / ".join(milliseconds(value) for value in (latency.p50, latency.p95, latency.p99))


def _assumptions(priced: Priced) -> Iterator[str]:
    """One line per assumption, naming the candidates it is about where it is not about all of them."""
    about: dict[tuple[str, str], list[str]] = {}
    for one, cost in priced:
        for assumption in cost.assumptions:
            factor = "" if assumption.factor == 1 else f" (cost × {assumption.factor:.3g})"
            about.setdefault((assumption.name, f"{assumption.text}{factor}"), []).append(one.tier)
        tries = cost.retries
        if tries.retried:
            about.setdefault(("attempts", f"{tries.attempts / tries.calls:.2f} a call"), []).append(one.tier)
        if cost.estimated_calls:
            share = percent_share(cost.estimated_calls / tries.calls)
            about.setdefault(("tokens", f"estimated on {share} of the calls"), []).append(one.tier)
    for (name, text), tiers in about.items():
        who = "" if len(tiers) == len(priced) else f", {listing(tiers)}"
        yield f"{name.replace('_', ' ').capitalize()}{who}: {text}."
