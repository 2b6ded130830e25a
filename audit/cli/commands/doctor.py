"""`audit doctor`: is everything here that an audit needs?"""

from __future__ import annotations

import typer

from audit.cli.arguments import Config
from audit.cli.terminal import Terminal


def doctor(ctx: typer.Context, config: Config = None) -> None:
    """Check the environment: versions, templates, the embedder, a browser, the configuration, keys. Sends nothing.

    EXAMPLES
        audit doctor
        audit doctor --json
    """
    from audit.cli.environment import examine, exit_code, status_lines

    terminal = Terminal(ctx.obj)
    checks = examine(config)
    if terminal.switches.json:
        terminal.document({"checks": checks})
    else:
        terminal.lines(status_lines(checks, ascii=terminal.ascii), fold=True)
    raise typer.Exit(exit_code(checks))
