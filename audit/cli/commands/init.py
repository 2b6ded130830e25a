"""`audit init`: a first `audit.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import (
    ExecutorName,
    NoStore,
    RayAddress,
    Store,
    Workers,
    executor_overrides,
    store_overrides,
    with_stdin,
)
from audit.cli.terminal import Terminal


def init(
    ctx: typer.Context,
    logs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="LOGS...",
            help="Log files, folders, patterns, or addresses (s3://, gs://, az://); - is stdin.",
            callback=with_stdin,
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; - is stdout.")] = Path("audit.yaml"),
    promptfoo: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="FILE", help="Take over a promptfooconfig.yaml: providers, assertions, tests as gold set."
        ),
    ] = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of audit.yaml instead.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    store: Store = None,
    no_store: NoStore = False,
    executor: ExecutorName = None,
    ray_address: RayAddress = None,
    workers: Workers = None,
) -> None:
    """Write audit.yaml from logs: format, route key, tiers, prices, criteria to confirm.

    EXAMPLES
        audit init logs/*.jsonl
        audit init logs/ -o - | less
        audit init logs/ --from promptfooconfig.yaml
        audit init --schema > audit.schema.json
    """
    from audit.cli.drafts import write_draft
    from audit.config.load import bare_settings, settings_schema

    terminal = Terminal(ctx.obj)
    if schema:
        terminal.document(settings_schema())
    else:
        given = executor_overrides(executor, ray_address, workers) | store_overrides(store, no_store)
        write_draft(terminal, logs or [], output, force=force, settings=bare_settings(given), promptfoo=promptfoo)
