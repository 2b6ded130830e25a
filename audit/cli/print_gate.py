"""The gate's outputs: text and JSON on stdout, Markdown there or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.cli.terminal import Terminal
from audit.core.errors import AuditError, UnknownName
from audit.core.finding import Findings
from audit.gate.decide import GateDecision, Inconclusive
from audit.gate.document import as_document
from audit.gate.markdown import markdown
from audit.gate.text import text_lines

FORMATS = ("text", "json", "markdown")

Output = tuple[str, Path | None]


def outputs_of(formats: Sequence[str], *, json: bool) -> list[Output]:
    """Read `--format` values; a file may follow `markdown:`, and `-` is stdout.

    Raises:
        UnknownName: A format that there is not.
        AuditError: Two of them would mix on stdout.
    """
    outputs: list[Output] = []
    for text in formats:
        name, colon, path = text.partition(":")
        if name not in FORMATS or (colon and not path):
            raise UnknownName.among("gate format", text, FORMATS)
        outputs.append((name, Path(path) if path and path != "-" else None))
    if json and ("json", None) not in outputs:
        outputs.append(("json", None))
    if not outputs:
        return [("text", None)]
    on_stdout = [name for name, path in outputs if path is None]
    if len(on_stdout) > 1:
        what = f"{' and '.join(on_stdout)} cannot both go to stdout"
        raise AuditError(what, code="gate.outputs", hint="give one a file:  --format markdown:summary.md")
    return outputs


def print_gate(
    terminal: Terminal,
    decision: GateDecision,
    findings: Findings,
    outputs: Sequence[Output],
    *,
    inconclusive: Inconclusive | None,
    name: str,
) -> None:
    """Write every output. Files are appended to, as a job summary wants it."""
    for kind, path in outputs:
        if kind == "json":
            terminal.document(as_document(decision, inconclusive=inconclusive))
            continue
        if kind == "text":
            lines = text_lines(decision, inconclusive=inconclusive, ascii=path is None and terminal.ascii)
        else:
            lines = markdown(decision, findings, name=name).rstrip("\n").split("\n")
        if path is None:
            terminal.lines(lines)
        else:
            with path.open("a", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
