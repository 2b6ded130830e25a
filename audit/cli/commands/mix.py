"""`audit mix`: what was paid, to which models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import (
    Bills,
    Config,
    ExecutorName,
    Logs,
    NoStore,
    RayAddress,
    Store,
    Workers,
    executor_overrides,
    store_overrides,
)
from audit.cli.terminal import Terminal


class By(StrEnum):
    """What the table has a line for."""

    ROUTE = "route"
    TENANT = "tenant"
    MODEL = "model"
    ENVIRONMENT = "environment"
    REGION = "region"


def mix(
    ctx: typer.Context,
    logs: Logs,
    by: Annotated[By, typer.Option("--by", help="What each line of the table shows.")] = By.ROUTE,
    levers: Annotated[
        bool, typer.Option("--levers", help="Show what the log alone can save, and where; reads the prompts too.")
    ] = False,
    bill: Bills = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", metavar="FILE", help="Write the mix by day and labels: .csv or .parquet."),
    ] = None,
    openmetrics: Annotated[
        Path | None, typer.Option("--openmetrics", metavar="FILE", help="Write it as OpenMetrics text, for Prometheus.")
    ] = None,
    config: Config = None,
    store: Store = None,
    no_store: NoStore = False,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    workers: Workers = None,
) -> None:
    """Show the model mix: spend, cost per request, trend, levers. Free and local; nothing is sent.

    With `--reconcile`, compare a bill with the log: what explains the difference, by day and model. Which bills are
    read: audit guide bills.

    EXAMPLES
        audit mix logs/*.jsonl
        audit mix logs/ --by tenant
        audit mix logs/ --levers
        audit mix logs/ --reconcile invoice.csv
        audit mix logs/ --json > mix.json
        audit mix logs/ --table mix.parquet --openmetrics /var/lib/node_exporter/llm.prom
    """
    from audit.cli.printing.levers import print_ledger
    from audit.cli.printing.mix import print_mix
    from audit.cli.printing.reconciliation import print_reconciliation
    from audit.config.load import load_settings
    from audit.flow import mixing

    terminal = Terminal(ctx.obj)
    given = executor_overrides(executor, ray_address, workers) | store_overrides(store, no_store)
    settings = load_settings(config, overrides=given)
    found = mixing.mix(logs, settings, prompts=levers, bill=bill or (), table_to=table, openmetrics_to=openmetrics)
    for written in filter(None, (table, openmetrics)):
        terminal.note(f"wrote {written}")
    if terminal.switches.json:
        terminal.document(found)
    elif found.reconciliation is not None:
        print_reconciliation(terminal, found.reconciliation)
    elif levers and found.levers is not None:
        print_ledger(terminal, found.levers)
    else:
        print_mix(terminal, found, by.value, tiers=bool(settings.tiers))
