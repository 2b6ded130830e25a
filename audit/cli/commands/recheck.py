"""`audit recheck`: is a new tier worth a full audit?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from audit.cli.arguments import NoStore, Routes, Run, RunConfig, Store, money, overrides, store_overrides
from audit.cli.shared_store import take_part
from audit.cli.terminal import Terminal


def recheck(
    ctx: typer.Context,
    run: Run,
    tier: Annotated[str, typer.Option("--tier", help="The tier to try: a name of `tiers:` in audit.yaml.")],
    config: RunConfig = None,
    route: Routes = None,
    max_spend: Annotated[
        str | None, typer.Option("--max-spend", help="Hard stop, in USD; default: a fifth of what the run cost.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to the quote without seeing it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Quote, and stop before anything is sent.")] = False,
    store: Store = None,
    no_store: NoStore = False,
) -> None:
    """Try a new tier on a finished run's own sample, and say per route whether it is worth a full audit.

    A new model comes out: add it to `tiers:`, and recheck. It is asked a part of the requests that the run tuned on;
    the log's answers, the criteria and the margins are the run's, so a fraction of the first audit's cost shows whether
    the tier loses too much, what it could save beyond what the run recommends, and what a full audit would cost.

    Per route it says worth a full audit, not worth it, or cannot tell, each with what it rests on; never Switch. Of
    tiers that lose less than the margin, and save more than a full audit costs beyond what the run saves, at most 10 %
    are called not worth it. It is resumed like a replay: what was answered is not asked again, and a full audit takes
    the answers from the store.

    EXAMPLES
        audit recheck runs/7f3a9c1e --tier mini --dry-run
        audit recheck runs/7f3a9c1e --tier mini --yes
        audit recheck runs/7f3a9c1e --tier mini --route '/summar*' --max-spend 2 --json
    """
    from audit.cli.consent import consent, let_code_run
    from audit.cli.meter import TerminalMeter
    from audit.cli.printing.recheck import print_recheck, print_recheck_quote
    from audit.config.load import load_settings
    from audit.core.artifacts import RunFolder
    from audit.flow.rechecking import run as rechecking
    from audit.flow.rechecking.opening import RecheckOrder

    terminal, folder = Terminal(ctx.obj), RunFolder(run)
    folder.open_existing()
    given = overrides(max_spend=money(max_spend)) | store_overrides(store, no_store)
    settings = load_settings(config or folder.config_file(), overrides=given)
    let_code_run(terminal, settings, named=config is not None)
    take_part(ctx, settings, folder)
    wanted = RecheckOrder(tier=tier, routes=tuple(route or ("*",)), capped=max_spend is not None)
    if dry_run:
        print_recheck_quote(terminal, rechecking.quote(folder, settings, wanted))
        return
    ask = consent(terminal, ["audit", *sys.argv[1:]], agreed=yes, show=print_recheck_quote)
    with TerminalMeter(terminal) as meter:
        found, stopped = rechecking.recheck(folder, settings, wanted, consent=ask, meter=meter)
    print_recheck(terminal, found)
    if stopped is not None:
        raise stopped
