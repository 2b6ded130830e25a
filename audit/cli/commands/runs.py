"""`audit runs`: past runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.terminal import Terminal


def runs(
    ctx: typer.Context,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of run folders.")] = Path("runs"),
) -> None:
    """List past runs: window, spend, avoidable, and routes by verdict.

    EXAMPLES
        audit runs
        audit runs archive/2026 --json
    """
    from audit.cli.printing.runs import print_runs
    from audit.flow.comparison import past_runs

    terminal = Terminal(ctx.obj)
    found = past_runs(directory)
    if terminal.switches.json:
        terminal.document({"runs": found})
    else:
        print_runs(terminal, directory, found)
