"""Writing the first `audit.yaml`, without overwriting one that a person has edited."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.cli.terminal import Terminal
from audit.core.artifacts import publish
from audit.core.display import ascii_only, listing, terminal_safe
from audit.core.errors import InputError
from audit.core.settings import Settings


def write_draft(
    terminal: Terminal,
    logs: Sequence[Path],
    output: Path,
    *,
    force: bool,
    settings: Settings,
    promptfoo: Path | None = None,
) -> None:
    """Draft a configuration from logs, from promptfoo's, or from both, into a file or on stdout.

    Raises:
        InputError: Neither was named, or a file is there and `force` is not set.
    """
    from audit.flow.drafting import draft

    if not logs and promptfoo is None:
        raise InputError("audit init needs logs", code="usage", hint="audit init LOGS, or  audit init --schema")
    _refuse(output, force=force)
    taken = None
    if promptfoo is not None:
        from audit.flow.drafting.promptfoo.draft import GOLD, from_promptfoo

        taken = from_promptfoo(promptfoo, None if str(output) == "-" else output.parent)
    given = taken.given if taken else None
    made = draft.draft(logs, settings, given) if logs or given is None else draft.Draft(given.alone())
    if str(output) == "-":
        terminal.lines(made.text.rstrip("\n").split("\n"))
        return
    written = [output]
    if taken is not None and taken.gold:
        _refuse(gold := output.with_name(GOLD), force=force)
        publish(gold, taken.gold.encode())
        written.append(gold)
    publish(output, made.text.encode())
    left = list(taken.left) if taken else []
    if terminal.switches.json:
        document: dict[str, object] = {"written": str(output)} | ({"preview": made.preview} if made.preview else {})
        if taken is not None:
            document |= {"gold": str(written[-1]) if taken.gold else None, "not_taken_over": left}
        terminal.document(document)
        return
    shown = map(ascii_only, made.preview) if terminal.ascii else made.preview
    terminal.lines([*shown, ""] if made.preview else [])
    terminal.lines(["Not taken over:", *(f"  {terminal_safe(one)}" for one in left), ""] if left else [])
    names = listing([str(one) for one in written])
    terminal.lines([f"Wrote {names}. Read it, set the margin, take or add a cheaper tier, then:  audit plan LOGS"])


def _refuse(file: Path, *, force: bool) -> None:
    if str(file) != "-" and file.exists() and not force:
        hint = f"write another file:  audit init LOGS -o {file.stem}.new.yaml   or replace it:  --force"
        raise InputError(f"{file} is there already", code="init.exists", hint=hint)
