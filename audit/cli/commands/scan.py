"""`audit scan`: hard-coded model names in source code."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Config
from audit.cli.remote_runs import run_folder
from audit.cli.terminal import Terminal


class ScanFormat(StrEnum):
    """What is printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def scan(
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATHS...", help="Source files or folders.")],
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN", help="Run folder with the spend.", callback=run_folder)
    ] = None,
    logs: Annotated[
        list[Path] | None, typer.Option("--logs", metavar="LOGS", help="Logs instead of a run; may be repeated.")
    ] = None,
    config: Config = None,
    format: Annotated[ScanFormat, typer.Option("--format", help="What is printed.")] = ScanFormat.TEXT,  # noqa: A002
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of stdout.")] = None,
    tests: Annotated[bool, typer.Option("--tests/--no-tests", help="Look at tests and fixtures too.")] = True,
    fail: Annotated[bool, typer.Option("--fail", help="Exit 1 when there are hits outside tests.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="REV", help="Only what the branch changed since REV, by git.")
    ] = None,
) -> None:
    """Find hard-coded model names in source code: where a router call should stand. Local; nothing is sent.

    A hit is a name that is passed on: an argument, a default, a setting, a returned value. Prose, comments, keys,
    comparisons, price tables, lock files, bundles and vendored folders are not. .gitignore and .auditignore apply,
    and so does a comment `audit: ignore` on the line or alone above it. With a run, each hit has the spend of its
    model, and the route that it likely serves with the reason.

    With --since only lines that the branch adds or changes are hits, names that it removes are listed beside them, and
    with a run the routes whose logged prompts hold a line that it changes: what to replay before the merge.

    EXAMPLES
        audit scan src/
        audit scan . --run runs/7f3a9c1e
        audit scan . --logs logs/ --no-tests --fail
        audit scan . --format sarif -o scan.sarif
        audit scan . --since origin/main --run runs/main
    """
    from dataclasses import replace

    from audit.cli.printing.scan import print_scan, traffic_of
    from audit.flow.endpoints import known_models
    from audit.literals.run import ScanOptions
    from audit.literals.run import scan as scan_code

    terminal = Terminal(ctx.obj)
    behind = traffic_of(run, logs or [], config)
    if since is not None:
        from audit.cli.printing.since import print_since
        from audit.literals.since import scan_since

        changed = scan_since(paths, since, known_models(), behind.served, ScanOptions(tests=tests))
        changed = replace(changed, scan=behind.stamped(changed.scan))
        kind = "json" if terminal.switches.json else format.value
        print_since(terminal, changed, run, kind, output)
        raise typer.Exit(1 if fail and changed.scan.hits else 0)
    found = behind.stamped(scan_code(paths, known_models(), behind.served, ScanOptions(tests=tests)))
    print_scan(terminal, found, "json" if terminal.switches.json else format.value, output)
    raise typer.Exit(1 if fail and found.hits else 0)
