"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from audit.cli import candidates
from audit.cli.remote_runs import may_be_address, new_run_folder, run_folder
from audit.core.errors import InputError


def with_stdin(paths: list[Path] | None) -> list[Path] | None:
    """Paths with `-` as a file that holds standard input, because logs are read more than once; it goes at the end.

    Raises:
        InputError: Standard input is a keyboard.
    """
    if not paths or Path("-") not in paths:
        return paths
    import atexit
    import shutil
    import sys
    import tempfile

    if sys.stdin.isatty():
        raise InputError("- reads a log from a pipe, and there is none", code="usage", hint="zcat log.gz | audit mix -")
    scratch = tempfile.mkdtemp(prefix="audit-stdin-")
    atexit.register(shutil.rmtree, scratch, ignore_errors=True)
    spooled = Path(scratch, "stdin")
    with spooled.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return [spooled if path == Path("-") else path for path in paths]


Logs = Annotated[
    list[Path],
    typer.Argument(
        metavar="LOGS...",
        help="Log files, folders, patterns, or addresses (s3://, gs://, az://); - is stdin.",
        callback=with_stdin,
    ),
]
Bills = Annotated[
    list[Path] | None,
    typer.Option(
        "--reconcile",
        metavar="BILL",
        help="Invoice or cost export to compare with the log; may be repeated for the files of one export.",
    ),
]
Run = Annotated[
    Path,
    typer.Argument(
        metavar="RUN",
        help="A run folder, or its address (s3://, gs://, az://).",
        autocompletion=candidates.run_folders,
        callback=run_folder,
    ),
]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="Default: ./audit.yaml, else the defaults.")]
RunConfig = Annotated[
    Path | None, typer.Option("--config", "-c", help="Default: the file that the run was made with, else ./audit.yaml.")
]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="Run folder, or its address; default: runs/RUN_ID.", callback=new_run_folder),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of every draw; default: the configuration's.")]
Tiers = Annotated[list[str] | None, typer.Option("--tier", help="Only this candidate; may be repeated.")]
Routes = Annotated[
    list[str] | None,
    typer.Option("--route", help="Only routes of this glob; may be repeated.", autocompletion=candidates.routes),
]
Fixed = Annotated[bool, typer.Option("--fixed", help="Replay the whole sample, without looks that stop routes early.")]

ExecutorName = Annotated[
    str | None, typer.Option("--executor", help="Where heavy work runs: local, or ray (the extra ray).")
]
RayAddress = Annotated[
    str | None, typer.Option("--ray-address", help="Address of the Ray cluster; implies --executor ray.")
]
Workers = Annotated[int | None, typer.Option("--workers", help="Jobs at a time; default: one per core.")]


def executor_overrides(name: str | None, address: str | None, workers: int | None) -> dict[str, Any]:
    """The options of where work is done, as overrides of the configuration."""
    name = name or ("ray" if address else None)
    return overrides(executor__name=name, executor__address=address, executor__workers=workers)


Store = Annotated[
    Path | None,
    typer.Option(
        "--store",
        help="Folder or address of the store, which keeps logs that were read and answers that were paid for; default: "
        "runs/store, beside the run.",
    ),
]
NoStore = Annotated[bool, typer.Option("--no-store", help="Take nothing from the store, and keep nothing in it.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Ask everything again, without answers from before this run.")]


def store_overrides(path: Path | None, off: bool, fresh: bool = False) -> dict[str, Any]:
    """The options of the store as overrides of the configuration."""
    return overrides(
        store__path=None if path is None else str(path if may_be_address(path) else path.absolute()),
        store__keep=False if off else None,
        store__fresh=True if fresh else None,
    )


def overrides(**values: Any) -> dict[str, Any]:
    """Options of the command line as overrides of the configuration; those not given stay the file's.

    A name's double underscore stands for the dot: `replay__offline`.
    """
    return {name.replace("__", "."): value for name, value in values.items() if value not in (None, [])}


def money(text: str | None) -> str | None:
    """An amount as `audit.yaml` writes it. A shell eats the `$` of `$60`, so the sign may be left out here."""
    return text if text is None or text.lstrip().startswith("$") else f"${text}"
