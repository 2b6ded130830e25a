"""`audit plan`: what a replay would cost, and which routes it can decide."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Config, Fixed, Logs, Out, Routes, Seed, Tiers, money, overrides
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
) -> None:
    """Draw the sample and quote the replay, per route: can it decide? Spends nothing, sends nothing.

    EXAMPLES
        audit plan logs/*.jsonl -o plan.json
        audit replay plan.json                  # spends exactly this
    """
    from audit import pipeline
    from audit.cli.print_plan import print_plan
    from audit.config import load_settings
    from audit.core.artifacts import RunFolder, write_json

    terminal = Terminal(ctx.obj)
    given = overrides(
        seed=seed,
        max_spend=money(max_spend),
        slice__tiers=tier,
        slice__routes=route,
        slice__looks=1 if fixed else None,
    )
    settings = load_settings(config, overrides=given)
    quoted = pipeline.plan(logs, settings, RunFolder(out) if out else None)
    write_json(output, quoted)
    print_plan(terminal, quoted, saved=output)
