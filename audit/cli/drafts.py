"""Writing the first `audit.yaml`, without overwriting one that a person has edited."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.cli.terminal import Terminal
from audit.core.artifacts import publish
from audit.core.display import ascii_only
from audit.core.errors import InputError
from audit.core.settings import Settings


def write_draft(terminal: Terminal, logs: Sequence[Path], output: Path, *, force: bool, settings: Settings) -> None:
    """Draft a configuration from logs, into a file or on stdout.

    Raises:
        InputError: No logs were named, or the file is there and `force` is not set.
    """
    from audit.flow import drafting

    if not logs:
        raise InputError("audit init needs logs", code="usage", hint="audit init LOGS, or  audit init --schema")
    if str(output) != "-" and output.exists() and not force:
        hint = f"write another file:  audit init LOGS -o {output.stem}.new.yaml   or replace it:  --force"
        raise InputError(f"{output} is there already", code="init.exists", hint=hint)
    made = drafting.draft(logs, settings)
    if str(output) == "-":
        terminal.lines(made.text.rstrip("\n").split("\n"))
        return
    publish(output, made.text.encode())
    if terminal.switches.json:
        terminal.document({"written": str(output)} | ({"preview": made.preview} if made.preview else {}))
    else:
        shown = map(ascii_only, made.preview) if terminal.ascii else made.preview
        terminal.lines([*shown, ""] if made.preview else [])
        terminal.lines([f"Wrote {output}. Read it, set the margin, take or add a cheaper tier, then:  audit plan LOGS"])
