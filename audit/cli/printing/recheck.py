"""What a recheck says of a tier: a line per route, then what each rests on, what it cost, and what to do next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator

from rich.text import Text

from audit.cli.columns import Column, table, wrapped
from audit.cli.terminal import Terminal, is_ascii
from audit.core.display import (
    ascii_only,
    count,
    listing,
    plural,
    points_interval,
    terminal_safe,
    usd,
)
from audit.core.plan import Plan
from audit.core.recheck import Recheck, RouteRecheck, Worth

SIGNS = {Worth.FULL_AUDIT: "●", Worth.NOT: "■", Worth.OPEN: "◇"}
COLUMNS = (
    Column(title="Route", at_least=8),
    Column(title="Paid", right=True),
    Column(title="Quality, pts", right=True),
    Column(title="Saves", right=True),
    Column(title="Audit", right=True),
    Column(title=""),
)


def print_recheck_quote(terminal: Terminal, plan: Plan) -> None:
    """Print what a recheck would ask and cost: on stdout, or on stderr when a question follows."""
    asking = sys.stdin.isatty() and not terminal.switches.json
    if terminal.switches.json:
        terminal.document(plan)
        return
    stream = sys.stderr if asking else sys.stdout
    drawn = ascii_only if is_ascii(stream) else str
    console = terminal.console(stream)
    for line in _quote_lines(plan):
        console.print(Text(drawn(line)), soft_wrap=True)


def _quote_lines(plan: Plan) -> Iterator[str]:
    quotes = {one.route: one for one in plan.quotes}
    for design in plan.designs:
        quote = quotes.get(design.route)
        about = f"{plural(design.quality_n, 'request')} at most"
        cost = "" if quote is None else f", {usd(quote.expected_usd)} expected"
        yield f"  {terminal_safe(design.route)}: {about}{cost}"
    if not plan.designs:
        yield "  Nothing is asked: on no route of the run anything can be told of it."
    yield f"  Quote   {usd(plan.expected_usd)} expected, {usd(plan.at_most_usd)} at most."
    yield f"  Cap     {usd(plan.max_spend_usd)}; the recheck stops there. A route that is clear earlier costs less."
    if plan.stored is not None:
        yield f"  Store   {plural(plan.stored.calls, 'call')} answered by earlier runs."
    hosts = ", ".join(terminal_safe(host) for host in plan.hosts)
    yield f"  Text leaves this process for: {hosts}." if hosts else "  No text leaves this process."


def print_recheck(terminal: Terminal, found: Recheck) -> None:
    """Print it, or the document where that was asked for."""
    if terminal.switches.json:
        terminal.document(found)
        return
    drawn = ascii_only if terminal.ascii else str
    terminal.lines(drawn(line) for line in _head(found))
    terminal.tables(table(COLUMNS, [_cells(one) for one in found.routes], width=terminal.width, drawn=drawn))
    for line in ["", *_reasons(found, terminal.width), *_money(found), *_next(found, terminal.width)]:
        terminal.lines([drawn(line)])


def _head(found: Recheck) -> Iterator[str]:
    if found.demo:
        yield "Demo: bundled data; these figures describe no real company."
    if found.simulated:
        yield f"Simulated completions: {terminal_safe(found.tier)}."
    model = f" ({terminal_safe(found.model)})" if found.model != found.tier else ""
    yield f"Recheck of {terminal_safe(found.tier)}{model} on run {found.run_id}: is it worth a full audit?"
    yield ""


def _cells(one: RouteRecheck) -> list[str]:
    return [
        terminal_safe(one.route) or "(none)",
        usd(one.spend_usd),
        points_interval(one.quality_delta) if one.quality_delta else "–",
        usd(one.beyond_usd.est) if one.beyond_usd else "–",
        usd(one.full_usd) if one.full_usd is not None else "–",
        f"{SIGNS[one.worth]} {one.worth.words}",
    ]


def _reasons(found: Recheck, width: int) -> Iterator[str]:
    for one in found.routes:
        said = f"{terminal_safe(one.route)}: {one.worth.words}: {terminal_safe(one.because.sentence)}"
        yield from wrapped(said, width)
        if one.n:
            rests = f"{plural(one.n, 'pair')}, {count(one.b)} lost, {count(one.c)} gained"
            if one.beyond_usd is not None:
                most = "" if one.beyond_usd.hi is None else f", at most {usd(one.beyond_usd.hi)},"
                rests += f"; saves {usd(one.beyond_usd.est)}{most} beyond the run's {usd(one.today_usd.est)}"
            yield from wrapped(f"  {rests}", width)
    for route, verdict in found.audited.items():
        said = verdict.replace("_", " ")
        yield from wrapped(f"{terminal_safe(route)}: the run has audited it: {said}", width)
    yield ""


def _money(found: Recheck) -> Iterator[str]:
    earlier = f", and {usd(found.earlier_usd)} in earlier runs" if found.earlier_usd else ""
    yield f"  Asked   {plural(found.calls, 'call')} for {usd(found.spent_usd)}{earlier}; cap {usd(found.cap_usd)}."
    yield f"          The answers of the run cost {usd(found.run_usd)}."
    yield "  Misses  Of tiers that lose less than the margin, and save more than a full"
    yield f"          audit costs beyond the least the run saves, at most {found.miss:.0%} are refused."


def _next(found: Recheck, width: int) -> Iterator[str]:
    worth = [one for one in found.routes if one.worth is Worth.FULL_AUDIT]
    if not worth:
        return
    routes = " ".join(f"--route {shlex.quote(terminal_safe(one.route))}" for one in worth)
    name = shlex.quote(terminal_safe(found.tier))
    yield ""
    many = listing([terminal_safe(one.route) for one in worth])
    yield from wrapped(f"Nothing is certified yet. To audit it on {many}, name it in their `candidates:`, then", width)
    yield f"    audit replay LOGS --tier {name} {routes}"
