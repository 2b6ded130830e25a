"""The commands, in the order in which they are used. Each is a file of its own: parse, one call, print, exit."""

from __future__ import annotations

import importlib
import os
from typing import Any

import typer
from typer import completion as scripts

from audit.cli.layout import Command, Commands, Program
from audit.cli.switches import everywhere

COMPLETE = "_AUDIT_COMPLETE"
"""Variable in which a shell's script asks for completions."""

COMMANDS = (
    "demo",
    "mix",
    "init",
    "ingest",
    "plan",
    "replay",
    "score",
    "report",
    "gate",
    "watch",
    "policy",
    "recheck",
    "renew",
    "show",
    "view",
    "label",
    "diff",
    "runs",
    "store",
    "verify",
    "erase",
    "trust",
    "scan",
    "prices",
    "tiers",
    "doctor",
    "guide",
    "completion",
    "man",
)
"""`mix` is the function `mix` of `audit/cli/commands/mix.py`, imported when somebody types it or reads about it."""


def command_line() -> Any:
    """`audit` as a click command. Every flag has a variable: `AUDIT_REPLAY_MAX_SPEND`."""
    if COMPLETE in os.environ:
        # typer registers its shells only for programs that have its own --install-completion.
        scripts.get_completion_inspect_parameters()
    app = _app(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "AUDIT"})
    app.callback()(everywhere)
    group: Any = typer.main.get_group(app)
    group.commands = Commands(COMMANDS, _load, group.params)
    return group


def _load(name: str) -> Any:
    """A command as click has it."""
    app = _app()
    app.command(name, cls=Command)(getattr(importlib.import_module(f"audit.cli.commands.{name}"), name))
    return typer.main.get_command(app)


def _app(**settings: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, **settings)
