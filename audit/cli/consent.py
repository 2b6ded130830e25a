"""Asking before money is spent. A saved plan, `--yes` or a person at a terminal can agree; nobody else can."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence

import typer

from audit.cli.terminal import Terminal
from audit.core.display import usd
from audit.core.errors import ConsentRequired
from audit.core.plan import Plan


def consent(
    terminal: Terminal,
    argv: Sequence[str],
    *,
    agreed: bool,
    show: Callable[[Terminal, Plan], None] | None = None,
) -> Callable[[Plan], bool]:
    """What a replay calls with its quote before anything is sent.

    Args:
        terminal: Where to show the quote and ask.
        argv: The command as given, for the message where nobody can be asked.
        agreed: `--yes`, or a saved plan.
        show: Prints the quote before the question; None for that of a replay.
    """

    def ask(plan: Plan) -> bool:
        if agreed or (plan.at_most_usd == 0 and not plan.hosts):
            return True
        most = min(plan.at_most_usd, plan.max_spend_usd)
        look = "audit plan LOGS" if show is None else shlex.join([*argv, "--dry-run"])
        if terminal.switches.no_input or terminal.switches.json or not sys.stdin.isatty():
            raise ConsentRequired(
                f"this replay would spend up to {usd(most)}, and nobody agreed to it",
                notes=["nothing has been sent"],
                hint=f"look first with  {look}   or agree with  {shlex.join([*argv, '--yes'])}",
            )
        from audit.cli.print_plan import print_plan

        if show is None:
            print_plan(terminal, plan, asking=True)
        else:
            show(terminal, plan)
        return typer.confirm(f"Spend about {usd(plan.expected_usd)}, and never more than {usd(most)}?", err=True)

    return ask
