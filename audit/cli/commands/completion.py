"""`audit completion`: the script that makes a shell complete `audit`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from audit.cli.terminal import Terminal


class Shell(StrEnum):
    """Shells with a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def completion(ctx: typer.Context, shell: Annotated[Shell, typer.Argument(help="Which shell.")]) -> None:
    """Print the completion script of a shell.

    EXAMPLES
        audit completion bash > ~/.local/share/bash-completion/completions/audit
        audit completion zsh > ~/.zfunc/_audit
    """
    from typer import completion as scripts

    # typer re-exports it without saying so, and has no other door to the script.
    write = scripts.get_completion_script  # type: ignore[attr-defined]
    script = write(prog_name="audit", complete_var="_AUDIT_COMPLETE", shell=shell.value)
    Terminal(ctx.obj).lines([script])
