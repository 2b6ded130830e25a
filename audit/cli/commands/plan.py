"""`audit plan`: what a replay would cost, and which routes it can decide."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import (
    Config,
    ExecutorName,
    Fixed,
    Fresh,
    Logs,
    NoStore,
    Out,
    RayAddress,
    Routes,
    Seed,
    Store,
    Tiers,
    Workers,
    executor_overrides,
    money,
    overrides,
    store_overrides,
)
from audit.cli.shared_store import take_part
from audit.cli.terminal import Terminal


def plan(
    ctx: typer.Context,
    logs: Logs,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the plan is saved.")] = Path("plan.json"),
    config: Config = None,
    out: Out = None,
    seed: Seed = None,
    tier: Tiers = None,
    route: Routes = None,
    max_spend: Annotated[str | None, typer.Option("--max-spend", help="Hard stop, in USD.")] = None,
    fixed: Fixed = False,
    store: Store = None,
    no_store: NoStore = False,
    fresh: Fresh = False,
    check: Annotated[
        bool, typer.Option("--check", help="Ask each tier a few calls of the plan, to see what its endpoint takes.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --check: agree to the quote of these calls.")] = False,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    workers: Workers = None,
) -> None:
    """Draw the sample and quote the replay, per route: can it decide? Spends nothing, sends nothing.

    With --check the first calls of the plan are made, one for each shape of request, after they were quoted. They show
    which parameters and roles an endpoint takes and how requests have to be changed; the replay does not make them
    again. A tier that cannot be used makes the exit code 2, and so do criteria that this tool does not know, where no
    route is left that can be decided, and a cap that begins none.

    EXAMPLES
        audit plan logs/*.jsonl -o plan.json
        audit plan logs/*.jsonl --check
        audit replay plan.json                  # spends exactly this
    """
    from audit.cli.consent import consent, let_code_run, refused_by_gate
    from audit.cli.meter import TerminalMeter
    from audit.cli.printing.plan import print_plan
    from audit.cli.saved import choices
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder, publish, write_json
    from audit.flow import planning, trying

    terminal = Terminal(ctx.obj)
    given = overrides(
        seed=seed,
        max_spend=money(max_spend),
        slice__tiers=tier,
        slice__routes=route,
        slice__looks=1 if fixed else None,
    )
    given |= executor_overrides(executor, ray_address, workers)
    given |= store_overrides(store, no_store, fresh)
    settings = load_settings(config, overrides=given)
    let_code_run(terminal, settings, named=config is not None)
    folder = RunFolder(out) if out else None
    take_part(ctx, settings, folder)
    if check:
        ask = consent(terminal, ["audit", *sys.argv[1:]], agreed=yes)
        with TerminalMeter(terminal) as meter:
            quoted = trying.check(logs, settings, folder, consent=ask, meter=meter)
    else:
        quoted = planning.plan(logs, settings, folder)
    quoted = replace(quoted, given=choices(given))
    write_json(output, quoted, write=publish)
    print_plan(terminal, quoted, refused=refused_by_gate(settings)(quoted), saved=output)
    stopped = check and any(notes.stopped for notes in quoted.tiers.values())
    if stopped or quoted.criteria_stop_it or quoted.cap_stops_it:
        raise typer.Exit(2)
