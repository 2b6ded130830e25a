"""The quote: what is sampled per route, what it costs, where text goes, and which routes it can decide."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from rich.table import Table
from rich.text import Text

from audit.cli.columns import Column, table
from audit.cli.terminal import Terminal, is_ascii
from audit.core.display import ascii_only, compact, count, percent, plural, points, terminal_safe, usd
from audit.core.plan import Plan, RouteDesign, RouteQuote

ROWS = 60


def print_plan(terminal: Terminal, plan: Plan, *, saved: Path | None = None, asking: bool = False) -> None:
    """Print the quote on stdout, as a document where that was asked for, or on stderr when a question follows."""
    if terminal.switches.json and not asking:
        terminal.document(plan)
        return
    stream = sys.stderr if asking else sys.stdout
    drawn = ascii_only if is_ascii(stream) else str
    console = terminal.console(stream)
    margin = points(plan.margin).lstrip("+")
    console.print(Text(drawn(f"Plan for margin {margin} pts, {percent(plan.confidence)} confidence")), "", sep="\n")
    console.print(_table(plan, terminal.width, drawn))
    for line in ["", *_reasons(plan), *_quote(plan), *_next(saved)]:
        console.print(Text(drawn(line)))


def _table(plan: Plan, width: int, drawn: Callable[[str], str]) -> Table:
    judged = any(quote.judge_usd for quote in plan.quotes)
    columns = [Column(title="Route", at_least=12), Column(title="Paid", right=True)]
    columns.append(Column(title="Candidates", at_least=10))
    titles = ("Sample", "Calls", "Replay", *(["Judge"] if judged else []))
    columns += [Column(title=title, right=True) for title in titles]
    columns.append(Column(title="Decides?"))
    quotes = {quote.route: quote for quote in plan.quotes}
    rows = [_cells(design, quotes.get(design.route), judged) for design in plan.designs[:ROWS]]
    return table(columns, rows, width=width, drawn=drawn)


def _cells(design: RouteDesign, quote: RouteQuote | None, judged: bool) -> list[str]:
    more = f" +{len(design.candidates) - 1}" if len(design.candidates) > 1 else ""
    judge = [usd(quote.judge_usd) if quote and quote.judge_usd else "–"] if judged else []
    return [
        terminal_safe(design.route) or "(none)",
        usd(design.spend_usd),
        terminal_safe(design.candidates[0]) + more if design.candidates else "–",
        count(design.distinct),
        count(quote.calls) if quote else "–",
        usd(quote.expected_usd) if quote else "–",
        *judge,
        design.can_decide,
    ]


def _reasons(plan: Plan) -> list[str]:
    """Why a route cannot be decided, before money is spent on it."""
    undecided = [design for design in plan.designs if design.can_decide != "yes" and design.reason]
    lines = [f"  {terminal_safe(d.route)}: {terminal_safe(d.reason)}" for d in undecided[:ROWS]]
    hidden = len(plan.designs) - ROWS
    lines += [f"  and {plural(hidden, 'more route')}; --json has them all"] if hidden > 0 else []
    return [*lines, ""] if lines else []


def _quote(plan: Plan) -> list[str]:
    recorded = sum(quote.recorded for quote in plan.quotes)
    lines = [
        f"  Quote   {usd(plan.expected_usd)} expected, {usd(plan.at_most_usd)} at most (every answer at its limit).",
        f"  Stop    hard, at {usd(plan.max_spend_usd)}.",
        *_looks(plan),
        f"  Calls   {count(plan.calls)}, about {compact(plan.tokens)} tokens"
        + (f"; {count(recorded)} more are recorded already." if recorded else "."),
    ]
    hosts = ", ".join(terminal_safe(host) for host in plan.hosts)
    return [*lines, f"  Text leaves this process for: {hosts}." if hosts else "  No text leaves this process."]


def _looks(plan: Plan) -> list[str]:
    """That the quote is for the whole sample, and that most routes will not need it."""
    most = max((len(design.looks) for design in plan.designs if design.candidates), default=1)
    if most < 2:
        return []
    return [f"  Looks   up to {most} a route; one that is decided earlier stops there and costs less."]


def _next(saved: Path | None) -> list[str]:
    if saved is None:
        return []
    return ["", f"Saved {saved}. Nothing has been sent.", f"To spend exactly this:   audit replay {saved}"]
