"""`audit erase`: what a data-protection officer asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Run, store_overrides
from audit.cli.terminal import Terminal


def erase(
    ctx: typer.Context,
    run: Run,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="HASH", help="Stand-in of an end user: `end_user_hash` of the traffic."),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="ID", help="An end user, as the log names it; not written anywhere.")
    ] = None,
    session: Annotated[
        str | None, typer.Option("--session", metavar="ID", help="A session, as the log names it.")
    ] = None,
    store: Annotated[
        Path | None,
        typer.Option("--store", help="The run's store, or its address, where its configuration does not name it."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Erase it; without this it is only counted.")] = False,
) -> None:
    """Erase one person's texts and names from a run; figures that were computed stay.

    Requests and answers, what tiers and judges answered, what criteria said of it, cases and labels are removed, also
    from the store, the cassette and the label files that the configuration names; the report is drawn again. Tokens,
    costs, times and verdicts stay, without texts and names. The run opens as before; it cannot be replayed or scored
    again.

    EXAMPLES
        audit erase runs/7f3a9c1e --user customer-4711          # counts
        audit erase runs/7f3a9c1e --user customer-4711 --yes
        audit erase runs/7f3a9c1e --subject 9f86d081884c7d65 --yes
    """
    from audit.cli.printing.erasure import erasure_lines
    from audit.core.artifacts import RunFolder
    from audit.core.display import ascii_only
    from audit.flow import erasing

    terminal = Terminal(ctx.obj)
    person = erasing.Person(subject=subject, user=user, session=session)
    found = erasing.erase(RunFolder(run), person, sure=yes, store=store_overrides(store, False))
    if terminal.switches.json:
        terminal.document({"erasure": found})
        return
    lines = erasure_lines(found)
    terminal.lines(map(ascii_only, lines) if terminal.ascii else lines, fold=True)
