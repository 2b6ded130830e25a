"""`audit prices`: what tokens cost, by whom, as of when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Config
from audit.cli.terminal import Terminal


def prices(
    ctx: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="A model, a tier or a glob; default: every tier.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="Provider whose list price is shown, for example azure.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Date of the list prices; default: today.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say where two public price tables disagree: the catalogue's and LiteLLM's.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="FILE", help="LiteLLM's table for --check; default: its package's."),
    ] = None,
    config: Config = None,
) -> None:
    """Show prices in USD per million tokens, with their source and date. An unknown price is an error, never $0.

    EXAMPLES
        audit prices                        # of the tiers in audit.yaml
        audit prices gpt-4o
        audit prices 'gpt-4o*'              # every model of that name
        audit prices gpt-4o --provider azure --on 2026-11-01
        audit prices 'deepseek/*' --check --against model_prices_and_context_window.json
    """
    from audit.cli.printing.tiers import day_of, print_prices
    from audit.config.load import load_settings
    from audit.flow.endpoints import age_of_catalogue, compare_tables, known_prices

    terminal = Terminal(ctx.obj)
    if check or against is not None:
        from audit.cli.printing.pricecheck import print_pricecheck

        compared = compare_tables(model or "*", provider=provider, on=day_of(on), table=against)
        if terminal.switches.json:
            terminal.document(compared)
        else:
            print_pricecheck(terminal, compared)
        return
    found = known_prices(load_settings(config), model, provider=provider, on=day_of(on))
    if terminal.switches.json:
        terminal.document({"prices": found, "catalogue": age_of_catalogue(day_of(on))})
    else:
        print_prices(terminal, found, age_of_catalogue(day_of(on)))
