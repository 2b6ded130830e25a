"""`audit view`: a run in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli.arguments import Run
from audit.cli.terminal import Terminal


def view(
    ctx: typer.Context,
    run: Run,
    case: Annotated[
        str | None, typer.Option("--case", metavar="ID", help="Open this case: `c-0007`, an exchange or a request id.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1024, max=65535, help="Default: that of last time, else a free one.")
    ] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address, and open nothing.")] = False,
) -> None:
    """Look at a run in the browser: routes, and every case with both answers, differences and criteria.

    The page is served to this machine alone, at an address with a secret in it that stays from start to start. It reads
    the run folder, sends nothing, and works beside a replay that is still running. Ctrl-C ends it.

    EXAMPLES
        audit view runs/7f3a9c1e
        audit view runs/7f3a9c1e --case c-0007
        audit view runs/7f3a9c1e --no-browser --json      # the address as JSON
    """
    from audit.core.artifacts import RunFolder
    from audit.view.serving import ADDRESS_FILE, needs_server, open_address, serve

    needs_server()
    from audit.view.app import application, case_link

    terminal = Terminal(ctx.obj)
    folder = RunFolder(run)
    folder.open_existing()
    link = "" if case is None else case_link(folder, case)
    listening, address = open_address(folder.path / ADDRESS_FILE, port)

    def ready() -> None:
        terminal.served(address.url + link, browser=not no_browser)

    serve(application(folder), listening, address, ready=ready)
