"""`audit renew`: what to sign at the renewal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Run, RunConfig
from audit.cli.terminal import Terminal


def renew(
    ctx: typer.Context,
    run: Run,
    config: RunConfig = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the table too: FILE.csv or FILE.md.")
    ] = None,
) -> None:
    """Say what to sign at the renewal: commitment, break-even and walk-away price per vendor.

    The term is simulated from `contract:` in audit.yaml (offers, growth, models that end) and from what the audit
    proved, with its intervals; what is not proven saves $0. The commitment is the one with the least expected
    cost among those that are unlikely enough, by the accepted risk, to be left unused. Spends nothing, sends nothing.
    RUN/renewal.json is kept, and the next `audit report RUN` has a section for it.

    EXAMPLES
        audit renew runs/7f3a9c1e
        audit renew runs/7f3a9c1e --config offer-b.yaml -o offer-b.csv
        audit renew runs/7f3a9c1e --json
    """
    from audit.cli.printing.renew import print_renewal, write_table
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow import reporting

    terminal = Terminal(ctx.obj)
    folder = RunFolder(run)
    folder.open_existing()
    found = reporting.renew(folder, load_settings(config or folder.config_file()))
    if output is not None:
        write_table(found, output)
    print_renewal(terminal, found, folder)
