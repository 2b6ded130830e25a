"""Where two price tables disagree."""

from __future__ import annotations

from audit.cli.columns import Column, table
from audit.cli.printing.tiers import price_text
from audit.cli.terminal import Terminal
from audit.core.display import ascii_only, count, plural, terminal_safe
from audit.core.pricecheck import Disagreement, PriceCheck

ROWS = 40
"""Disagreements that are shown; `--json` has them all."""


def print_pricecheck(terminal: Terminal, found: PriceCheck) -> None:
    """Print how many models both tables have, and those that they price otherwise."""
    drawn = ascii_only if terminal.ascii else str
    head = [
        f"{found.catalogue} (newest dated change {found.newest_change or 'unknown'}) and {terminal_safe(found.other)}",
        f"{plural(found.compared, 'model')} in both, {count(found.alike)} priced alike; "
        f"{count(found.theirs_alone)} in the second alone.",
    ]
    terminal.lines(map(drawn, head))
    if not found.disagreements:
        return
    columns = [Column(title="Model", at_least=16), Column(title="Tokens")]
    columns += [Column(title=title, right=True) for title in ("Catalogue", "Other", "Times")]
    terminal.lines([""])
    rows = [_cells(one) for one in found.disagreements[:ROWS]]
    terminal.tables(table(columns, rows, width=terminal.width, drawn=drawn))
    if (left := len(found.disagreements) - ROWS) > 0:
        terminal.lines([f"and {plural(left, 'more price')}; --json has them all"])
    terminal.lines(["", "USD per million tokens. Neither table is a bill: write your own prices in audit.yaml."])


def _cells(one: Disagreement) -> list[str]:
    both = one.ours and one.theirs
    return [
        terminal_safe(f"{one.vendor}/{one.model}"),
        one.kind.replace("_", " "),
        *("none" if price is None else price_text(price) for price in (one.ours, one.theirs)),
        f"{one.theirs / one.ours:.2f}" if both and one.ours and one.theirs is not None else "",
    ]
