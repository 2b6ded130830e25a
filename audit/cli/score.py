"""`audit score`: judge what was replayed again, after the criteria changed."""

from __future__ import annotations

import typer

from audit.cli.arguments import Run, RunConfig
from audit.cli.summary import print_findings
from audit.cli.terminal import Terminal


def score(ctx: typer.Context, run: Run, config: RunConfig = None) -> None:
    """Score the replays of a run again and conclude anew. Nothing is replayed.

    EXAMPLES
        audit score runs/7f3a9c1e
        audit score runs/7f3a9c1e --config stricter.yaml
    """
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow import sequential

    folder = RunFolder(run)
    print_findings(Terminal(ctx.obj), sequential.score(folder, load_settings(config or folder.config_file())), folder)
