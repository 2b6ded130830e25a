"""Past runs as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.cli.columns import Column, table
from audit.cli.terminal import Terminal
from audit.core.display import ascii_only, compact, terminal_safe, usd
from audit.flow.comparison import PastRun


def print_runs(terminal: Terminal, directory: Path, runs: Sequence[PastRun]) -> None:
    """Print a line per run, and below it why one cannot be read."""
    drawn = ascii_only if terminal.ascii else str
    if not runs:
        terminal.lines([drawn(f"No runs in {directory}.")])
        return
    columns = [Column(title="Run", at_least=12), Column(title="Window", at_least=10)]
    columns += [Column(title=title, right=True) for title in ("Requests", "Paid", "Avoidable")]
    columns.append(Column(title="Routes", at_least=12, folds=True))
    terminal.tables(table(columns, [_cells(run) for run in runs], width=terminal.width, drawn=drawn))
    problems = [f"  {_name(run)}: {terminal_safe(run.problem)}" for run in runs if run.problem]
    terminal.lines(map(drawn, ["", *problems] if problems else []))


def _cells(run: PastRun) -> list[str]:
    window = f"{run.window_from} – {(run.window_to or '')[5:]}" if run.window_from else "–"
    return [
        _name(run),
        window,
        "–" if run.requests is None else compact(run.requests),
        "–" if run.spend_usd is None else usd(run.spend_usd),
        "–" if run.avoidable_usd is None else usd(run.avoidable_usd.est),
        _routes(run),
    ]


def _routes(run: PastRun) -> str:
    """`2 switch, 1 keep`, with what one has to know of the run before it."""
    counts = [f"{number} {name.replace('_', ' ')}" for name, number in (run.verdicts or {}).items() if number]
    said = [] if run.state == "complete" else [run.state]
    said += ["demo"] if run.demo else ["simulated"] if run.simulated else []
    return ", ".join([*said, *counts])


def _name(run: PastRun) -> str:
    return terminal_safe(Path(run.folder).name)
