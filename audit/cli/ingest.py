"""`audit ingest`: logs to Parquet, and no further."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Config, ExecutorName, Logs, RayAddress, Workers, executor_overrides
from audit.cli.terminal import Terminal


def ingest(
    ctx: typer.Context,
    logs: Logs,
    into: Annotated[Path, typer.Option("--into", help="Run folder that gets the traffic.")],
    config: Config = None,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    workers: Workers = None,
) -> None:
    """Read logs into a run folder, as Parquet. What could not be read is kept beside it, with reasons.

    EXAMPLES
        audit ingest logs/*.jsonl.zst --into runs/november
    """
    from audit.cli.print_ingest import print_ingest
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow import reading

    terminal = Terminal(ctx.obj)
    settings = load_settings(config, overrides=executor_overrides(executor, ray_address, workers))
    report = reading.ingest(logs, settings, RunFolder(into))
    if terminal.switches.json:
        terminal.document(report)
    else:
        print_ingest(terminal, report, into)
