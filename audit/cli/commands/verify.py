"""`audit verify`: does an evidence pack hold?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.terminal import Terminal


def verify(
    ctx: typer.Context,
    pack: Annotated[Path, typer.Argument(metavar="FILE.zip", help="An evidence pack.")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="FILE.pub", help="Public key of whoever must have signed it.")
    ] = None,
    after: Annotated[
        Path | None, typer.Option("--after", metavar="FILE.zip", help="The pack that it must follow.")
    ] = None,
) -> None:
    """Check an evidence pack, offline: every digest, and whether its report follows from findings, tables and cases.

    The exit code is 0 when all holds and 2 when anything differs. The pack's id names everything in it: compare it
    with the one that the sender was shown.

    EXAMPLES
        audit verify evidence.zip
        audit verify evidence.zip --key sender.pub --after last.zip
        audit verify evidence.zip --json
    """
    from audit.cli.printing.pack import verification_lines
    from audit.flow.evidence import packing

    terminal = Terminal(ctx.obj)
    found = packing.verify(pack, key=key, after=after)
    if terminal.switches.json:
        terminal.document({"verification": found, "holds": found.holds})
    else:
        terminal.lines(verification_lines(found, ascii=terminal.ascii), fold=True)
    raise typer.Exit(0 if found.holds else 2)
