"""`audit label`: people judge answers, blind."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Run, RunConfig
from audit.cli.candidates import routes
from audit.cli.terminal import Terminal


def label(
    ctx: typer.Context,
    run: Run,
    by: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Who labels; default: your login name.")
    ] = None,
    route: Annotated[
        str | None,
        typer.Option("--route", help="Route to label; default: where labels tell most.", autocompletion=routes),
    ] = None,
    labels: Annotated[
        Path | None, typer.Option("--labels", help="File to append to; default: the route's `labels:`.")
    ] = None,
    at_random: Annotated[
        int | None,
        typer.Option(
            "--at-random", min=0, help="Pairs drawn at random that come first; default: as many as settle it."
        ),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser", help="Label in the browser instead.")] = False,
    port: Annotated[
        int | None, typer.Option("--port", min=1024, max=65535, help="With --browser; default: free.")
    ] = None,
    config: RunConfig = None,
) -> None:
    """Judge pairs of answers, blind: one key a pair. The labels calibrate the route's criteria.

    Both answers to a request are shown in a random order; nothing says which tier gave which, what it cost, or what the
    criteria said. Where a judge decides, pairs that are drawn at random come first, as many as were declared: once all
    of them are judged, the change of quality rests on them, whatever the judge gets wrong. Each
    judgement goes to `labels.jsonl` at once, so labelling goes on where it stopped.

    EXAMPLES
        audit label runs/7f3a9c1e --as ada
        audit label runs/7f3a9c1e --as ada --browser
        audit label runs/7f3a9c1e --json                # how many are judged, who agrees with whom
    """
    from audit.cli.label_keys import label_by_keys
    from audit.cli.printing.labels import summary_document, summary_lines
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.core.display import ascii_only
    from audit.labelling.opening import open_session

    terminal = Terminal(ctx.obj)
    folder = RunFolder(run)
    folder.open_existing()
    settings = load_settings(config or folder.config_file())
    opened = open_session(folder, settings, by=by or getpass.getuser(), route=route, file=labels, at_random=at_random)
    if browser:
        from audit.view.serving import needs_server, open_address, serve

        needs_server()
        from audit.view.labelling import application

        listening, address = open_address(None, port)
        serve(application(opened), listening, address, ready=lambda: terminal.served(address.url, browser=True))
    elif terminal.switches.json:
        terminal.document(summary_document(opened))
        return
    else:
        label_by_keys(terminal, opened)
    lines = summary_lines(opened, run)
    terminal.lines(map(ascii_only, lines) if terminal.ascii else lines)
