"""`audit ingest`: logs to Parquet, and no further."""

from __future__ import annotations

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
from audit.cli.remote_runs import new_run_folder
from audit.cli.terminal import Terminal


def ingest(
    ctx: typer.Context,
    logs: Logs,
    into: Annotated[
        Path, typer.Option("--into", help="Run folder, or its address, that gets the traffic.", callback=new_run_folder)
    ],
    bill: Bills = None,
    config: Config = None,
    store: Store = None,
    no_store: NoStore = False,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    workers: Workers = None,
) -> None:
    """Read logs into a run folder, as Parquet. What could not be read is kept beside it, with reasons.

    With `--reconcile`, a bill is compared with the log too, and reports made in the folder repeat the result.

    EXAMPLES
        audit ingest logs/*.jsonl.zst --into runs/november
        audit ingest logs/ --into runs/november --reconcile costs.json
    """
    from audit.cli.printing.ingest import print_ingest
    from audit.cli.printing.reconciliation import print_reconciliation
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.core.plain import to_plain
    from audit.flow import reading, reconciling

    terminal, folder = Terminal(ctx.obj), RunFolder(into)
    given = executor_overrides(executor, ray_address, workers) | store_overrides(store, no_store)
    settings = load_settings(config, overrides=given)
    report = reading.ingest(logs, settings, folder)
    found = reconciling.reconcile(folder, bill, settings) if bill else None
    if terminal.switches.json:
        terminal.document(to_plain(report) | ({"reconciliation": to_plain(found)} if found is not None else {}))
        return
    print_ingest(terminal, report, into)
    if found is not None:
        terminal.lines([""])
        print_reconciliation(terminal, found)
