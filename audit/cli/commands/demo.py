"""`audit demo`: the whole chain on bundled data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.printing.summary import print_findings
from audit.cli.terminal import Terminal


def demo(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", help="Run folder.")] = Path("runs/demo"),
    output: Annotated[
        Path | None, typer.Option("--report", "--output", "-o", help="Copy the report to this file.")
    ] = None,
) -> None:
    """Run the whole chain on bundled logs with embedded tiers: no key, no network. Every output says Demo.

    EXAMPLES
        audit demo
        audit demo -o report.html
    """
    from audit.core.artifacts import RunFolder, publish
    from audit.flow import demonstration

    folder = RunFolder(out)
    findings = demonstration.demo(folder)
    if output is not None:
        publish(output, folder.report.read_bytes())
    print_findings(Terminal(ctx.obj), findings, folder, output)
