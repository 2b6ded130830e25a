"""`audit tiers`: are the endpoints there?"""

from __future__ import annotations

import typer

from audit.cli.arguments import Config
from audit.cli.terminal import Terminal


def tiers(ctx: typer.Context, config: Config = None) -> None:
    """Ask the endpoint of each tier whether it is there and takes the key. Sends no prompt, spends nothing.

    One that cannot be used makes the exit code 2.

    EXAMPLES
        audit tiers
        audit tiers --config audit.yaml --json
    """
    from audit.cli.printing.tiers import reached_lines
    from audit.config.load import load_settings
    from audit.flow.endpoints import reach_tiers

    terminal = Terminal(ctx.obj)
    found = reach_tiers(load_settings(config))
    if terminal.switches.json:
        terminal.document({"tiers": found})
    else:
        terminal.lines(reached_lines(found, ascii=terminal.ascii), fold=True)
    raise typer.Exit(0 if all(tier.reachable for tier in found) else 2)
