"""`audit score`: judge what was replayed again, after the criteria changed."""

from __future__ import annotations

import typer

from audit.cli.arguments import ExecutorName, RayAddress, Run, RunConfig, Workers, executor_overrides
from audit.cli.printing.summary import print_findings
from audit.cli.terminal import Terminal


def score(
    ctx: typer.Context,
    run: Run,
    config: RunConfig = None,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    workers: Workers = None,
) -> None:
    """Score the replays of a run again and conclude anew. Nothing is replayed.

    EXAMPLES
        audit score runs/7f3a9c1e
        audit score runs/7f3a9c1e --config stricter.yaml
    """
    from audit.cli.consent import let_code_run
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow import sequential

    folder = RunFolder(run)
    file = config or folder.config_file()
    settings = load_settings(file, overrides=executor_overrides(executor, ray_address, workers))
    let_code_run(Terminal(ctx.obj), settings, named=config is not None)
    print_findings(Terminal(ctx.obj), sequential.score(folder, settings), folder)
