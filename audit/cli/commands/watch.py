"""`audit watch`: does a model's name still answer as it did? From the log alone."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from audit.cli.arguments import Config, Logs
from audit.cli.terminal import Terminal


def watch(
    ctx: typer.Context,
    logs: Logs,
    config: Config = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="DATE", help="Last day of the yardstick; default: a third of the days."),
    ] = None,
) -> None:
    """Watch the names of models day by day: alarm (exit 1) where one answers worse than it did. Sends nothing.

    The model behind a name may change without the name. Per route and name the log's own answers are judged by the
    criteria of audit.yaml that need no judge, and by what the log says became of them (feedback, requests asked again).
    The first days are the yardstick, the route's margin is the loss that is tolerated, and every later day may be
    looked at: over all names and all days the chance of any false alarm is 5 % (`confidence`).

    An alarm says that accepted answers have fallen, not why: the requests may have changed too, so it says how alike
    they are. Outcomes come only from users who leave one, and candidates have none; they decide no verdict.

    EXAMPLES
        audit watch logs/*.jsonl.gz
        audit watch logs/ --before 2026-10-15
        audit watch logs/ --json
    """
    from audit.cli.consent import let_code_run
    from audit.cli.printing.watch import watch_lines
    from audit.config.load import load_settings
    from audit.core.display import ascii_only
    from audit.core.errors import InputError
    from audit.flow.names import watch_names

    terminal = Terminal(ctx.obj)
    try:
        day = None if before is None else date.fromisoformat(before)
    except ValueError:
        raise InputError(f"`--before {before}` is no date", code="watch.date", hint="--before 2026-12-01") from None
    settings = load_settings(config)
    let_code_run(terminal, settings, named=config is not None)
    found = watch_names(logs, settings, before=day)
    if terminal.switches.json:
        terminal.document(found)
    else:
        lines = watch_lines(found)
        terminal.lines(map(ascii_only, lines) if terminal.ascii else lines, fold=True)
    raise typer.Exit(1 if found.alarms else 0)
