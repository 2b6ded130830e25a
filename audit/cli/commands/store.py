"""`audit store`: what earlier runs have read and been answered."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.terminal import Terminal
from audit.core.errors import InputError


class StoreAction(StrEnum):
    """What to do with the store."""

    LIST = "list"
    VERIFY = "verify"
    PRUNE = "prune"


def store(
    ctx: typer.Context,
    action: Annotated[
        StoreAction, typer.Argument(metavar="[list|verify|prune]", help="What to do.")
    ] = StoreAction.LIST,
    path: Annotated[Path, typer.Option("--store", help="Its folder, or its address (s3://, gs://, az://).")] = Path(
        "runs/store"
    ),
    older_than: Annotated[
        float | None, typer.Option("--older-than", metavar="DAYS", min=0, help="prune: what is older is deleted.")
    ] = None,
    max_size: Annotated[
        str | None,
        typer.Option("--max-size", metavar="10GB", help="prune: the oldest is deleted until the rest is smaller."),
    ] = None,
) -> None:
    """List, verify or prune the store: answers that were paid for and logs that were read, for every later run.

    verify reads all of it and holds it against its checksums; what is damaged is named and is never used (exit 2).
    prune deletes by age and by size. An answer's age is counted from when it was asked, a reading's from its last use;
    for size, readings go first. Run folders keep what they hold, whatever is deleted here. Of a store that machines
    share, both look at what lies at its address and at this machine's copy.

    EXAMPLES
        audit store
        audit store verify
        audit store prune --older-than 180 --max-size 20GB
        audit store verify --store s3://my-bucket/team
    """
    from audit.cli.printing.store import print_checked, print_pruned, print_stored, size_of
    from audit.flow.keeping import storekeeping

    terminal = Terminal(ctx.obj)
    limits = older_than is not None or max_size is not None
    if (action is StoreAction.PRUNE) != limits:
        raise InputError(
            "prune needs a limit" if action is StoreAction.PRUNE else "only prune deletes",
            code="usage",
            hint="audit store prune --older-than DAYS, or --max-size 10GB",
        )
    if action is StoreAction.LIST:
        print_stored(terminal, storekeeping.contents(path))
    elif action is StoreAction.VERIFY:
        checked = storekeeping.verify(path)
        print_checked(terminal, checked)
        if checked.damaged or (checked.shared is not None and checked.shared.damaged):
            raise typer.Exit(2)
    else:
        most = None if max_size is None else size_of(max_size)
        print_pruned(terminal, storekeeping.prune(path, older_than_days=older_than, most_bytes=most))
