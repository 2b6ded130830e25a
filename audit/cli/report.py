"""`audit report`: draw the report again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Run
from audit.cli.terminal import Terminal


class Format(StrEnum):
    """What is written."""

    HTML = "html"
    MD = "md"
    JSON = "json"


class Text(StrEnum):
    """Whether prompts and completions are shown as evidence."""

    SAMPLE = "sample"
    NONE = "none"


def report(
    ctx: typer.Context,
    run: Run,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: in the run folder.")] = None,
    format: Annotated[Format, typer.Option("--format", help="What is written.")] = Format.HTML,  # noqa: A002
    text: Annotated[Text, typer.Option("--text", help="Prompts and completions in it.")] = Text.SAMPLE,
) -> None:
    """Draw the report of a run again, from its findings.

    EXAMPLES
        audit report runs/7f3a9c1e -o report.html
        audit report runs/7f3a9c1e --text none      # no prompt and no completion in it
    """
    from audit import pipeline
    from audit.core.artifacts import RunFolder

    terminal = Terminal(ctx.obj)
    path = pipeline.report(RunFolder(run), output=output, format=format.value, text=text.value)
    if terminal.switches.json:
        terminal.document({"report": str(path)})
    else:
        terminal.lines([str(path)])
