"""`audit man`: the manual page."""

from __future__ import annotations

import typer

from audit.cli.terminal import Terminal


def man(ctx: typer.Context) -> None:
    """Print the manual page, made from the help pages.

    EXAMPLES
        audit man > ~/.local/share/man/man1/audit.1
        audit man | man -l -
    """
    from audit import __version__
    from audit.cli.manual import manual

    Terminal(ctx.obj).lines([manual(ctx.find_root().command, __version__)])
