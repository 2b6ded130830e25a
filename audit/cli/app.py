"""The commands, in the order in which they are used. Each is a file of its own: parse, one call, print, exit."""

from __future__ import annotations

import os
from typing import Any

import typer
from typer import completion as scripts

from audit.cli import (
    completion,
    demo,
    diff,
    doctor,
    gate,
    guide,
    ingest,
    init,
    man,
    mix,
    plan,
    policy,
    prices,
    renew,
    replay,
    report,
    runs,
    scan,
    score,
    show,
    tiers,
    verify,
)
from audit.cli.layout import Command, Program, join
from audit.cli.switches import everywhere

COMPLETE = "_AUDIT_COMPLETE"
"""Variable in which a shell's script asks for completions."""

COMMANDS = (
    demo.demo,
    mix.mix,
    init.init,
    ingest.ingest,
    plan.plan,
    replay.replay,
    score.score,
    report.report,
    gate.gate,
    policy.policy,
    renew.renew,
    show.show,
    diff.diff,
    runs.runs,
    verify.verify,
    scan.scan,
    prices.prices,
    tiers.tiers,
    doctor.doctor,
    guide.guide,
    completion.completion,
    man.man,
)


app = typer.Typer(
    cls=Program,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "AUDIT"},
)
app.callback()(everywhere)
for _command in COMMANDS:
    app.command(_command.__name__, cls=Command)(_command)


def command_line() -> Any:
    """`audit` as a click command. Every flag has a variable: `AUDIT_REPLAY_MAX_SPEND`."""
    if COMPLETE in os.environ:
        # typer registers its shells only for programs that have its own --install-completion.
        scripts.get_completion_inspect_parameters()
    return join(typer.main.get_command(app))
