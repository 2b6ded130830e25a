"""`audit replay`: the main job."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import (
    Config,
    ExecutorName,
    Fixed,
    Fresh,
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
from audit.cli.printing.summary import print_findings
from audit.cli.shared_store import take_part
from audit.cli.terminal import Terminal


def replay(
    ctx: typer.Context,
    logs: Annotated[list[Path], typer.Argument(metavar="LOGS...|PLAN.JSON", help="Logs, or a saved plan.")],
    config: Config = None,
    out: Out = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to the quote without seeing it.")] = False,
    seed: Seed = None,
    tier: Tiers = None,
    route: Routes = None,
    max_spend: Annotated[str | None, typer.Option("--max-spend", help="Hard stop, in USD.")] = None,
    fixed: Fixed = False,
    store: Store = None,
    no_store: NoStore = False,
    fresh: Fresh = False,
    offline: Annotated[bool | None, typer.Option("--offline", help="Call nothing: recorded answers only.")] = None,
    cassette: Annotated[
        Path | None,
        typer.Option("--cassette", help="Folder of recorded completions, in place of the store."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Submit batches and exit; run again to collect their answers.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Quote, and stop before anything is sent.")] = False,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    workers: Workers = None,
) -> None:
    """Plan, ask, replay, score, find, report. Run it again to resume; done calls are not paid twice.

    EXAMPLES
        audit replay logs/*.jsonl --config audit.yaml
        audit replay plan.json                        # the saved quote, without a question
        audit replay logs/ --yes --max-spend 60 --json > findings.json
        audit replay logs/ --cassette recorded --offline
    """
    from audit.cli.consent import consent, let_code_run, refused_by_gate
    from audit.cli.meter import TerminalMeter
    from audit.cli.printing.plan import print_plan
    from audit.cli.saved import choices, saved_plan
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.core.errors import AuditError
    from audit.flow import planning, reading, sequential

    terminal = Terminal(ctx.obj)
    given = overrides(
        seed=seed,
        max_spend=money(max_spend),
        slice__tiers=tier,
        slice__routes=route,
        slice__looks=1 if fixed else None,
        replay__offline=offline,
        replay__wait=False if no_wait else None,
        replay__cassette=None if cassette is None else str(cassette.absolute()),
    )
    saved = saved_plan(logs)
    sources = logs if saved is None else [Path(source) for source in saved.sources]
    named, config = config is not None, config or (Path(saved.config) if saved and saved.config else None)
    given |= executor_overrides(executor, ray_address, workers)
    given |= store_overrides(store, no_store, fresh)
    settings = load_settings(config, overrides=given if saved is None else choices(saved.given) | given)
    let_code_run(terminal, settings, named=named)
    folder = RunFolder(out) if out else reading.run_folder(sources, settings)
    take_part(ctx, settings, folder)
    refused = refused_by_gate(settings)
    if dry_run:
        quoted = planning.plan(sources, settings, folder)
        print_plan(terminal, quoted, refused=refused(quoted))
        return
    ask = consent(terminal, ["audit", *sys.argv[1:]], agreed=yes or saved is not None, refused=refused)
    meter = TerminalMeter(terminal)
    try:
        with meter:
            findings = sequential.replay(sources, settings, folder, consent=ask, meter=meter, saved=saved)
    except AuditError:
        if meter.stopped is not None:
            print_findings(terminal, meter.stopped, folder)
        raise
    print_findings(terminal, findings, folder)
