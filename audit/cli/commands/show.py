"""`audit show`: replayed exchanges in the terminal, as a list or one with both answers."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli.arguments import Run
from audit.cli.terminal import Terminal

LIMIT = 30


def show(
    ctx: typer.Context,
    run: Run,
    case: Annotated[
        str | None, typer.Argument(metavar="CASE", help="Id of a case or of any exchange; without one, a list.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="List all exchanges, not only the cases of the report.")] = False,
    route: Annotated[str, typer.Option("--route", help="Only of this route.")] = "",
    candidate: Annotated[str, typer.Option("--candidate", help="Only answers of this tier.")] = "",
    failed: Annotated[
        bool, typer.Option("--failed", help="Only where the candidate's answer is not accepted.")
    ] = False,
    moved: Annotated[bool, typer.Option("--moved", help="Only what the recommendation moves.")] = False,
    criterion: Annotated[str, typer.Option("--criterion", help="Only where this criterion fails.")] = "",
    text: Annotated[str, typer.Option("--text", help="Only with this text in the request or an answer.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most lines to list.")] = LIMIT,
) -> None:
    """Show one case of a run: the request, both answers, and what each criterion said of them.

    Without a case, list them by route, each route with its recommendation and what proves it: the cases of the report,
    or with an option that narrows them down all sampled exchanges of the run, from its tables.

    Every line of a request or an answer starts with a bar, so that none can pass for the program's own words.

    EXAMPLES
        audit show runs/7f3a9c1e                # lists the cases of the report
        audit show runs/7f3a9c1e --route /triage --failed
        audit show runs/7f3a9c1e --moved --candidate small --limit 100
        audit show runs/7f3a9c1e c-0007
        audit show runs/7f3a9c1e 5c0e9a11d2f4 --candidate small
        audit show runs/7f3a9c1e c-0007 --json
    """
    from audit.cli.printing.case import case_lines, find_case, list_lines
    from audit.core.artifacts import RunFolder, read_cases, read_run
    from audit.core.display import ascii_only

    terminal, folder = Terminal(ctx.obj), RunFolder(run)
    findings, cases = read_run(run), read_cases(folder.cases)
    narrowed = every or failed or moved or any((route, criterion, text)) or (bool(candidate) and case is None)
    if case is not None:
        found = find_case(folder, cases, case, candidate)
        document: object = found
        lines = case_lines(findings, found)
    elif narrowed:
        from audit.cases.index import Filters
        from audit.cases.listing import ListOrder, listed
        from audit.cli.printing.cases import listed_lines, moved_part

        filters = Filters(route=route, tier=candidate, criterion=criterion, text=text)
        part = moved_part(folder, findings) if moved else None
        table = listed(folder, ListOrder(filters=filters, failed=failed, moved=part, limit=limit))
        document = {"exchanges": table.rows, "found": table.total, "of": table.every}
        lines = listed_lines(findings, table, terminal.width)
    else:
        made = {one.route: one.recommendation for one in findings.routes}
        drawn = {
            one.route: {c.tier: c.random_labels for c in one.candidates if c.random_labels} for one in findings.routes
        }
        document = {"cases": cases, "recommendations": made, "random_labels": {k: v for k, v in drawn.items() if v}}
        lines = list_lines(findings, cases)
    if terminal.switches.json:
        terminal.document(document)
        return
    terminal.lines(map(ascii_only, lines) if terminal.ascii else lines, fold=True)
