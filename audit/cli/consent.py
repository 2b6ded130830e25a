"""Asking before money is spent, and before somebody's code runs.

A saved plan, `--yes` or a person at a terminal can agree to a quote; a person at a terminal, `audit trust`, or whoever
names the configuration to its code. Nobody else can.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence

import typer

from audit.cli.terminal import Terminal
from audit.core.display import terminal_safe, usd
from audit.core.errors import ConsentRequired
from audit.core.plan import Plan
from audit.core.settings import Settings


def consent(
    terminal: Terminal,
    argv: Sequence[str],
    *,
    agreed: bool,
    refused: Callable[[Plan], Sequence[str]] = lambda plan: (),
    show: Callable[[Terminal, Plan], None] | None = None,
) -> Callable[[Plan], bool]:
    """What a replay calls with its quote before anything is sent.

    Args:
        terminal: Where to show the quote and ask.
        argv: The command as given, for the message where nobody can be asked.
        agreed: `--yes`, or a saved plan.
        refused: What `audit gate` will refuse when everything is paid. Who has agreed is told it, too.
        show: Prints the quote before the question; None for that of a replay.
    """

    def ask(plan: Plan) -> bool:
        if agreed or (plan.at_most_usd == 0 and not plan.hosts):
            for said in refused(plan):
                terminal.note(terminal_safe(said))
            return True
        most = min(plan.at_most_usd, plan.max_spend_usd)
        look = "audit plan LOGS" if show is None else shlex.join([*argv, "--dry-run"])
        if terminal.switches.no_input or terminal.switches.json or not sys.stdin.isatty():
            raise ConsentRequired(
                f"this replay would spend up to {usd(most)}, and nobody agreed to it",
                notes=["nothing has been sent"],
                hint=f"look first with  {look}   or agree with  {shlex.join([*argv, '--yes'])}",
            )
        from audit.cli.printing.plan import print_plan

        if show is None:
            print_plan(terminal, plan, refused=refused(plan), asking=True)
        else:
            show(terminal, plan)
        return typer.confirm(f"Spend about {usd(plan.expected_usd)}, and never more than {usd(most)}?", err=True)

    return ask


def refused_by_gate(settings: Settings) -> Callable[[Plan], Sequence[str]]:
    """What `audit gate` will refuse of a configuration, by a plan."""

    def refused(plan: Plan) -> Sequence[str]:
        from audit.gate.ahead import refused_ahead

        return refused_ahead(plan, settings)

    return refused


def let_code_run(terminal: Terminal, settings: Settings, *, named: bool) -> None:
    """Stop before code runs that nobody let run: criteria of type `python` in a configuration that nobody named.

    Args:
        terminal: Where to ask.
        settings: Whose criteria will score.
        named: A person named the configuration's file for this command.

    Raises:
        ConsentRequired: Nobody agreed, and nobody can be asked, or whoever was asked said no.
    """
    if named or not settings.code:
        return
    from audit.flow.trusting import trust, untrusted

    files = untrusted(settings, os.environ)
    if not files:
        return
    file = settings.config_file
    refused = ConsentRequired(
        f"the `python` criteria of {file} would run code that nobody has trusted",
        code="trust.needed",
        notes=[f"it runs with all your rights: {path}" for path in files],
        hint=f"read it, then  {shlex.join(['audit', 'trust', str(file)])}   or name the configuration with --config",
    )
    if terminal.switches.no_input or terminal.switches.json or not sys.stdin.isatty():
        raise refused
    for path in files:
        terminal.note(f"a `python` criterion of {file} is code that runs with all your rights: {path}")
    if not typer.confirm("Run it, now and as long as it stays as it is?", err=True):
        raise refused
    trust(settings, os.environ)
