"""Arguments that name a run by an address: the folder that stands for it, and what becomes of it at the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from audit.cli.terminal import Terminal
from audit.core.display import plural
from audit.core.errors import AuditError

# A run in a folder needs none of this.
if TYPE_CHECKING:
    from audit.flow.remote_runs import RemoteRun


class NotPublished(AuditError):
    """A command did its work and printed its result, and what it made could not be published."""

    default_code = "storage.not-published"


def run_folder(ctx: typer.Context, path: Path | None) -> Path | None:
    """The folder that a run on the command line stands for, as it was published last; what changes in it is published.

    Raises:
        InputError: As `audit.flow.remote_runs.opened`.
    """
    return _opened(ctx, path, claim=False)


def new_run_folder(ctx: typer.Context, path: Path | None) -> Path | None:
    """The same for a folder that a command makes, or goes on with: no other command may work on it meanwhile."""
    return _opened(ctx, path, claim=True)


def may_be_address(path: Path | str) -> bool:
    """Whether a path may be an address in object storage, without loading what would know it."""
    return ":/" in str(path)


def _opened(ctx: typer.Context, path: Path | None, *, claim: bool) -> Path | None:
    # Words that are only read, to be completed or to be checked, open nothing: without switches no command follows.
    if path is None or ctx.obj is None or ctx.resilient_parsing:
        return path
    from audit.core.artifacts import ORIGIN

    if not (may_be_address(path) or (path / ORIGIN).is_file()):
        return path
    from audit.flow.remote_runs import opened

    run = opened(path, claim=claim)
    if run is None:
        return path
    ctx.call_on_close(lambda: _publish(Terminal(ctx.obj), run))
    return run.folder


def _publish(terminal: Terminal, run: RemoteRun) -> None:
    """Publish what the command did, however it ended. An error that ended it is the one that is shown."""
    ended_by = sys.exc_info()[1]
    try:
        files = run.publish()
    except AuditError as error:
        kept = f"nothing is lost: {run.folder} has it, and the next command on {run.address} publishes it"
        if isinstance(ended_by, AuditError):
            ended_by.notes = (*ended_by.notes, f"not published: {error}", kept)
            return
        raise NotPublished(str(error), code=error.code, notes=(*error.notes, kept), hint=error.hint) from error
    if files:
        terminal.note(f"Published to {run.address}: {plural(files, 'changed file')}.")
