"""Prices and reachability as lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from audit.cli.columns import Column, table
from audit.cli.terminal import Terminal
from audit.core.display import ascii_only, terminal_safe
from audit.core.errors import InputError
from audit.flow.endpoints import KnownPrice, Reached


def day_of(text: str | None) -> date | None:
    """Read `--on`.

    Raises:
        InputError: It is no ISO date.
    """
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"`{text}` is not a date", code="usage", hint="write it like 2026-11-01") from None


def print_prices(terminal: Terminal, prices: Sequence[KnownPrice], catalogue: str) -> None:
    """Print a line per price; a class of tokens without a price of its own is billed as input."""
    drawn = ascii_only if terminal.ascii else str
    columns = [Column(title="Model", at_least=12), Column(title="Tier", at_least=6)]
    columns += [Column(title=title, right=True) for title in ("Input", "Output", "Cached", "Written")]
    columns += [Column(title="As of"), Column(title="Source", at_least=12, folds=True)]
    terminal.tables(table(columns, [_cells(price) for price in prices], width=terminal.width, drawn=drawn))
    terminal.lines(["", "USD per million tokens. A dash is billed as input.", f"Price catalogue: {catalogue}."])


def reached_lines(reached: Sequence[Reached], *, ascii: bool) -> list[str]:  # noqa: A002
    """One line per tier: ✓ can be used, ✗ cannot."""
    names = [terminal_safe(tier.tier) for tier in reached]
    hosts = [terminal_safe(tier.host or "–") for tier in reached]
    wide, wider = (max(map(len, column)) for column in (names, hosts))
    lines = [
        f"{'✓' if tier.reachable else '✗'} {name:<{wide}}  {host:<{wider}}  {terminal_safe(tier.says)}"
        for tier, name, host in zip(reached, names, hosts, strict=True)
    ]
    return [ascii_only(line) for line in lines] if ascii else lines


def _cells(known: KnownPrice) -> list[str]:
    price = known.price
    amounts = (price.input, price.output, price.cached_input, price.cache_write)
    return [
        terminal_safe(known.model),
        terminal_safe(known.tier or "–"),
        *("–" if amount is None else price_text(amount) for amount in amounts),
        terminal_safe(price.as_of or "no date"),
        terminal_safe(price.source),
    ]


def price_text(usd: float) -> str:
    """A price as vendors write it: cents, and more digits only where it has them."""
    return f"${usd:,.2f}" if abs(usd * 100 - round(usd * 100)) < 1e-9 else f"${usd:,.6g}"
