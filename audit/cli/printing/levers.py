"""The lever ledger: a few lines below the model mix, or all of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import yaml

from audit.cli.columns import Column, table
from audit.cli.terminal import Terminal
from audit.core.display import (
    ascii_only,
    compact,
    count,
    money_digits,
    percent_share,
    plural,
    terminal_safe,
    usd,
    usd_cell,
    usd_parts,
)
from audit.core.levers import NOTABLE, Kind, LeverLedger, LeverLine, LeverPart, PromptShares, TimeToLive, Unseen

PARTS = 5
"""Routes of a kind that are shown; `--json` has them all."""
TOOLS = 4
"""Tools of a route that are named."""
CASE = 12
"""Characters of a row's id: enough to find it."""


def print_levers(terminal: Terminal, ledger: LeverLedger) -> None:
    """Print the levers as a table, from paid to left."""
    drawn = ascii_only if terminal.ascii else str
    columns = [Column(title="  From the log alone", at_least=18)]
    columns += [Column(title=title, right=True) for title in ("Takes", "At most", "Requests")]
    columns += [Column(title="Rests on")]
    terminal.tables(table(columns, _rows(ledger), width=terminal.width, drawn=drawn))
    for words, lines in (
        ("Not looked at, so no upper end is known", [line for line in ledger.lines if line.is_open]),
        (
            "Not looked at, and in no upper end (*)",
            [line for line in ledger.lines if line.is_partial and not line.is_open],
        ),
    ):
        if blind := [f"{line.lever.words} {usd(line.unseen_usd)} ({_reasons(line)})" for line in lines]:
            terminal.lines(map(drawn, ["", *_wrapped(f"{words}: {'; '.join(blind)}.", 2, terminal.width)]))


def print_ledger(terminal: Terminal, ledger: LeverLedger) -> None:
    """Print every lever with what to change, where, and which requests."""
    drawn = ascii_only if terminal.ascii else str

    def told(texts: Iterable[tuple[int, str]]) -> None:
        lines = (line for indent, text in texts for line in _wrapped(text, indent, terminal.width))
        terminal.lines(map(drawn, lines))

    told([(0, f"Lever ledger  ·  {compact(ledger.requests)} requests  ·  {usd(ledger.paid_usd)} paid"), (0, "")])
    print_levers(terminal, ledger)
    for line in ledger.lines:
        told([(0, ""), *_told(line, ledger.paid_usd)])
    if ledger.unpriced_requests:
        unpriced = plural(ledger.unpriced_requests, "request")
        told([(0, ""), (2, f"{unpriced} without a price: in no amount here, and no lever looks at them.")])
    told([(0, ""), *((2, text) for text in _CLOSING)])


def _wrapped(text: str, indent: int, width: int) -> list[str]:
    """A text in lines; those after the first stand two signs further in. Routes and ids are not broken."""
    first, later = " " * indent, " " * (indent + 2)
    wrapped = textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
    return wrapped or [""]


_CLOSING = (
    "Each lever takes from what the lines above it left; upper ends do not add up.",
    "Cases are the first characters of row ids (row_id). How each lever is measured: docs/method/levers.md",
)


def _rows(ledger: LeverLedger) -> list[list[str]]:
    lines = ledger.lines
    shown = usd_parts({"left": ledger.left_usd, **{line.lever: line.usd for line in lines}})
    rows = [["  paid", usd(ledger.paid_usd), "", compact(ledger.requests - ledger.unpriced_requests), "the log"]]
    rows += [
        [
            f"  {line.lever.words}",
            shown[line.lever],
            _upper_end(line, money_digits(ledger.paid_usd)),
            compact(line.requests),
            _rests_on(line),
        ]
        for line in lines
    ]
    return [*rows, ["  left", shown["left"], "", "", ""]]


def _rests_on(line: LeverLine) -> str:
    """What the amounts of a lever rest on, or why it has none."""
    if line.usd:
        return str(line.basis)
    if line.is_open:
        return "not looked at"
    return "upper end alone" if line.at_most_usd else "nothing found"


def _upper_end(line: LeverLine, digits: int) -> str:
    """What a lever could take at most, with a star where most of what it is about was not looked at."""
    return "–" if line.is_open else usd_cell(line.at_most_usd, digits) + "*" * line.is_partial


def _reasons(line: LeverLine) -> str:
    """Why requests were not looked at."""
    return "; ".join(f"{count(n)}: {Unseen(why).sentence}" for why, n in line.unseen_requests.items())


def _told(line: LeverLine, paid: float) -> Iterator[tuple[int, str]]:
    """Lines of one lever, each with how far it stands in."""
    if line.parts:
        share = f" ({percent_share(line.usd / paid, 1)} of what was paid)" if line.usd and paid > 0 else ""
        yield 2, f"{line.lever.words}: takes {usd(line.usd)}{share}, at most {usd(line.at_most_usd)}"
        yield 4, f"change: {line.change} ({line.effort})"
    else:
        yield 2, f"{line.lever.words}: nothing found"
    if line.usd:
        yield 4, f"{line.basis}: {line.basis.sentence}"
    for kind in dict.fromkeys(part.kind for part in line.parts):
        yield from _parts(kind, [part for part in line.parts if part.kind is kind])
    for life in line.by_ttl:
        if life.ceiling_requests:
            yield 4, _life(life)
    made = [one for one in line.prompts if max(one.static, one.history, one.unused_tools) >= NOTABLE]
    for shares in made[:PARTS]:
        yield 4, _made_of(shares)
        if shares.tier:
            entry = yaml.safe_dump(shares.tier, default_flow_style=True, sort_keys=False, width=10**6).strip()
            yield 6, f"to try it, in tiers: - {terminal_safe(entry)}"
    if line.unseen_requests:
        yield 4, f"not looked at: {usd(line.unseen_usd)} ({_reasons(line)})"


def _parts(kind: Kind, parts: Sequence[LeverPart]) -> Iterator[tuple[int, str]]:
    yield 4, f"{kind.sentence}:"
    for part in parts[:PARTS]:
        amount = usd(part.usd) if part.usd else f"at most {usd(part.at_most_usd)}"
        cases = " ".join(terminal_safe(case)[:CASE] for case in part.cases)
        route = terminal_safe(part.route) or "(no route)"
        where = f"; {part.place}" if part.place else ""
        yield 6, f"{route}  {amount}, {plural(part.requests, 'request')}{where}: {cases}"
    if len(parts) > PARTS:
        yield 6, f"and {plural(len(parts) - PARTS, 'more route')}; --json has them all"


def _made_of(shares: PromptShares) -> str:
    named = ", ".join(terminal_safe(name) for name in shares.never_called[:TOOLS])
    more = f" and {len(shares.never_called) - TOOLS} more" if len(shares.never_called) > TOOLS else ""
    return (
        f"{terminal_safe(shares.route) or '(no route)'} prompts: {percent_share(shares.static)} sent before, "
        f"{percent_share(shares.history)} earlier turns, {percent_share(shares.unused_tools)} tools that nobody calls"
        + (f" ({named}{more})" if named else "")
    )


def _life(life: TimeToLive) -> str:
    kept = {300: "5 minutes", 3600: "1 hour", 86400: "1 day", None: "the whole log"}[life.seconds]
    low = f"{usd(life.floor_usd)} ({count(life.floor_requests)})"
    return f"kept for {kept}: {low} to {usd(life.ceiling_usd)} ({count(life.ceiling_requests)})"
