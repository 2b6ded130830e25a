"""The section "What to sign": `renewal.json` as text and coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit.core.display import percent, percent_share, usd
from audit.core.renewal import Renewal, RenewalDecision, VendorRenewal
from audit.report.charts import MIDDLE, NARROW, WIDE, WIDTHS, Tick
from audit.report.renewal_words import SMALL_USD, advice, facts, headline, options, totals
from audit.report.scales import Linear, nice_domain, nice_ticks, shortened, spans_apart, text_width
from audit.report.tables import Numbers

PLOT_X = {WIDE: (76.0, 1040.0), MIDDLE: (76.0, 704.0), NARROW: (74.0, 350.0)}
TICKS = {WIDE: 8, MIDDLE: 5, NARROW: 3}
PLOT_Y = (52.0, 256.0)
LABEL_PX = 13
MOST_CHARTS = 6
OPTIONS = ("Commitment", "Commit", "Expected cost", "Unused", "Risk of it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A commitment that is marked on the curve, with its label above the plot."""

    css: str
    x: float
    y: float
    label: str
    label_x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChart:
    """Expected cost against the commitment.

    Attributes:
        line: SVG path of the expected cost.
        band: SVG path of the simulation's interval around it.
        risky_x: Where the chance of unused commitment begins to be more than accepted; None when that is not shown.
        without_y: Of what going without a contract costs; None when that is off the scale.
        interval: Ends of the commitment's interval, in pixels, or None.
    """

    key: str
    width: int
    title: str
    desc: str
    line: str
    band: str
    flags: tuple[Flag, ...]
    risky_x: float | None
    risky_text: str
    without_y: float | None
    without_text: str
    interval: tuple[float, float] | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    y_title: str
    plot: tuple[float, float, float, float]
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorPart:
    """One vendor: what to do with its offer, and why."""

    name: str
    advice: str
    charts: tuple[CostChart, ...]
    options: Numbers | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewalSection:
    """The section."""

    headline: str
    totals: tuple[tuple[str, str], ...]
    vendors: tuple[VendorPart, ...]
    warnings: tuple[str, ...]
    assumptions: Numbers


def renewal_section(renewal: Renewal | None) -> RenewalSection | None:
    """Lay the section out; None when nobody worked a renewal out."""
    if renewal is None:
        return None
    return RenewalSection(
        headline=headline(renewal),
        totals=tuple(totals(renewal)),
        vendors=tuple(_part(index, vendor, renewal) for index, vendor in enumerate(renewal.vendors)),
        warnings=renewal.warnings,
        assumptions=Numbers(
            caption="What the renewal rests on",
            head=("Assumption", "Value", "Origin"),
            rows=tuple((line.key, line.value, line.origin.value) for line in renewal.assumptions),
        ),
    )


def _part(index: int, vendor: VendorRenewal, renewal: Renewal) -> VendorPart:
    rows, drawn = tuple(options(vendor)), bool(vendor.curve) and index < MOST_CHARTS
    return VendorPart(
        name=vendor.name,
        advice=advice(vendor, renewal),
        charts=tuple(cost_chart(index, vendor, renewal, width) for width in WIDTHS) if drawn else (),
        options=Numbers(caption=f"Commitments with {vendor.name}", head=OPTIONS, rows=rows) if rows else None,
        facts=tuple(facts(vendor)),
    )


def cost_chart(index: int, vendor: VendorRenewal, renewal: Renewal, width: int) -> CostChart:
    """Place the curve, what going without costs, and the commitments that have a name, at one width."""
    curve, plot_x = vendor.curve, PLOT_X[width]
    x = Linear(low=curve[0].commit_usd, high=curve[-1].commit_usd, start=plot_x[0], end=plot_x[1])
    without = vendor.without_usd.est
    shown = [value for point in curve for value in (point.low_usd, point.high_usd)] + [without]
    low, high = nice_domain(min(shown), max(shown), 5)
    y = Linear(low=max(low, 0.0), high=high, start=PLOT_Y[1], end=PLOT_Y[0])
    commit = vendor.commit_usd
    ends = None if commit is None or commit.lo is None or commit.hi is None else (x.clip(commit.lo), x.clip(commit.hi))
    safe = curve[0].commit_usd if vendor.at_risk is None else vendor.at_risk.commit_usd
    risky = safe if safe < curve[-1].commit_usd else None
    there_and_back = [*((x(p.commit_usd), y(p.high_usd)) for p in curve)]
    there_and_back += reversed([(x(p.commit_usd), y(p.low_usd)) for p in curve])
    return CostChart(
        key=f"renewal{index}-{width}",
        width=width,
        title=f"Expected cost against the commitment with {vendor.name}",
        desc=advice(vendor, renewal),
        line=_path([(x(p.commit_usd), y(p.cost_usd)) for p in curve]),
        band=_path(there_and_back) + "z",
        flags=_flags(vendor, x, y, width),
        risky_x=None if risky is None else x(risky),
        risky_text=f"unused more often than {percent(renewal.risk)} →",
        without_y=y(without),
        without_text=f"no contract: {usd(without)}",
        interval=ends if ends and ends[1] - ends[0] > 1 else None,
        x_ticks=tuple(
            Tick(x=x(v), label=usd(v)) for v in nice_ticks(x.low, x.high, {WIDE: 8, MIDDLE: 5, NARROW: 3}[width])
        ),
        y_ticks=tuple(Tick(x=y(v), label=usd(v)) for v in nice_ticks(y.low, y.high, 5)),
        y_title=f"Cost over the term: expected, and {percent(renewal.level)} of the draws",
        plot=(*plot_x, *PLOT_Y),
        numbers=Numbers(
            caption=f"Cost over the term by commitment with {vendor.name}",
            head=("Commitment", "Expected cost", f"{percent(renewal.level)} of the draws", "Unused in"),
            rows=tuple(
                (
                    usd(p.commit_usd),
                    usd(p.cost_usd),
                    f"{usd(p.low_usd)} – {usd(p.high_usd)}",
                    percent_share(p.unused_risk),
                )
                for p in curve[:: max(len(curve) // 24, 1)]
            ),
        ),
    )


def _flags(vendor: VendorRenewal, x: Linear, y: Linear, width: int) -> tuple[Flag, ...]:
    signs = vendor.decision is RenewalDecision.SIGN
    named = [
        ("pick" if signs else "what", "sign" if signs else "best offer", vendor.recommended),
        ("what", "least cost", vendor.cheapest),
        ("what", "on the table", vendor.committed),
    ]
    found: list[tuple[float, float, str, str]] = []
    for css, name, option in named:
        if option is None or any(abs(option.commit_usd - other[0]) < SMALL_USD for other in found):
            continue
        # On a telephone only what is signed has room for its amount; the table below has the others.
        amount = f" {usd(option.commit_usd)}" if width != NARROW or css == "pick" else ""
        found.append((option.commit_usd, option.cost_usd.est, css, name + amount))
    found.sort()
    widths = [text_width(label, LABEL_PX) for *_, label in found]
    starts = [x.clip(commit) - wide / 2 for (commit, *_), wide in zip(found, widths, strict=True)]
    placed = spans_apart(starts, widths, 12, width)
    return tuple(
        Flag(css=css, x=x.clip(commit), y=y.clip(cost), label=shortened(label, 40), label_x=round(left + wide / 2, 1))
        for (commit, cost, css, label), left, wide in zip(found, placed, widths, strict=True)
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{px:g} {py:g}" for px, py in points)
