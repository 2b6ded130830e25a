"""`audit show`: one replayed exchange in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli.arguments import Run
from audit.cli.terminal import Terminal


def show(
    ctx: typer.Context,
    run: Run,
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="Its id; without one, cases are listed.")] = None,
) -> None:
    """Show one case of a run: the request, both answers, and what each criterion said of them.

    Without a case, list them by route, each route with its recommendation and what proves it.

    Every line of a request or an answer starts with a bar, so that none can pass for the program's own words.

    EXAMPLES
        audit show runs/7f3a9c1e                # lists the cases
        audit show runs/7f3a9c1e c-0007
        audit show runs/7f3a9c1e c-0007 --json
    """
    from audit.cli.print_case import case_lines, find_case, list_lines
    from audit.core.artifacts import RunFolder, read_cases, read_run
    from audit.core.display import ascii_only

    terminal = Terminal(ctx.obj)
    findings = read_run(run)
    cases = read_cases(RunFolder(run).cases)
    if terminal.switches.json:
        made = {route.route: route.recommendation for route in findings.routes}
        terminal.document({"cases": cases, "recommendations": made} if case is None else find_case(cases, case))
        return
    lines = list_lines(findings, cases) if case is None else case_lines(findings, find_case(cases, case))
    terminal.lines(map(ascii_only, lines) if terminal.ascii else lines)
