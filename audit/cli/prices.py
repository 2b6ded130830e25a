"""`audit prices`: what tokens cost, by whom, as of when."""

from __future__ import annotations

from typing import Annotated

import typer

from audit.cli.arguments import Config
from audit.cli.terminal import Terminal


def prices(
    ctx: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A model, a tier or a glob; default: every tier.")
    ] = None,
    provider: Annotated[str | None, typer.Option("--provider", help="Whose list price, for example azure.")] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="List prices of this day; default: today.")
    ] = None,
    config: Config = None,
) -> None:
    """Show prices in USD per million tokens, with their source and date. An unknown price is an error, never $0.

    EXAMPLES
        audit prices                        # of the tiers in audit.yaml
        audit prices gpt-4o
        audit prices gpt-4o --provider azure --on 2026-11-01
    """
    from audit.cli.print_tiers import day_of, print_prices
    from audit.config.load import load_settings
    from audit.flow.endpoints import known_prices

    terminal = Terminal(ctx.obj)
    found = known_prices(load_settings(config), model, provider=provider, on=day_of(on))
    if terminal.switches.json:
        terminal.document({"prices": found})
    else:
        print_prices(terminal, found)
