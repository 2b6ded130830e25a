"""`audit trust`: let a configuration's own code run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.terminal import Terminal


def trust(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Default: ./audit.yaml.")] = None,
    forget: Annotated[bool, typer.Option("--forget", help="Withdraw the trust.")] = False,
) -> None:
    """Let the `python` criteria of a configuration run, as their files stand now.

    They run with all your rights. A command that is given the configuration by name (`--config FILE`) runs them without
    this; one that finds it by itself (./audit.yaml, or the file that a plan or a run folder names) asks at a terminal,
    once, and refuses elsewhere. When a file has changed, it is asked again.

    EXAMPLES
        audit trust
        audit trust services/triage/audit.yaml
        audit trust --forget
    """
    from audit.config.load import load_settings
    from audit.flow import trusting

    terminal = Terminal(ctx.obj)
    settings = load_settings(config)
    paths = trusting.forget(settings, os.environ) if forget else trusting.trust(settings, os.environ)
    if terminal.switches.json:
        terminal.document({"forgotten" if forget else "trusted": paths})
        return
    word = "forgotten" if forget else "trusted as it stands"
    nothing = "nothing of it was trusted" if forget else "its criteria run no code of your own"
    terminal.lines([f"{path}: {word}" for path in paths] or [f"{settings.config_file}: {nothing}"])
