"""`audit diff`: two audits side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.remote_runs import run_folder
from audit.cli.terminal import Terminal


def diff(
    ctx: typer.Context,
    before: Annotated[Path, typer.Argument(metavar="RUN_A", help="The earlier run.", callback=run_folder)],
    after: Annotated[Path, typer.Argument(metavar="RUN_B", help="The later run.", callback=run_folder)],
) -> None:
    """Compare two runs: spend, model mix, and routes whose verdict changed. For a test, see audit gate --baseline.

    EXAMPLES
        audit diff runs/2c41d08b runs/7f3a9c1e
        audit diff runs/2c41d08b runs/7f3a9c1e --json
    """
    from audit.cli.printing.diff import diff_lines
    from audit.core.artifacts import read_run
    from audit.core.display import ascii_only
    from audit.flow.comparison import compare

    terminal = Terminal(ctx.obj)
    found = compare(read_run(before), read_run(after))
    if terminal.switches.json:
        terminal.document(found)
    else:
        lines = diff_lines(found)
        terminal.lines(map(ascii_only, lines) if terminal.ascii else lines, fold=True)
