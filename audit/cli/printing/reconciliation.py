"""A log beside a bill: the steps from the one to the other, and the places that differ most."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence

from rich.table import Table

from audit.cli.columns import Column, table
from audit.cli.terminal import Terminal
from audit.core.display import MINUS, ascii_only, plural, terminal_safe, usd, usd_parts
from audit.core.reconciliation import Cause, ReconciledCell, Reconciliation, ReconciliationStep
from audit.core.traffic import exact_sum

ROWS = 12
"""Places that are shown; `--json` has them all."""
INDENT = 16
"""Cells before the words of a step: its amount stands there."""


CENT = 0.01


def print_reconciliation(terminal: Terminal, found: Reconciliation) -> None:
    """Print the steps from the log's dollars to the bill's, then models, then the places that differ most."""
    drawn: Callable[[str], str] = ascii_only if terminal.ascii else str
    head = f"Log and bill  ·  {terminal_safe(found.bill)}"
    read = textwrap.wrap(f"Read as {found.format}: {terminal_safe(found.read_as)}.", terminal.width)
    lines = [head, *read, "", *_steps(found, terminal.width), "", *_said(found, terminal.width), ""]
    terminal.lines(map(drawn, lines), fold=True)
    terminal.tables(_models(found, terminal.width, drawn))
    differing = sorted((cell for cell in found.cells if set(cell.causes) & _OF_PLACES), key=_unexplained_first)
    if differing:
        terminal.lines([""])
        terminal.tables(_places(differing[:ROWS], terminal.width, drawn))
    if len(differing) > ROWS:
        left = plural(len(differing) - ROWS, "more place")
        terminal.lines([f"  and {left}; --json has every day and model"])


_OF_PLACES = frozenset(
    {Cause.DAY_NOT_IN_LOG, Cause.DAY_NOT_ON_BILL, Cause.OUTSIDE_LOG, Cause.UNPRICED, Cause.UNEXPLAINED}
)
"""Causes for which the place is worth showing; the others are the same everywhere, or of one model."""


def _unexplained_first(cell: ReconciledCell) -> tuple[bool, float, str, str]:
    return Cause.UNEXPLAINED not in cell.causes, -abs(cell.bill_usd - cell.expected_usd), cell.start, cell.model


def _steps(found: Reconciliation, width: int) -> Iterator[str]:
    """The log, each step with its amount, the bill; what is shown adds up."""
    texts = usd_parts({"log": found.log_usd, **{str(number): step.usd for number, step in enumerate(found.steps)}})
    said = [(texts["log"], "the log: what its billable calls cost")]
    said += [(_signed(texts[str(number)], step), _words(step)) for number, step in enumerate(found.steps)]
    for amount, words in [*said, (usd(found.bill_usd), "the bill")]:
        first, *rest = textwrap.wrap(words, max(width - INDENT, INDENT), break_long_words=False, break_on_hyphens=False)
        yield f"{amount:>{INDENT - 2}}  {first}"
        yield from (" " * INDENT + line for line in rest)


def _signed(text: str, step: ReconciliationStep) -> str:
    """An amount with its sign; nothing for a step that moves dollars between days alone."""
    return "" if step.usd == 0 else text if text.startswith((MINUS, "$0")) else f"+{text}"


def _words(step: ReconciliationStep) -> str:
    moved = f"; it moves {usd(step.explains_usd)} between days" if step.explains_usd else ""
    return terminal_safe(step.words) + moved


def _said(found: Reconciliation, width: int) -> Iterator[str]:
    """What a reader should know below the steps."""
    gross = found.unexplained_gross_usd
    says = [
        f"Unexplained: {usd(gross)}, too high and too low added up."
        if gross
        else "Nothing is unexplained but for rounding.",
    ]
    says.append("Expected: the log's dollars after the steps above, by model; what a bill should say.")
    if found.names:
        pairs = [f"{terminal_safe(item)} = {terminal_safe(name)}" for item, name in list(found.names.items())[:4]]
        more = f" and {len(found.names) - 4} more" if len(found.names) > 4 else ""
        says.append(f"Models that the bill calls otherwise: {'; '.join(pairs)}{more}.")
    if {Cause.MODEL_NOT_IN_LOG, Cause.MODEL_NOT_ON_BILL} <= set(found.causes):
        says.append("Where two of these are one model, say so in audit.yaml:  reconcile: {models: {ON-BILL: IN-LOG}}")
    if found.unread:
        says.append(f"{plural(found.unread, 'line')} of the bill without an amount that can be read, in no sum.")
    says += [f"Left out: {plural(one.lines, 'line')} {one.why.words}, {usd(one.usd)}." for one in found.left_out]
    says += [f"{note[:1].upper()}{note[1:]}." for note in found.notes]
    for text in says:
        yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="  ", break_long_words=False)


def _models(found: Reconciliation, width: int, drawn: Callable[[str], str]) -> Table:
    """One line a model, the largest bill first, and one for what else is on the bill, so that the column adds up."""
    cells = found.cells
    models = sorted({cell.model for cell in cells})
    sums = {
        model: [
            exact_sum(getattr(cell, name) for cell in cells if cell.model == model)
            for name in ("log_usd", "expected_usd", "bill_usd")
        ]
        for model in models
    }
    order = sorted(models, key=lambda model: (-sums[model][2], -sums[model][0], model))
    columns = [Column(title="  Model", at_least=12)]
    columns += [Column(title=title, right=True) for title in ("Log", "Expected", "Bill")]
    rows = [[f"  {terminal_safe(model) or '(all)'}", *map(usd, sums[model])] for model in order[:ROWS]]
    if len(order) > ROWS:
        rest = [exact_sum(sums[model][at] for model in order[ROWS:]) for at in range(3)]
        rows.append([f"  {plural(len(order) - ROWS, 'more model')}", *map(usd, rest)])
    beside = found.bill_usd - exact_sum(cell.bill_usd for cell in cells)
    if abs(beside) >= CENT:
        rows.append(["  credits, taxes and other charges", "", "", usd(beside)])
    return table(columns, rows, width=width, drawn=drawn)


def _places(cells: Sequence[ReconciledCell], width: int, drawn: Callable[[str], str]) -> Table:
    columns = [Column(title="  From"), Column(title="Model", at_least=8)]
    columns += [Column(title=title, right=True) for title in ("Log", "Bill")]
    columns += [Column(title="Why", at_least=16, folds=True)]
    return table(columns, [_cells(cell) for cell in cells], width=width, drawn=drawn)


def _cells(cell: ReconciledCell) -> list[str]:
    why = [cause for cause in cell.causes if cause in _OF_PLACES]
    return [
        f"  {cell.start}",
        terminal_safe(cell.model) or "(all)",
        usd(cell.log_usd),
        usd(cell.bill_usd),
        ", ".join(cause.value.replace("_", " ") for cause in why),
    ]
