"""`audit report`: draw the report again."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from audit.cli.arguments import Run
from audit.cli.terminal import Terminal


class ReportFormat(StrEnum):
    """What is written."""

    HTML = "html"
    PDF = "pdf"
    MD = "md"
    JSON = "json"
    FOCUS = "focus"


class TextChoice(StrEnum):
    """Whether prompts and completions are shown as evidence."""

    SAMPLE = "sample"
    NONE = "none"


class Redact(StrEnum):
    """Names that are written as codes."""

    TENANT = "tenant"


def report(
    ctx: typer.Context,
    run: Run,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Default: in the run folder.")] = None,
    format: Annotated[ReportFormat, typer.Option("--format", help="Format to write.")] = ReportFormat.HTML,  # noqa: A002
    text: Annotated[
        TextChoice, typer.Option("--text", help="Whether prompts and completions are in it.")
    ] = TextChoice.SAMPLE,
    redact: Annotated[
        Redact | None, typer.Option("--redact", help="Write these names as stable codes; texts are left as they are.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="A PDF with every section, not the two-page brief.")] = False,
    pack: Annotated[
        Path | None, typer.Option("--pack", metavar="FILE.zip", help="Write the evidence into a zip file instead.")
    ] = None,
    sign: Annotated[
        Path | None, typer.Option("--sign", metavar="FILE.pem", help="Ed25519 private key to sign the pack with.")
    ] = None,
    after: Annotated[
        Path | None, typer.Option("--after", metavar="FILE.zip", help="The pack that this one follows.")
    ] = None,
) -> None:
    """Draw the report of a run again, from its findings; as cost rows for FinOps tools; or as a pack of evidence.

    `focus` is one CSV row per route and model with the columns of FOCUS 1.0. It holds what a log knows, not a bill:
    accounts and invoices are `unknown` or empty, and what has no known cost has no row. `pdf` is a brief of two pages,
    or with --full all of the report, printed by the Chromium or Chrome of this machine. A pack holds findings, cases,
    recorded completions, tables, configuration, plan, prices and digests, redacted as the configuration asks.

    EXAMPLES
        audit report runs/7f3a9c1e -o report.html
        audit report runs/7f3a9c1e --text none               # no prompt and no completion in it
        audit report runs/7f3a9c1e --text none --redact tenant --format pdf -o vendor.pdf
        audit report runs/7f3a9c1e --format pdf --full -o appendix.pdf
        audit report runs/7f3a9c1e --format focus -o focus.csv
        audit report runs/7f3a9c1e --pack evidence.zip       # check it with:  audit verify evidence.zip
        audit report runs/7f3a9c1e --pack evidence.zip --sign key.pem --after last.zip
    """
    from audit.core.artifacts import RunFolder
    from audit.core.errors import InputError
    from audit.flow import reporting

    terminal = Terminal(ctx.obj)
    if full and format is not ReportFormat.PDF:
        raise InputError("--full is for --format pdf; the HTML report is always whole", code="usage")
    if pack is not None:
        from audit.cli.printing.pack import print_packed
        from audit.flow.evidence import packing

        if output is not None or format is not ReportFormat.HTML or redact is not None or full:
            raise InputError(
                "--pack writes one file of its own kind; leave --output, --format, --redact and --full out",
                code="usage",
            )

        print_packed(terminal, packing.pack(RunFolder(run), pack, text=text.value, key=sign, after=after))
        return
    if sign is not None or after is not None:
        raise InputError("--sign and --after are for packs: name one with --pack FILE.zip", code="usage")
    path = reporting.report(
        RunFolder(run),
        output=output,
        format=format.value,
        text=text.value,
        redact="tenant" if redact is Redact.TENANT else None,
        full=full,
    )
    if terminal.switches.json:
        terminal.document({"report": str(path)})
    else:
        terminal.lines([str(path)])
