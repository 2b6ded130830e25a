"""A store that machines share, around a command: at its start what came in is said, at its end what went out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from audit.cli.remote_runs import may_be_address
from audit.cli.terminal import Terminal
from audit.core.display import plural
from audit.core.errors import AuditError

# A store in a folder needs none of this.
if TYPE_CHECKING:
    from audit.core.artifacts import RunFolder
    from audit.core.settings import Settings
    from audit.flow.keeping.sharing import Sharing


def take_part(ctx: typer.Context, settings: Settings, run: RunFolder | None) -> None:
    """Take in what others have shared, and share until the command ends, however it ends.

    Args:
        run: Folder of the run; None for the default one.

    Raises:
        InputError: As `audit.flow.keeping.sharing.Sharing.open`.
    """
    if not may_be_address(settings.store.path or ""):
        return
    from audit.flow.keeping.sharing import sharing_of

    sharing = sharing_of(settings, run)
    if sharing is None:
        return
    terminal = Terminal(ctx.obj)
    taken = sharing.open()
    ctx.call_on_close(lambda: _close(terminal, sharing))
    # Said before anything is paid, since what is answered from here on is read by all who share the store.
    terminal.note(f"Store shared at {sharing.address}: {plural(taken.answers, 'new answer')}.")
    if taken.damaged:
        what = plural(len(taken.damaged), "damaged piece")
        terminal.note(
            f"{what} of {sharing.address} not used, so that what was in it is asked again; audit store verify names it."
        )


def _close(terminal: Terminal, sharing: Sharing) -> None:
    """Share for the last time. Who cannot has lost nothing: it is said, and is no error of the command's."""
    try:
        answers = sharing.close()
    except AuditError as error:
        terminal.note(f"Not shared: {error.what}. This machine keeps the answers, and its next command shares them.")
        return
    if answers:
        terminal.note(f"Shared to {sharing.address}: {plural(answers, 'answer')}.")
